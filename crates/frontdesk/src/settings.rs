//! The settings: one TOML file, read whole, every fault told at once with its line.
//!
//! Every value has a default, so that an empty file is a desk: one tenant, no phones. A key that nobody knows
//! is a fault and not a comment. Relative paths are relative to the file's own folder. With a single tenant,
//! `tenant` may be left out everywhere.

mod countries;
mod digests;
mod directory;
mod entries;
mod fault;
mod listen;
mod nearest;
mod profiles;
mod section;
mod sip;
mod tls;
mod trunk_words;
mod trunks;
mod warnings;

pub use entries::{NumberSettings, PeerSettings, PhoneSettings};
pub use fault::{Problem, SettingsFault};
pub use profiles::{READY_PROFILES, ReadyProfile};
pub use sip::{External, SipListenSettings};
pub use tls::TlsSettings;
pub use trunks::TrunkSettings;

use fault::Faults;
use frontdesk_directory::{DirectoryFault, Tenant};
use frontdesk_identifiers::{FlowId, NodeId};
use frontdesk_sip_stack::Account;
use section::Section;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The most that is read as settings; a larger file is a mistake.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The tenant that there is when none is listed.
const ONLY_TENANT: &str = "main";

/// Everything that an operator may set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file that it was read from.
    pub file: PathBuf,
    /// `[node]`
    pub node: NodeSettings,
    /// `[sip]`
    pub sip: SipListenSettings,
    /// `[tls]`
    pub tls: TlsSettings,
    /// `[rtp]`
    pub rtp: RtpSettings,
    /// `[voice] prompts`: a folder of recorded prompts, which win over synthesis.
    pub prompts: Option<PathBuf>,
    /// `[sound] hold_music`: WAV files, played one after the other to whoever is held.
    pub hold_music: Vec<PathBuf>,
    /// `[recording] encrypted`: recordings are encrypted at rest, with a key for each tenant.
    pub recordings_encrypted: bool,
    /// `[ears] model`: a model file to hear with; none takes the best one in the data folder, or the shipped one.
    pub model: Option<PathBuf>,
    /// `[flows] folder`: where a flow of this name is looked for, as `<folder>/<name>.toml`.
    pub flows_folder: PathBuf,
    /// The flows that numbers name, and where each stands.
    pub flows: BTreeMap<FlowId, FlowFile>,
    /// `[[tenant]]`, at least one.
    pub tenants: Vec<Tenant>,
    /// `[[phone]]`
    pub phones: Vec<PhoneSettings>,
    /// `[[peer]]`
    pub peers: Vec<PeerSettings>,
    /// `[[trunk]]`
    pub trunks: Vec<TrunkSettings>,
    /// `[identity] certificates`: a folder with the certificates by which signed caller numbers are judged.
    pub identity_store: Option<PathBuf>,
    /// `[dns] servers`: whom to ask where trunks are; none asks the machine's own.
    pub name_servers: Vec<SocketAddr>,
    /// `[clock] server`: an SNTP server against which the doctor measures the clock.
    pub time_server: Option<String>,
    /// `[[number]]`
    pub numbers: Vec<NumberSettings>,
    tenant_lines: Vec<usize>,
}

/// `[node]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSettings {
    /// This desk among several.
    pub name: NodeId,
    /// Where everything is kept.
    pub data: PathBuf,
    /// All chance of this node, for tests that replay it; none draws it from the system.
    pub seed: Option<u64>,
}

/// `[rtp]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RtpSettings {
    /// The UDP ports for sound; `0..=0` takes any free ones.
    pub ports: RangeInclusive<u16>,
    /// One port for all calls instead, and the one above it for reports.
    pub one_port: Option<u16>,
    /// The address that sound is told to come to; none takes the one that the call came in on.
    pub address: Option<IpAddr>,
}

/// Where a flow stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFile {
    /// Its file.
    pub path: PathBuf,
    /// Whether the settings name the file itself rather than the flow. A flow that is only named may be one
    /// that the desk brings along.
    pub named_by_path: bool,
    /// The first line of the settings that names it.
    pub line: usize,
}

impl Settings {
    /// Reads the settings file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn read(file: &Path) -> Result<Settings, Vec<SettingsFault>> {
        let unreadable = |source: std::io::Error| {
            vec![SettingsFault { file: file.to_owned(), line: None, problem: Problem::Unreadable { source } }]
        };
        let length = std::fs::metadata(file).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            return Err(unreadable(std::io::Error::other("it is larger than 4 MiB")));
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Settings::parse(file, &text)
    }

    /// Reads settings from text; `file` says where relative paths start and what faults name.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(file: &Path, text: &str) -> Result<Settings, Vec<SettingsFault>> {
        let faults = Faults::new(file, text);
        let (document, syntax) = DeTable::parse_recoverable(text);
        for error in &syntax {
            let line = error.span().map(|span| faults.line(span.start));
            faults.push(line, Problem::Syntax { message: error.message().to_owned() });
        }
        if !syntax.is_empty() {
            // What could not be read would look like what is not there.
            return Err(faults.into_sorted());
        }
        let settings = read_document(document.get_ref(), file, &faults);
        if let Err(mut wrong) = settings.directory(|_| Some(NO_SECRET)) {
            // A tenant that could not be read would be missing in each of its entries.
            if !faults.is_empty() {
                wrong.retain(|fault| {
                    !matches!(fault.problem, Problem::Directory(DirectoryFault::UnknownTenant { .. }))
                });
            }
            faults.extend(wrong);
        }
        faults.into_result(settings)
    }

    /// The defaults, as an empty file gives them.
    pub fn empty() -> Settings {
        // An empty text has nothing in it that could be wrong; the test `an_empty_file_is_a_desk` holds it.
        let faults = Faults::new(Path::new(""), "");
        read_document(&DeTable::new(), Path::new(""), &faults)
    }
}

/// Stands for a secret while only the names are checked.
const NO_SECRET: Account = Account { ha1_md5: [0; 16], ha1_sha256: [0; 32] };

fn read_document(document: &DeTable<'_>, file: &Path, faults: &Faults<'_>) -> Settings {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut root = Section::new("", document, 1, faults);
    let node = read_node(root.table("node"), folder);
    let sip = sip::read(root.table("sip"));
    let tls = tls::read(root.table("tls"), folder, &sip.listen, faults);
    let rtp = read_rtp(root.table("rtp"));
    let mut voice = root.table("voice");
    let prompts = voice.path("prompts", folder);
    voice.finish();
    let mut sound = root.table("sound");
    let listed = sound.texts("hold_music").unwrap_or_default();
    let hold_music = listed.iter().map(|text| folder.join(text.value)).collect();
    sound.finish();
    let mut recording = root.table("recording");
    let recordings_encrypted = recording.flag("encrypted").unwrap_or(false);
    recording.finish();
    let mut ears = root.table("ears");
    let model = ears.path("model", folder);
    ears.finish();
    let mut flows = root.table("flows");
    let flows_folder = flows.path("folder", folder).unwrap_or_else(|| folder.join("flows"));
    flows.finish();
    let mut identity = root.table("identity");
    let identity_store = identity.path("certificates", folder);
    identity.finish();
    let name_servers = sip::read_name_servers(root.table("dns"));
    let time_server = sip::read_time_server(root.table("clock"));
    let (tenants, tenant_lines, plans) = entries::read_tenants(root.tables("tenant"));
    let phones = entries::read_phones(root.tables("phone"), &tenants, folder);
    let peers = entries::read_peers(root.tables("peer"), &tenants);
    let trunks = trunks::read_trunks(root.tables("trunk"), &tenants, &plans, folder);
    let mut known_flows = entries::FlowFiles::new(folder, &flows_folder);
    let numbers = entries::read_numbers(root.tables("number"), &tenants, &mut known_flows);
    root.finish();
    Settings {
        file: file.to_owned(),
        node,
        sip,
        tls,
        rtp,
        prompts,
        hold_music,
        recordings_encrypted,
        model,
        flows_folder,
        flows: known_flows.files,
        tenants,
        phones,
        peers,
        trunks,
        identity_store,
        name_servers,
        time_server,
        numbers,
        tenant_lines,
    }
}

fn read_node(mut node: Section<'_, '_>, folder: &Path) -> NodeSettings {
    let settings = NodeSettings {
        name: node.name("name", NodeId::new).unwrap_or_else(default_node),
        data: node.path("data", folder).unwrap_or_else(|| folder.join("data")),
        seed: node.integer("seed", "a whole number of 0 or more"),
    };
    node.finish();
    settings
}

fn default_node() -> NodeId {
    NodeId::new("frontdesk").expect("`frontdesk` is a node name")
}

fn read_rtp(mut rtp: Section<'_, '_>) -> RtpSettings {
    const ONE_PORT: &str =
        "one even port from 2 to 65534 for all calls, instead of `ports`; the one above it is for reports";
    let ports = rtp.ports("ports");
    let one_port: Option<u16> = rtp.bounded("one_port", ONE_PORT, 2, 65_534);
    if let Some(port) = one_port
        && (port % 2 == 1 || ports.is_some())
    {
        rtp.bad("one_port", &port.to_string(), ONE_PORT);
    }
    let ports = ports.unwrap_or(20_000..=20_999);
    let address = rtp.text("address").and_then(|text| match text.value.parse::<IpAddr>() {
        Ok(address) if !address.is_unspecified() => Some(address),
        _ => {
            rtp.bad("address", text.value, "an IP address of this machine, such as 192.0.2.1 or 2001:db8::1");
            None
        }
    });
    rtp.finish();
    RtpSettings { ports, one_port, address }
}

/// What a value is, as people call it.
fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests;
