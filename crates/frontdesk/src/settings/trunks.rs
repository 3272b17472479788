//! `[[trunk]]`: carriers and PBXs over which calls come and go.

use super::countries;
use super::fault::Problem;
use super::profiles;
use super::section::Section;
use super::trunk_words::TrunkWords;
use frontdesk_directory::{
    NumberPlan, Presentation, RegisterAs, Tenant, Trunk, TrunkAccount, TrunkLimits, TrunkQuirks,
    TrunkRegister,
};
use frontdesk_identifiers::{TelephoneNumber, TenantId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `[[trunk]]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkSettings {
    /// Everything but the password, which is empty until [`Settings::with_passwords`](super::Settings::with_passwords).
    pub trunk: Trunk,
    /// The file that holds the account's password.
    pub password_file: Option<PathBuf>,
    /// The profile that it takes its defaults from: its name, and whose it is.
    pub profile: Option<(String, String)>,
    /// Where it stands in the settings.
    pub line: usize,
}

/// How each tenant's numbers are written.
pub(super) type Plans = BTreeMap<TenantId, NumberPlan>;

/// `country`, `area_code`, `emergency` and `short_digits` of a `[[tenant]]`.
pub(super) fn read_plan(section: &mut Section<'_, '_>) -> NumberPlan {
    let country = section.text("country");
    let mut plan = match country {
        None => countries::nowhere(),
        Some(text) => countries::plan(text.value).unwrap_or_else(|| {
            section.bad_at(text.line, "country", text.value, countries::RULE);
            countries::nowhere()
        }),
    };
    let digits = |text: &str| !text.is_empty() && text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(area) = section.text("area_code") {
        if digits(area.value) {
            plan.area_code = Some(area.value.trim_start_matches('0').to_owned());
        } else {
            section.bad_at(area.line, "area_code", area.value, "the area's digits, such as \"30\"");
        }
    }
    if let Some(listed) = section.texts("emergency") {
        plan.emergency.clear();
        for number in listed {
            match TelephoneNumber::new(number.value) {
                Ok(read) => {
                    plan.emergency.insert(read);
                }
                Err(fault) => {
                    section.push_at(number.line, Problem::BadName { key: "emergency".to_owned(), fault });
                }
            }
        }
    }
    if let Some(short) = section.bounded("short_digits", "a number of digits from 1 to 8", 1, 8) {
        plan.short_digits_max = short;
    }
    plan
}

/// What only the operator can say of a trunk.
struct Own {
    name: Option<String>,
    user: Option<String>,
    auth_user: Option<String>,
    password_file: Option<PathBuf>,
    each: Option<Vec<String>>,
    main: Option<TelephoneNumber>,
    direct: bool,
    priority: u16,
    weight: u16,
}

pub(super) fn read_trunks(
    sections: Vec<Section<'_, '_>>,
    tenants: &[Tenant],
    plans: &Plans,
    folder: &Path,
) -> Vec<TrunkSettings> {
    let mut trunks = Vec::new();
    for mut section in sections {
        let tenant = super::entries::whose(&mut section, tenants);
        let named = section.text("profile");
        let own = read_own(&mut section, folder);
        let words = TrunkWords::read(&mut section);
        let profile = named.and_then(|named| profiles::find(&section, named, folder));
        let line = section.line();
        let said = Said::of(&own, &words);
        let mut host_is_missed = named.is_none();
        let (words, title) = match profile {
            Some(profile) => {
                for need in profile.needs.iter().filter(|need| !said.has(need)) {
                    let problem = Problem::ProfileNeeds { profile: profile.title.clone(), key: need.clone() };
                    section.push_at(line, problem);
                }
                host_is_missed = !profile.needs.iter().any(|need| need == "host");
                (words.or(profile.words), Some(profile.title))
            }
            None => (words, None),
        };
        // An unknown profile is said already, and everything that it would have said is missing.
        if words.host.is_none() && host_is_missed {
            section.need("host");
        }
        if words.register == Some(true) && own.user.is_none() {
            section.need("user");
        }
        if own.user.is_some() && own.password_file.is_none() {
            section.need("password_file");
        }
        section.finish();
        let (Some(tenant), Some(name), Some(host)) = (tenant, own.name.clone(), words.host.clone()) else {
            continue;
        };
        let profile = named.zip(title).map(|(named, title)| (named.value.to_owned(), title));
        let password_file = own.password_file.clone();
        let mut trunk = Trunk::new(tenant.clone(), &name, &host);
        let plan = plans.get(&tenant).cloned().unwrap_or_default();
        fill(&mut trunk, own, words, plan);
        trunks.push(TrunkSettings { trunk, password_file, profile, line });
    }
    trunks
}

fn read_own(section: &mut Section<'_, '_>, folder: &Path) -> Own {
    const SHARE: &str = "a number from 0 to 65535; a lower priority is used first";
    let own = Own {
        name: section.text("name").map(|name| name.value.to_owned()),
        user: user(section, "user"),
        auth_user: user(section, "auth_user"),
        password_file: section.path("password_file", folder),
        each: section
            .texts("register_each")
            .map(|listed| listed.iter().map(|text| text.value.to_owned()).collect()),
        main: section.name("number", TelephoneNumber::new),
        direct: section.flag("direct").unwrap_or(true),
        priority: section.bounded("priority", SHARE, 0, 65_535).unwrap_or(10),
        weight: section.bounded("weight", SHARE, 0, 65_535).unwrap_or(10),
    };
    section.need("name");
    // A secret in the settings would be in every copy and backup of them.
    if section.text("password").is_some() {
        section.bad("password", "…", "in a file of its own: write password_file = \"carrier.password\"");
    }
    own
}

fn user(section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(key)?;
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '@' | '"' | '<' | '>');
    if text.value.is_empty() || text.value.len() > 128 || !text.value.chars().all(plain) {
        section.bad_at(
            text.line,
            key,
            text.value,
            "the part before the `@`, without spaces and quotation marks",
        );
        return None;
    }
    Some(text.value.to_owned())
}

/// Which keys the operator gave, for what a profile needs.
struct Said {
    host: bool,
    proxy: bool,
    user: bool,
    password_file: bool,
}

impl Said {
    fn of(own: &Own, words: &TrunkWords) -> Said {
        Said {
            host: words.host.is_some(),
            proxy: words.proxy.is_some(),
            user: own.user.is_some(),
            password_file: own.password_file.is_some(),
        }
    }

    fn has(&self, key: &str) -> bool {
        match key {
            "host" => self.host,
            "proxy" => self.proxy,
            "user" => self.user,
            "password_file" => self.password_file,
            _ => true,
        }
    }
}

fn fill(trunk: &mut Trunk, own: Own, words: TrunkWords, plan: NumberPlan) {
    let defaults = Trunk::new(trunk.tenant.clone(), "", "");
    trunk.port = words.port;
    trunk.transport = words.transport;
    trunk.proxy = words.proxy;
    trunk.priority = own.priority;
    trunk.weight = own.weight;
    // Without an account it is said already what is missing.
    let registers = words.register.unwrap_or(false) && own.user.is_some();
    trunk.account =
        own.user.map(|user| TrunkAccount { user, auth_user: own.auth_user, password: String::new() });
    trunk.register = registers.then(|| TrunkRegister {
        domain: words.registrar,
        expires: words.expires_s.map_or(TrunkRegister::default().expires, Duration::from_secs),
        as_whom: own.each.map_or(RegisterAs::Account, RegisterAs::Each),
    });
    trunk.addresses = words.addresses.unwrap_or_default();
    trunk.calls_from_host = words.calls_from_host.unwrap_or(defaults.calls_from_host);
    trunk.certificate_names = words.certificate_names.unwrap_or_default();
    trunk.trusted = words.trusted.unwrap_or(defaults.trusted);
    trunk.plan = NumberPlan {
        inward: words.numbers_in.unwrap_or_default(),
        outward: words.numbers_out.unwrap_or_default(),
        ..plan
    };
    trunk.presentation = Presentation {
        main: own.main,
        direct: own.direct,
        no_screening: words.no_screening.unwrap_or(false),
        diversion: words.diversion.unwrap_or_default(),
        identity: words.identity.unwrap_or_default(),
        from: words.from.unwrap_or_default(),
        from_domain: words.from_domain,
    };
    trunk.limits = TrunkLimits { calls: words.calls, calls_per_second: words.calls_per_second };
    trunk.probe_every = match words.probe_s {
        None => defaults.probe_every,
        Some(0) => None,
        Some(seconds) => Some(Duration::from_secs(seconds.max(10))),
    };
    trunk.refer = words.refer.unwrap_or(defaults.refer);
    trunk.redirects = words.redirects.unwrap_or_default();
    trunk.srtp = words.srtp.unwrap_or_default();
    trunk.codecs = words.codecs;
    trunk.quirks = TrunkQuirks {
        reliable_provisional: words.reliable.unwrap_or_default(),
        no_session_timer: words.no_session_timer.unwrap_or(false),
        no_update: words.no_update.unwrap_or(false),
        contact_user: words.contact_user,
        register_expires_max_s: words.register_expires_max_s,
    };
}
