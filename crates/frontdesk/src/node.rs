//! One desk: start, supervise, read its settings anew, stop.

mod reload;

pub use reload::Reloaded;

use crate::accounts::{Accounts, AccountsFault, NewPassword};
use crate::console::Console;
use crate::flows::{Flows, phrases, read_flows};
use crate::locating::Locating;
use crate::mailbox::{Mailbox, mailbox};
use crate::outside;
use crate::settings::{Settings, SettingsFault};
use crate::signed_callers::{self, SignedCallersFault};
use crate::sockets::{listens_on_tcp, transport_settings};
use crate::sound::Sound;
use crate::wiring::{Letter, Wiring, deliver};
use frontdesk_call_flow::Fault;
use frontdesk_caller_identity::Verifier;
use frontdesk_identifiers::WallTime;
use frontdesk_media_engine::{
    EngineFault, EngineSettings, MediaEngine, Recovery, Scheduling, recover_recordings,
};
use frontdesk_sip_stack::{Account, PeerRule, SipSettings};
use frontdesk_sip_transport::{ListenAddress, TransportFault, Transports};
use frontdesk_speech::{
    Ears, ModelFault, Rendered, VoiceFault, VoiceSettings, Voices, WhisperEngine, models,
};
use frontdesk_store::{FactsLost, Store, StoreFault, Writer};
use frontdesk_switchboard::{Limits, Origination, OriginationNews, Rules, Switchboard};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// Why there is no desk. Each says whose it is to mend, and how.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeFault {
    /// The settings are wrong.
    #[error("{}", lines(.0))]
    Settings(Vec<SettingsFault>),
    /// A flow is wrong.
    #[error("{}", lines(.0))]
    Flows(Vec<Fault>),
    /// The certificates of signed callers cannot be used.
    #[error(transparent)]
    SignedCallers(#[from] SignedCallersFault),
    /// The phones' accounts cannot be used.
    #[error(transparent)]
    Accounts(#[from] AccountsFault),
    /// The data folder cannot be used.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// A port cannot be had.
    #[error(transparent)]
    Transport(#[from] TransportFault),
    /// The media engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineFault),
    /// The music for whoever is held cannot be used.
    #[error(transparent)]
    Music(#[from] crate::music::MusicFault),
    /// There is no voice.
    #[error(transparent)]
    Voice(#[from] VoiceFault),
    /// A prompt cannot be said.
    #[error("a prompt cannot be said: {0}")]
    Prompt(VoiceFault),
    /// The model that the settings name cannot be used.
    #[error(transparent)]
    Model(#[from] ModelFault),
    /// The system refused a thread, a handle or chance.
    #[error("the system refused what a desk needs: {0}")]
    System(#[from] std::io::Error),
}

fn lines<T: std::fmt::Display>(faults: &[T]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A desk that is open.
pub struct Node {
    /// Where calls come in, with the ports that were really taken.
    pub listening: Vec<ListenAddress>,
    /// Which ears serve, as a phrase for people.
    pub ears: String,
    /// Passwords that were made at this start. They are kept nowhere: whoever started the desk prints them.
    pub new_passwords: Vec<NewPassword>,
    /// What it works by now.
    settings: Settings,
    /// This side's address as a STUN server sees it.
    outside: Option<IpAddr>,
    transports: Arc<Transports>,
    chance: Chance,
    mailbox: Mailbox<Letter>,
    thread: JoinHandle<()>,
    writer: Writer,
    store: Store,
}

/// Stands for a secret while only the names are checked.
const NO_SECRET: Account = Account { ha1_md5: [0; 16], ha1_sha256: [0; 32] };
/// How long the last facts may take to reach the disk.
const FLUSH_WAIT: Duration = Duration::from_secs(10);
/// How long a prompt may take to be rendered at the start.
const PROMPT_WAIT: Duration = Duration::from_secs(30);
/// How long no sound may come before the call is given up: a little longer than a caller may take for its ACK (64·T1, RFC
/// 3261 §13.3.1.4), so that one who never sends it is told as that.
const NO_MEDIA_AFTER: Duration = Duration::from_secs(35);

impl Node {
    /// Opens the desk. `progress` is told what is being done.
    ///
    /// # Errors
    /// Whatever keeps it from opening; nothing is left running then.
    pub async fn start(
        settings: &Settings,
        console: Console,
        progress: impl Fn(&str),
    ) -> Result<Node, NodeFault> {
        let settings = &settings.with_passwords().map_err(NodeFault::Settings)?;
        let epoch = Instant::now();
        let started = wall_time();
        let mut chance = Chance::new(settings.node.seed);
        let store = Store::open(&settings.node.data)?;
        // Only who exists matters for the flows; the secrets come when nothing else can fail any more.
        let listed = settings.directory(|_| Some(NO_SECRET)).map_err(NodeFault::Settings)?;
        let flows = read_flows(settings, &listed).map_err(NodeFault::Flows)?;
        let verifier = signed_callers::verifier(settings)?;
        repair(settings, &store, started, &progress).await?;

        let (mailbox, letters) = mailbox()?;
        let music = crate::music::read(&settings.hold_music)?;
        let (voices, rendered) = start_voices(settings)?;
        render(settings, &flows, &voices, &rendered, &progress)?;
        forward(rendered, mailbox.clone())?;
        let (ears, ears_name) = start_ears(settings, epoch, &mailbox)?;
        let engine = start_engine(settings, epoch, &mailbox, chance.seed(), &progress)?;
        let outside = outside::learn(settings).await.unwrap_or_else(|fault| {
            // Calls inside go on without it, and outside better than no desk at all.
            progress(&format!("the address outside is not known: {fault}"));
            None
        });
        // Whoever calls before the rules are there is not heard, and calls again half a second later.
        let (transports, datagrams) =
            Transports::start_apart(&transport_settings(settings), deliver(&mailbox)).await?;
        let transports = Arc::new(transports);
        let listening = transports.listening().to_vec();
        let locating = Locating::start(settings, transports.clone(), mailbox.clone());
        // Passwords are made last: a start that fails must not lose the only time that they are shown.
        let (accounts, new_passwords) = accounts(settings, &mut chance)?;
        let rules = rules(settings, &accounts, flows, verifier, outside)?;
        mailbox.post_waiting(Letter::Rules(Arc::new(rules)));
        let writer = Writer::start(store.clone());
        let wiring = Wiring {
            switchboard: Switchboard::new(chance.seed(), started),
            sound: Sound::new(engine, voices, music),
            ears,
            transports: transports.clone(),
            datagrams,
            locating,
            facts: writer.sender(),
            console,
            epoch,
        };
        let thread =
            std::thread::Builder::new().name("switchboard".to_owned()).spawn(move || wiring.run(&letters))?;
        let (settings, ears) = (settings.clone(), ears_name);
        Ok(Node {
            listening,
            ears,
            new_passwords,
            settings,
            outside,
            transports,
            chance,
            mailbox,
            thread,
            writer,
            store,
        })
    }

    /// Whether the switchboard's thread is gone without having been asked to go.
    pub fn is_broken(&self) -> bool {
        self.thread.is_finished()
    }

    /// Places a call from inside: the first party is rung, and put through when it answers. What becomes of it is told to
    /// the receiver, the end last; the id of `wanted` is given anew.
    pub fn originate(&self, wanted: Origination) -> Receiver<OriginationNews> {
        let (news, told) = sync_channel(ORIGINATION_NEWS_MAX);
        self.mailbox.post_waiting(Letter::Originate { wanted: Box::new(wanted), news });
        told
    }

    /// Ends every call, and closes once the last fact is on the disk.
    ///
    /// # Errors
    /// Facts that the disk did not take.
    pub async fn stop(self) -> Result<(), FactsLost> {
        self.mailbox.post_waiting(Letter::Stop);
        let thread = self.thread;
        // A thread that panicked has said so; the records are closed at the next start.
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        let kept = self.writer.stop(FLUSH_WAIT).await;
        self.store.close().await;
        kept
    }
}

fn start_engine(
    settings: &Settings,
    epoch: Instant,
    mailbox: &Mailbox<Letter>,
    seed: [u8; 32],
    progress: &impl Fn(&str),
) -> Result<MediaEngine, NodeFault> {
    let engine = MediaEngine::start(EngineSettings {
        ports: settings.rtp.ports.clone(),
        one_port: settings.rtp.one_port,
        realtime: true,
        no_media_after: NO_MEDIA_AFTER,
        wake: Some(mailbox.bell()?),
        epoch,
        seed,
    })?;
    if engine.scheduling() == Scheduling::Refused {
        progress("sound has no real-time priority here (grant CAP_SYS_NICE or rtprio to have it)");
    }
    Ok(engine)
}

/// The phones' accounts, and the passwords that had to be made.
fn accounts(settings: &Settings, chance: &mut Chance) -> Result<(Accounts, Vec<NewPassword>), NodeFault> {
    let mut accounts = Accounts::load(&settings.node.data, &settings.sip.realm)?;
    let new = accounts.provide(&settings.phones, &mut |bytes| chance.fill(bytes))?;
    Ok((accounts, new))
}

/// What the switchboard works by.
fn rules(
    settings: &Settings,
    accounts: &Accounts,
    flows: Flows,
    verifier: Option<Verifier>,
    outside: Option<IpAddr>,
) -> Result<Rules, NodeFault> {
    let directory = settings.directory(|name| accounts.secret(name)).map_err(NodeFault::Settings)?;
    Ok(Rules {
        sip: Arc::new(sip_settings(settings, accounts, outside)),
        directory: Arc::new(directory),
        flows,
        sound_address: settings.rtp.address,
        verifier: verifier.map(Arc::new),
        limits: Limits::default(),
        data: settings.node.data.clone(),
        seal_recordings: settings.recordings_encrypted,
        hold_music: !settings.hold_music.is_empty(),
    })
}

/// The rules of the stack; `learnt` is this side's address as a STUN server sees it.
fn sip_settings(settings: &Settings, accounts: &Accounts, learnt: Option<IpAddr>) -> SipSettings {
    let secret =
        |name: &str| -> Option<(String, Account)> { Some((name.to_owned(), accounts.secret(name)?)) };
    SipSettings {
        realm: settings.sip.realm.clone(),
        product: settings.sip.product.clone(),
        digests: settings.sip.digests.clone(),
        stream_for_long_requests: listens_on_tcp(settings),
        external: settings.sip.external_address(learnt),
        session_timer: settings.sip.session_timer,
        failed_digests_max: settings.sip.failed_digests_max,
        lockout: settings.sip.lockout,
        accounts: settings.phones.iter().filter_map(|phone| secret(phone.number.as_str())).collect(),
        peers: settings
            .peers
            .iter()
            .map(|peer| PeerRule {
                name: peer.name.clone(),
                addresses: peer.addresses.clone(),
                certificate_names: peer.certificate_names.clone(),
                ..PeerRule::default()
            })
            .collect(),
        ..SipSettings::default()
    }
}

/// What a killed desk left behind: open records are closed, and recordings made whole.
async fn repair(
    settings: &Settings,
    store: &Store,
    now: WallTime,
    progress: &impl Fn(&str),
) -> Result<(), NodeFault> {
    for (tenant, call) in store.close_interrupted(now).await? {
        progress(&format!("call {call} of tenant {tenant} was interrupted: its record is closed"));
    }
    prepare_tenants(settings, store).await?;
    for tenant in &settings.tenants {
        let folder = recordings_folder(&settings.node.data, tenant.id.as_str());
        for recovered in recover_recordings(&folder)? {
            progress(&format!(
                "recording {} {}",
                recovered.path.display(),
                recovery_phrase(&recovered.outcome)
            ));
        }
    }
    Ok(())
}

/// What every tenant needs before its first call.
async fn prepare_tenants(settings: &Settings, store: &Store) -> Result<(), NodeFault> {
    for tenant in &settings.tenants {
        // Its file is made now: a damaged one is said at the start, and nobody who looks meets one half made.
        store.tenant(&tenant.id).await?;
        std::fs::create_dir_all(recordings_folder(&settings.node.data, tenant.id.as_str()))?;
    }
    Ok(())
}

fn recovery_phrase(recovery: &Recovery) -> String {
    match recovery {
        Recovery::Published { samples } => {
            format!("was interrupted: its {:.1} s are playable", *samples as f64 / 8_000.0)
        }
        Recovery::Empty => "was interrupted before its first sound: it is removed".to_owned(),
        Recovery::Foreign => "is none of this desk's: it is left alone".to_owned(),
        Recovery::Failed(error) => format!("was interrupted and cannot be repaired: {error}"),
        _ => "was interrupted".to_owned(),
    }
}

/// Where a tenant's recordings stand.
pub fn recordings_folder(data: &Path, tenant: &str) -> PathBuf {
    data.join("tenants").join(tenant).join("recordings")
}

/// What can be said of one call from inside: it begins, is answered, ends.
const ORIGINATION_NEWS_MAX: usize = 8;

type RenderedRing = Receiver<Rendered>;
/// Prompts that are rendered and not taken yet; the voice waits when it is full.
const RENDERED_CAPACITY: usize = 64;

fn start_voices(settings: &Settings) -> Result<(Voices, RenderedRing), NodeFault> {
    let (done, rendered) = sync_channel(RENDERED_CAPACITY);
    let voice = VoiceSettings {
        prompts_folder: settings.prompts.clone(),
        ..VoiceSettings::new(settings.node.data.join("prompt-cache"))
    };
    let voices = Voices::start(voice, move |prompt| {
        let _ = done.send(prompt);
    })?;
    Ok((voices, rendered))
}

/// Renders what the flows say, so that no caller waits for it.
fn render(
    settings: &Settings,
    flows: &Flows,
    voices: &Voices,
    rendered: &RenderedRing,
    progress: &impl Fn(&str),
) -> Result<(), NodeFault> {
    let phrases = phrases(settings, flows);
    let total = phrases.len();
    for (number, (text, locale)) in phrases.into_iter().enumerate() {
        if voices.cached(&text, &locale).is_some() {
            continue;
        }
        progress(&format!("rendering prompt {} of {total}", number + 1));
        voices.render(text, locale);
        match rendered.recv_timeout(PROMPT_WAIT) {
            Ok(done) => {
                done.result.map_err(NodeFault::Prompt)?;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "the voice does not answer");
                return Err(NodeFault::System(error));
            }
        }
    }
    Ok(())
}

/// From now on what is rendered goes to the switchboard's thread.
fn forward(rendered: RenderedRing, mailbox: Mailbox<Letter>) -> std::io::Result<()> {
    std::thread::Builder::new().name("rendered".to_owned()).spawn(move || {
        for prompt in rendered {
            post(&mailbox, Letter::Rendered(prompt));
        }
    })?;
    Ok(())
}

/// The ears that serve, and their name for people. A model that the settings name must work.
fn start_ears(
    settings: &Settings,
    epoch: Instant,
    mailbox: &Mailbox<Letter>,
) -> Result<(Ears, String), NodeFault> {
    let model = models::find(&settings.node.data, settings.model.as_deref())?;
    let engine = WhisperEngine::load(&model)?;
    let speech = mailbox.clone();
    let ears = Ears::start(Box::new(engine), epoch, move |event| post(&speech, Letter::Speech(event)))?;
    Ok((ears, model.name))
}

/// Workers must not wait for the switchboard's thread, which may be waiting for them: a letter that finds no room among
/// a thousand others is lost, and the flow's own time-outs carry the call on.
fn post(mailbox: &Mailbox<Letter>, letter: Letter) {
    if mailbox.post(letter).is_err() {
        tracing::error!("the switchboard does not keep up: what was heard or rendered is lost");
    }
}

/// Civil time now.
pub fn wall_time() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    WallTime::from_unix_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// Where a node's chance comes from: the system, or the seed that replays it.
pub struct Chance(rand_chacha::ChaCha20Rng);

impl Chance {
    /// Chance from this seed, or from the system.
    pub fn new(seed: Option<u64>) -> Chance {
        use rand_chacha::rand_core::SeedableRng;
        let mut bytes = [0; 32];
        match seed {
            Some(seed) => {
                for (place, byte) in bytes.iter_mut().zip(seed.to_le_bytes()) {
                    *place = byte;
                }
            }
            // A system without chance cannot keep a nonce secret: better no desk than a guessable one.
            None => getrandom::fill(&mut bytes).expect("the system's source of chance works"),
        }
        Chance(rand_chacha::ChaCha20Rng::from_seed(bytes))
    }

    /// A seed for one part of the node.
    pub fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.fill(&mut seed);
        seed
    }

    /// Fills with chance.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        use rand_chacha::rand_core::Rng;
        self.0.fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests;
