//! The lists of the file: tenants, phones, peers and numbers. Trunks have a file of their own.

use super::fault::Problem;
use super::section::Section;
use super::trunks::{self, Plans};
use super::{FlowFile, ONLY_TENANT};
use frontdesk_directory::{Encryption, SoundCodec, Tenant};
use frontdesk_identifiers::{FlowId, Locale, TelephoneNumber, TenantId};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// `[[phone]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneSettings {
    /// Whose it is.
    pub tenant: TenantId,
    /// Under which number it is called, and with which name it registers.
    pub number: TelephoneNumber,
    /// Its name for people.
    pub name: String,
    /// Its own number in the telephone network.
    pub direct: Option<TelephoneNumber>,
    /// A file that holds its password, for set-ups that are thrown away; without it the desk makes one.
    pub password_file: Option<PathBuf>,
    /// Whether its sound is encrypted.
    pub srtp: Encryption,
    /// What its sound may be coded in, the dearest first; none: as most have it.
    pub codecs: Option<Vec<SoundCodec>>,
    /// Where it stands in the settings.
    pub line: usize,
}

/// `[[peer]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSettings {
    /// Whose calls it brings.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// From where it sends; may be empty where it is known by its certificate.
    pub addresses: Vec<IpAddr>,
    /// Names of which its certificate must prove one.
    pub certificate_names: Vec<String>,
    /// Whether its sound is encrypted.
    pub srtp: Encryption,
    /// What its sound may be coded in, the dearest first; none: as most have it.
    pub codecs: Option<Vec<SoundCodec>>,
    /// Where it stands in the settings.
    pub line: usize,
}

/// `[[number]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberSettings {
    /// Whose it is.
    pub tenant: TenantId,
    /// What is dialled.
    pub number: TelephoneNumber,
    /// The flow that answers.
    pub flow: FlowId,
    /// Whether its calls are recorded.
    pub record: bool,
    /// Where it stands in the settings.
    pub line: usize,
}

pub(super) fn read_tenants(sections: Vec<Section<'_, '_>>) -> (Vec<Tenant>, Vec<usize>, Plans) {
    let only = sections.len() == 1;
    let (mut tenants, mut lines, mut plans) = (Vec::new(), Vec::new(), Plans::new());
    for mut section in sections {
        let id = section.name("id", TenantId::new).or_else(|| only_tenant(&mut section, only));
        let name = section.text("name").map(|name| name.value.to_owned());
        let locale = section.name("locale", Locale::new).unwrap_or_default();
        let words = section.words("words");
        let country = section.text("country").map(|country| country.value.to_ascii_lowercase().into());
        let plan = trunks::read_plan(&mut section);
        let line = section.line();
        section.finish();
        if let Some(id) = id {
            plans.insert(id.clone(), plan);
            let name = name.unwrap_or_else(|| id.to_string());
            tenants.push(Tenant { country, ..tenant(id, name, locale, words) });
            lines.push(line);
        }
    }
    if tenants.is_empty() {
        tenants.extend(
            TenantId::new(ONLY_TENANT)
                .map(|id| tenant(id, "frontdesk".to_owned(), Locale::default(), BTreeMap::new())),
        );
        lines.push(1);
        plans.extend(tenants.first().map(|only: &Tenant| (only.id.clone(), super::countries::nowhere())));
    }
    (tenants, lines, plans)
}

/// A single tenant needs no name of its own; several do.
fn only_tenant(section: &mut Section<'_, '_>, only: bool) -> Option<TenantId> {
    if only {
        return TenantId::new(ONLY_TENANT).ok();
    }
    section.need("id");
    None
}

fn tenant(id: TenantId, name: String, locale: Locale, mut words: BTreeMap<String, String>) -> Tenant {
    words.entry("company.name".to_owned()).or_insert_with(|| name.clone());
    Tenant { id, name, locale, country: None, words }
}

/// Whose entry it is: as it says, or the only tenant's.
pub(super) fn whose(section: &mut Section<'_, '_>, tenants: &[Tenant]) -> Option<TenantId> {
    let named = section.text("tenant");
    match (named, tenants) {
        (Some(named), _) => match TenantId::new(named.value) {
            Ok(tenant) => Some(tenant),
            Err(fault) => {
                section.push_at(named.line, Problem::BadName { key: "tenant".to_owned(), fault });
                None
            }
        },
        (None, [only]) => Some(only.id.clone()),
        (None, _) => {
            section.push_at(section.line(), Problem::WhoseEntry { place: section.place() });
            None
        }
    }
}

pub(super) fn read_phones(
    sections: Vec<Section<'_, '_>>,
    tenants: &[Tenant],
    folder: &Path,
) -> Vec<PhoneSettings> {
    let mut phones = Vec::new();
    for mut section in sections {
        let tenant = whose(&mut section, tenants);
        let number = section.needed_name("number", TelephoneNumber::new);
        let name = section.text("name").map(|name| name.value.to_owned());
        let direct = section.name("direct", TelephoneNumber::new);
        let password_file = section.path("password_file", folder);
        let srtp = super::trunk_words::encryption(&mut section).unwrap_or_default();
        let codecs = super::trunk_words::codecs(&mut section);
        let line = section.line();
        section.finish();
        if let (Some(tenant), Some(number)) = (tenant, number) {
            let name = name.unwrap_or_else(|| number.to_string());
            phones.push(PhoneSettings { tenant, number, name, direct, password_file, srtp, codecs, line });
        }
    }
    phones
}

pub(super) fn read_peers(sections: Vec<Section<'_, '_>>, tenants: &[Tenant]) -> Vec<PeerSettings> {
    let mut peers = Vec::new();
    for mut section in sections {
        let tenant = whose(&mut section, tenants);
        let name = section.text("name").map(|name| name.value.to_owned());
        section.need("name");
        let certificate_names = super::trunk_words::names(&mut section, "certificate_names");
        let addresses = super::trunk_words::addresses(&mut section);
        let srtp = super::trunk_words::encryption(&mut section).unwrap_or_default();
        let codecs = super::trunk_words::codecs(&mut section);
        if certificate_names.is_none() {
            section.need("addresses");
        }
        let line = section.line();
        section.finish();
        let is_known = addresses.is_some() || certificate_names.is_some();
        if let (Some(tenant), Some(name), true) = (tenant, name, is_known) {
            let (addresses, certificate_names) =
                (addresses.unwrap_or_default(), certificate_names.unwrap_or_default());
            peers.push(PeerSettings { tenant, name, addresses, certificate_names, srtp, codecs, line });
        }
    }
    peers
}

pub(super) fn read_numbers(
    sections: Vec<Section<'_, '_>>,
    tenants: &[Tenant],
    flows: &mut FlowFiles,
) -> Vec<NumberSettings> {
    let mut numbers = Vec::new();
    for mut section in sections {
        let tenant = whose(&mut section, tenants);
        let number = section.needed_name("number", TelephoneNumber::new);
        let flow = flows.read(&mut section);
        let record = section.flag("record").unwrap_or(false);
        let line = section.line();
        section.finish();
        if let (Some(tenant), Some(number), Some(flow)) = (tenant, number, flow) {
            numbers.push(NumberSettings { tenant, number, flow, record, line });
        }
    }
    numbers
}

/// Every flow that a number names, and where it stands.
pub(super) struct FlowFiles {
    settings_folder: PathBuf,
    flows_folder: PathBuf,
    pub(super) files: BTreeMap<FlowId, FlowFile>,
}

impl FlowFiles {
    pub(super) fn new(settings_folder: &Path, flows_folder: &Path) -> Self {
        let (settings_folder, flows_folder) = (settings_folder.to_owned(), flows_folder.to_owned());
        FlowFiles { settings_folder, flows_folder, files: BTreeMap::new() }
    }

    /// `flow = "reception"` is `<flows>/reception.toml`; `flow = "else/where.toml"` is the flow `where`.
    fn read(&mut self, section: &mut Section<'_, '_>) -> Option<FlowId> {
        let text = section.text("flow");
        section.need("flow");
        let text = text?;
        let named_by_path = text.value.contains('/') || text.value.ends_with(".toml");
        let stem = Path::new(text.value).file_stem().and_then(|stem| stem.to_str());
        let name = if named_by_path { stem.unwrap_or_default() } else { text.value };
        let flow = match FlowId::new(name) {
            Ok(flow) => flow,
            Err(fault) => {
                section.push_at(text.line, Problem::BadName { key: "flow".to_owned(), fault });
                return None;
            }
        };
        let path = if named_by_path {
            self.settings_folder.join(text.value)
        } else {
            self.flows_folder.join(format!("{name}.toml"))
        };
        let file = FlowFile { path, named_by_path, line: text.line };
        let known = self.files.entry(flow.clone()).or_insert_with(|| file.clone());
        if known.path != file.path {
            let (first, second) = (known.path.clone(), file.path);
            section.push_at(text.line, Problem::FlowTwice { flow: flow.clone(), first, second });
        }
        Some(flow)
    }
}
