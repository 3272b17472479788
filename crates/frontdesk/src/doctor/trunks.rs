//! Each trunk, from its name to its registration; and who it is that is known by its address.

use super::knock::{Knock, Registered};
use super::{Finding, addresses};
use crate::locating::locator_settings;
use crate::settings::{Settings, TrunkSettings};
use crate::sockets::asking_settings;
use frontdesk_directory::{RegisterAs, Trunk, TrunkTransport};
use frontdesk_sip_message::{Host, NameAddr, SipUri, StatusCode, Uri};
use frontdesk_sip_stack::{Credentials, Flow, OutgoingRegistration, Quirks, RegistrationId, Transport};
use frontdesk_sip_transport::{Located, Locator, Question};
use std::sync::Arc;

/// Ways to one trunk that are asked; a carrier with more is not asked everywhere.
const HOPS_ASKED: usize = 4;

pub(super) async fn look(settings: &Settings, running: bool) -> Vec<Finding> {
    if settings.trunks.is_empty() {
        return vec![Finding::ok("trunks", "none in the settings")];
    }
    let settings = match settings.with_passwords() {
        Ok(settings) => settings,
        Err(faults) => {
            let advice = "write the password into that file, readable by the desk's user alone";
            return faults
                .iter()
                .map(|fault| Finding::fail("trunk password", fault.to_string(), advice))
                .collect();
        }
    };
    let mut knock = match Knock::open(&asking_settings(&settings)).await {
        Ok(knock) => knock,
        Err(fault) => {
            return vec![Finding::fail("trunks", fault.to_string(), "see the network of this machine")];
        }
    };
    let mut findings = Vec::new();
    for (number, listed) in settings.trunks.iter().enumerate() {
        findings.extend(one(&settings, listed, number, &mut knock, running).await);
    }
    findings
}

async fn one(
    settings: &Settings,
    listed: &TrunkSettings,
    number: usize,
    knock: &mut Knock,
    running: bool,
) -> Vec<Finding> {
    let trunk = &listed.trunk;
    let what = format!("trunk {}", trunk.name);
    let (host, _) = trunk.next_hop();
    let hops = match find(settings, trunk).await {
        Ok(hops) => hops,
        Err(why) => {
            let advice = "see `host` and `proxy` of the trunk, and the name servers of this machine";
            return vec![Finding::fail(format!("{what}: name {host}"), why, advice)];
        }
    };
    let list: Vec<String> =
        hops.iter().map(|hop| format!("{} {}", hop.address, hop.transport.via_name())).collect();
    let mut findings = vec![Finding::ok(format!("{what}: name {host}"), list.join(", "))];
    let mut flows = Vec::new();
    for hop in hops.into_iter().take(HOPS_ASKED) {
        let (remote, transport) = (hop.address, hop.transport);
        if transport.is_secure() {
            let _ = knock.transports().expect_name(remote, &hop.name);
        }
        match knock.transports().flow_to(remote, transport) {
            Ok(flow) => flows.push(flow),
            Err(fault) => findings.push(Finding::warn(
                format!("{what}: way to {remote}"),
                fault.to_string(),
                "see the routes of this machine",
            )),
        }
    }
    let Some(first) = flows.first().copied() else { return findings };
    if addresses::would_be_misled(settings, first.local, first.remote) {
        let found = format!(
            "it would be told the private address {}, and its sound would go nowhere",
            first.local.ip()
        );
        let advice = "set [sip] external to the address outside, or [sip] stun";
        findings.push(Finding::warn(format!("{what}: address"), found, advice));
    }
    for flow in flows {
        findings.push(asked(&what, flow, knock.probe(uri(trunk, flow), flow).await));
    }
    findings.extend(registered(&what, trunk, first, number, knock, running).await);
    findings
}

/// Where the trunk is, as RFC 3263 finds it.
async fn find(settings: &Settings, trunk: &Trunk) -> Result<Vec<Located>, String> {
    let (host, port) = trunk.next_hop();
    let transport = trunk.transport.map(|transport| match transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
        TrunkTransport::Tls => Transport::Tls,
    });
    let locator = Locator::new(&locator_settings(settings)).map_err(|fault| fault.to_string())?;
    let question = Question { host: host.to_owned(), port, transport, secure: false };
    locator.locate(&question).await.map(|answer| answer.hops).map_err(|fault| fault.to_string())
}

fn uri(trunk: &Trunk, flow: Flow) -> Uri {
    let host = trunk.host.parse().map_or_else(|_| Host::Name(trunk.host.clone()), Host::Ip);
    let port = trunk.port.filter(|port| *port != flow.transport.default_port());
    SipUri::new(None, host, port).into()
}

fn asked(what: &str, flow: Flow, status: Option<StatusCode>) -> Finding {
    let what = format!("{what}: OPTIONS to {} {}", flow.remote, flow.transport.via_name());
    match status {
        Some(status) => {
            Finding::ok(what, format!("answered with {} {}", status.as_u16(), status.default_reason()))
        }
        None => Finding::warn(
            what,
            "no answer",
            "some carriers answer no OPTIONS to strangers; if calls fail too, see firewall, transport and port",
        ),
    }
}

async fn registered(
    what: &str,
    trunk: &Trunk,
    flow: Flow,
    number: usize,
    knock: &mut Knock,
    running: bool,
) -> Option<Finding> {
    let (register, account) = (trunk.register.as_ref()?, trunk.account.as_ref()?);
    let what = format!("{what}: registration");
    if running {
        return Some(Finding::ok(
            what,
            "not tried, because a desk runs here and holds it; its console tells of it",
        ));
    }
    let user = match &register.as_whom {
        RegisterAs::Account => account.user.clone(),
        RegisterAs::Each(users) => users.first().cloned().unwrap_or_else(|| account.user.clone()),
    };
    let domain = trunk.domain();
    let host = domain.parse().map_or_else(|_| Host::Name(domain.to_owned()), Host::Ip);
    let wanted = OutgoingRegistration {
        registration: RegistrationId(number as u64),
        registrar: SipUri::new(None, host.clone(), None).into(),
        address_of_record: NameAddr::new(SipUri::new(Some(&user), host, None)),
        flow,
        credentials: Some(Credentials {
            username: account.digest_user().to_owned(),
            password: account.password.clone(),
        }),
        expires: register.expires,
        routes: Vec::new(),
        quirks: Arc::new(Quirks {
            contact_user: trunk.quirks.contact_user.clone(),
            register_expires_max_s: trunk.quirks.register_expires_max_s,
            ..Quirks::default()
        }),
    };
    Some(told(what, knock.register(wanted).await))
}

fn told(what: String, came: Registered) -> Finding {
    match came {
        Registered::For(expires) => {
            Finding::ok(what, format!("granted for {} s, and taken back", expires.as_secs()))
        }
        Registered::Unanswered => {
            Finding::fail(what, "no answer", "see `host`, `proxy`, `transport` and `port`, and the firewall")
        }
        Registered::Refused(status) => {
            let found = format!("refused with {} {}", status.as_u16(), status.default_reason());
            let advice = match status.as_u16() {
                401 | 403 | 407 => "see `user`, `auth_user` and the password file",
                404 => "see `user`: nobody has that name there; some carriers want `register_each`",
                423 => "ask for more: `expires`",
                503 => "the carrier takes none now; try later",
                _ => "see the carrier's help for its profile, or ask it with this number",
            };
            Finding::fail(what, found, advice)
        }
    }
}
