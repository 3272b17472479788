//! The desk calls itself: proof of signalling, of sound in both directions and of keys in both forms.
//!
//! A desk of its own is opened on the loopback, with free ports and a folder that is thrown away; a telephone calls it. What
//! each side says is a tone pattern, and what the other side received, as its recording has it, is held against it.

use super::Finding;
use crate::console::Console;
use crate::demo::{LIKENESS_MIN, channels, likeness};
use crate::node::{Chance, Node};
use crate::settings::Settings;
use crate::softphone::{
    Destination, Item, KeyForm, LineOptions, PhonePlan, WhenCalled, Wire, WireFault, run as run_line,
};
use frontdesk_call_record::CallRecord;
use frontdesk_identifiers::Locale;
use frontdesk_sip_message::{Host, NameAddr, SipUri};
use frontdesk_sip_stack::Transport;
use frontdesk_speech::VoiceSettings;
use frontdesk_store::Store;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What each side says, as the index of the recorded prompts names it.
const DESK_SAYS: &str = "The desk speaks.";
const CALLER_SAYS: &str = "The caller speaks.";
/// While it speaks so long, the caller speaks too: the desk does not listen for words then.
const DESK_WAITS: &str = "The desk waits.";
const DESK_ASKS: &str = "The desk asks.";
const KEYS: &str = "5";
/// The longest that one call may last.
const CALL_MAX: Duration = Duration::from_secs(20);
/// A tone that changes every tenth of a second, so that no place of it is like another.
const STEPS: [f32; 15] = [
    523.0, 659.0, 440.0, 784.0, 587.0, 1_047.0, 698.0, 494.0, 880.0, 622.0, 740.0, 554.0, 932.0, 466.0, 831.0,
];
const RATE: u32 = 8_000;

const FLOW: &str = r#"format = 1
flow = "selftest"
start = "speak"
languages = ["en-US"]

[step.speak]
say = "The desk speaks."
next = "hear"

[step.hear]
say = "The desk waits."
next = "listen"

[step.listen]
ask = "The desk asks."
wait = "8s"
answer.key = { key = "5", phrases = ["five"], next = "over" }
failed = "over"

[step.over]
hang_up = "The desk asks."
"#;

/// Opens the desk, calls it twice, and says what came of it.
pub(super) async fn call() -> Vec<Finding> {
    let what = "self-call";
    let folder = std::env::temp_dir().join(format!("frontdesk-selfcall-{}", std::process::id()));
    let made = attempt(&folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    match made {
        Ok(findings) => findings,
        Err(why) => vec![Finding::fail(
            what,
            why,
            "the findings above say what is missing; if none does, this is a fault of frontdesk",
        )],
    }
}

/// What one call left behind.
struct Talked {
    /// How the telephone's side ended, as a phrase; none for a call that went well.
    trouble: Option<String>,
    /// The telephone's recording: left what it heard, right what it said.
    recording: PathBuf,
}

async fn attempt(folder: &Path) -> Result<Vec<Finding>, String> {
    let settings = stage(folder).map_err(|error| error.to_string())?;
    let node = Node::start(&settings, Console::silent(), |_| {}).await.map_err(|fault| fault.to_string())?;
    let desk = node.listening.first().map(|listen| listen.address).ok_or("the desk listens nowhere")?;
    let mut talks = Vec::new();
    for (name, keys) in [("events", KeyForm::Events), ("info", KeyForm::Info)] {
        let recording = folder.join(format!("{name}.wav"));
        let own = folder.to_owned();
        let talking = tokio::task::spawn_blocking(move || {
            let options = telephone(&own, desk, name, keys).map_err(|fault| fault.to_string())?;
            run_line(options, |_| {}).map_err(|fault| fault.to_string())
        });
        let trouble = match talking.await {
            Ok(Ok(Some(end))) if end.is_ordinary() => None,
            Ok(Ok(end)) => Some(format!("{end:?}")),
            Ok(Err(fault)) => Some(fault),
            Err(error) => Some(error.to_string()),
        };
        talks.push(Talked { trouble, recording });
    }
    let stopped = node.stop().await;
    let records = records(&settings.node.data).await.map_err(|fault| fault.to_string())?;
    stopped.map_err(|lost| lost.to_string())?;
    let mut findings = Vec::new();
    if let [by_events, by_info] = talks.as_slice() {
        findings.push(signalling(&talks, records.len()));
        findings.push(heard_by_caller(folder, by_events));
        findings.push(heard_by_desk(&settings, records.first()));
        findings.push(keys("keys by RFC 4733", by_events, records.first()));
        findings.push(keys("keys by SIP INFO", by_info, records.get(1)));
    }
    Ok(findings)
}

/// The folder of the desk: its settings, its flow, and both voices.
fn stage(folder: &Path) -> std::io::Result<Settings> {
    std::fs::create_dir_all(folder.join("prompts"))?;
    std::fs::write(folder.join("selftest.toml"), FLOW)?;
    let backwards: Vec<f32> = STEPS.iter().rev().copied().collect();
    let mut index = "[en-US]\n".to_owned();
    for (says, file, steps) in [
        (DESK_SAYS, "desk.wav", &STEPS[..]),
        (CALLER_SAYS, "caller.wav", &backwards),
        (DESK_WAITS, "waits.wav", &[350.0; 30]),
        (DESK_ASKS, "asks.wav", &[400.0; 3]),
    ] {
        index.push_str(&format!("\"{says}\" = \"{file}\"\n"));
        tone(&folder.join("prompts").join(file), steps)?;
    }
    std::fs::write(folder.join("prompts/prompts.toml"), index)?;
    let text = "[node]\ndata = \"data\"\n[sip]\nlisten = \"udp:127.0.0.1:0\"\n[rtp]\nports = 0\n[voice]\n\
                prompts = \"prompts\"\n[[peer]]\nname = \"doctor\"\naddresses = [\"127.0.0.1\"]\n[[number]]\n\
                number = \"100\"\nflow = \"./selftest.toml\"\nrecord = true\n";
    Settings::parse(&folder.join("frontdesk.toml"), text).map_err(|faults| {
        std::io::Error::other(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    })
}

/// Tones of a tenth of a second each.
fn tone(file: &Path, steps: &[f32]) -> std::io::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).map_err(std::io::Error::other)?;
    for step in steps {
        for sample in 0..RATE / 10 {
            let phase = std::f32::consts::TAU * step * sample as f32 / RATE as f32;
            writer.write_sample((phase.sin() * 8_000.0) as i16).map_err(std::io::Error::other)?;
        }
    }
    writer.finalize().map_err(std::io::Error::other)
}

fn telephone(folder: &Path, desk: SocketAddr, name: &str, keys: KeyForm) -> Result<LineOptions, WireFault> {
    let wire = Wire::open(&Destination {
        remote: desk,
        transport: Transport::Udp,
        name: None,
        authorities: None,
        identity: None,
        local_port: 0,
    })?;
    let mut chance = Chance::new(None);
    Ok(LineOptions {
        plan: PhonePlan {
            call: Some(SipUri::new(Some("100"), Host::Ip(desk.ip()), Some(desk.port())).into()),
            identity: NameAddr::new(SipUri::new(Some("doctor"), Host::Ip(desk.ip()), None)),
            credentials: None,
            register: None,
            when_called: WhenCalled::Busy,
            keys,
            flow: wire.flow(),
            record: Some(folder.join(format!("{name}.wav"))),
            locale: Locale::default(),
            longest: CALL_MAX,
        },
        script: vec![
            Item::Pause(Duration::from_millis(1_800)),
            Item::Say(CALLER_SAYS.to_owned()),
            Item::Pause(Duration::from_millis(1_700)),
            Item::Press(KEYS.to_owned()),
        ],
        polite: false,
        wire,
        voice: VoiceSettings {
            prompts_folder: Some(folder.join("prompts")),
            ..VoiceSettings::new(folder.join("caller-prompts"))
        },
        calls: Some(1),
        seed: chance.seed(),
    })
}

async fn records(data: &Path) -> Result<Vec<CallRecord>, frontdesk_store::StoreFault> {
    let store = Store::look(data)?;
    let mut records = Vec::new();
    for tenant in store.tenants()? {
        let tenant = store.tenant(&tenant).await?;
        for call in tenant.calls(10).await? {
            records.extend(tenant.record(call.call).await?);
        }
    }
    records.sort_by_key(|record| record.started_at);
    Ok(records)
}

fn signalling(talks: &[Talked], records: usize) -> Finding {
    let what = "self-call: signalling";
    match talks.iter().find_map(|talk| talk.trouble.clone()) {
        None if records == talks.len() => {
            Finding::ok(what, "two calls answered, ended and recorded in the store")
        }
        None => {
            Finding::fail(what, format!("{records} records of two calls"), "see the data folder and the disk")
        }
        Some(trouble) => {
            Finding::fail(what, trouble, "see the firewall of this machine: its loopback must be open")
        }
    }
}

const SOUND_ADVICE: &str =
    "see the firewall of this machine: UDP on the loopback must be open; then the load of its processors";

fn heard_by_caller(folder: &Path, talk: &Talked) -> Finding {
    let said = wave(&folder.join("prompts/desk.wav"));
    let heard = channels(&talk.recording).map(|(heard, _)| heard);
    judge("self-call: sound from the desk", heard.map_err(|fault| fault.to_string()), said)
}

fn heard_by_desk(settings: &Settings, record: Option<&CallRecord>) -> Finding {
    let what = "self-call: sound to the desk";
    let Some(record) = record else { return Finding::fail(what, "no record", SOUND_ADVICE) };
    let Some(recording) = record.recordings.first() else {
        return Finding::fail(what, "no recording", "see the data folder and the disk");
    };
    let folder = settings.node.data.join("tenants").join(record.tenant.as_str());
    // The desk records the caller on the left.
    let heard = channels(&folder.join(&recording.file)).map(|(caller, _)| caller);
    let prompts = settings.prompts.clone().unwrap_or_default();
    judge(what, heard.map_err(|fault| fault.to_string()), wave(&prompts.join("caller.wav")))
}

fn wave(file: &Path) -> Result<Vec<i16>, String> {
    let mut reader = hound::WavReader::open(file).map_err(|error| error.to_string())?;
    reader.samples::<i16>().collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn judge(what: &str, heard: Result<Vec<i16>, String>, said: Result<Vec<i16>, String>) -> Finding {
    let (heard, said) = match (heard, said) {
        (Ok(heard), Ok(said)) => (heard, said),
        (Err(why), _) | (_, Err(why)) => return Finding::fail(what, why, SOUND_ADVICE),
    };
    let alike = likeness(&heard, &said);
    let found = format!("the tone that came is the one that was sent (likeness {alike:.2})");
    if alike >= LIKENESS_MIN {
        return Finding::ok(what, found);
    }
    Finding::fail(what, format!("the tone did not come as it was sent (likeness {alike:.2})"), SOUND_ADVICE)
}

fn keys(what: &str, talk: &Talked, record: Option<&CallRecord>) -> Finding {
    let what = format!("self-call: {what}");
    let pressed: String = record
        .map(|record| record.transcript.iter().filter_map(|line| line.key).collect())
        .unwrap_or_default();
    if pressed == KEYS && talk.trouble.is_none() {
        return Finding::ok(what, format!("the desk heard the key {KEYS}, once"));
    }
    Finding::fail(what, format!("`{KEYS}` was pressed, and the desk heard `{pressed}`"), SOUND_ADVICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_desk_that_works_proves_it_by_calling_itself() {
        let findings = call().await;
        let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings.len(), 5, "{told:#?}");
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Ok), "{told:#?}");
    }

    #[test]
    fn another_tone_is_not_taken_for_the_one_that_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one.wav"), folder.path().join("other.wav"));
        tone(&one, &STEPS).unwrap();
        tone(&other, &STEPS.iter().rev().copied().collect::<Vec<_>>()).unwrap();
        assert_eq!(judge("x", wave(&one), wave(&one)).verdict, Verdict::Ok);
        assert_eq!(judge("x", wave(&other), wave(&one)).verdict, Verdict::Fail);
        assert_eq!(judge("x", Ok(vec![0; 16_000]), wave(&one)).verdict, Verdict::Fail);
    }
}
