//! The settings are read anew while calls stand.
//!
//! Everything that can be wrong is found before anything is changed: the desk goes on as it was, or by the new settings
//! whole. Calls that stand keep what they began with; telephones stay registered while they are listed.

use super::{Node, NodeFault, accounts, prepare_tenants, rules};
use crate::accounts::NewPassword;
use crate::flows::read_flows;
use crate::outside;
use crate::settings::Settings;
use crate::signed_callers;
use crate::sockets::transport_settings;
use crate::wiring::Letter;
use frontdesk_sip_transport::TlsSettings;
use std::net::IpAddr;
use std::sync::Arc;

/// What came of a reload.
#[derive(Debug)]
pub struct Reloaded {
    /// Passwords that were made for telephones that are new. They are kept nowhere.
    pub new_passwords: Vec<NewPassword>,
    /// What differs in the file and is as before until the desk is started again: `[sip] listen`.
    pub needs_restart: Vec<&'static str>,
}

impl Node {
    /// Goes on by these settings.
    ///
    /// # Errors
    /// What is wrong with them; everything is as before then.
    pub async fn reload(&mut self, wanted: &Settings) -> Result<Reloaded, NodeFault> {
        let (settings, needs_restart) = within_reach(&self.settings, wanted);
        let settings = settings.with_passwords().map_err(NodeFault::Settings)?;
        let listed = settings.directory(|_| Some(super::NO_SECRET)).map_err(NodeFault::Settings)?;
        let flows = read_flows(&settings, &listed).map_err(NodeFault::Flows)?;
        let verifier = signed_callers::verifier(&settings)?;
        let outside = self.learn_outside(&settings).await;
        prepare_tenants(&settings, &self.store).await?;
        let tls = self.take_certificates(&settings)?;
        // Passwords are made last: a reload that fails must not lose the only time that they are shown.
        let made = accounts(&settings, &mut self.chance).and_then(|(accounts, new_passwords)| {
            Ok((rules(&settings, &accounts, flows, verifier, outside)?, new_passwords))
        });
        let (rules, new_passwords) = made.inspect_err(|_| {
            if let Some(before) = tls {
                // They served a moment ago.
                let _ = self.transports.replace_tls(before);
            }
        })?;
        self.transports.trust(transport_settings(&settings).trusted);
        self.mailbox.post_waiting(Letter::Rules(Arc::new(rules)));
        (self.settings, self.outside) = (settings, outside);
        Ok(Reloaded { new_passwords, needs_restart })
    }

    /// This side's address outside; asked for again only where another answer is to be had.
    async fn learn_outside(&self, settings: &Settings) -> Option<IpAddr> {
        if settings.sip.external == self.settings.sip.external {
            return self.outside;
        }
        outside::learn(settings).await.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "the address outside is not known");
            None
        })
    }

    /// The certificates of the settings, for connections from now on. The same files are read anew, and say in the log if
    /// they are not taken; other ones must serve. Returns what was before, if that is to be had back.
    fn take_certificates(&self, settings: &Settings) -> Result<Option<TlsSettings>, NodeFault> {
        let (before, wanted) = (transport_settings(&self.settings).tls, transport_settings(settings).tls);
        if before == wanted {
            let _ = self.transports.reload();
            return Ok(None);
        }
        self.transports.replace_tls(wanted)?;
        Ok(Some(before))
    }
}

/// The new settings as far as a running desk can follow them, and what stays as it was although it differs.
fn within_reach(before: &Settings, wanted: &Settings) -> (Settings, Vec<&'static str>) {
    let mut settings = wanted.clone();
    let mut differs = Vec::new();
    let mut keep = |name, is_same: bool| {
        if !is_same {
            differs.push(name);
        }
    };
    keep("[node] name", settings.node.name == before.node.name);
    keep("[node] data", settings.node.data == before.node.data);
    keep("[sip] listen", settings.sip.listen == before.sip.listen);
    keep("[rtp] ports", settings.rtp.ports == before.rtp.ports);
    keep("[rtp] one_port", settings.rtp.one_port == before.rtp.one_port);
    keep("[sound] hold_music", settings.hold_music == before.hold_music);
    keep("[voice] prompts", settings.prompts == before.prompts);
    keep("[ears] model", settings.model == before.model);
    keep("[dns] servers", settings.name_servers == before.name_servers);
    settings.node = before.node.clone();
    settings.sip.listen.clone_from(&before.sip.listen);
    settings.rtp.ports = before.rtp.ports.clone();
    settings.rtp.one_port = before.rtp.one_port;
    settings.hold_music.clone_from(&before.hold_music);
    settings.prompts.clone_from(&before.prompts);
    settings.model.clone_from(&before.model);
    settings.name_servers.clone_from(&before.name_servers);
    let listens_with_tls = settings.sip.listen.iter().any(|listen| listen.transport.is_secure());
    if listens_with_tls && settings.tls.server.is_none() {
        keep("[tls] certificate", false);
        settings.tls = before.tls.clone();
    }
    (settings, differs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn settings(text: &str) -> Settings {
        Settings::parse(Path::new("/desk/frontdesk.toml"), text).expect("right settings")
    }

    #[test]
    fn what_a_running_desk_cannot_follow_stays_and_is_named() {
        let before = settings("[rtp]\nports = 0\n[sip]\nrealm = \"one\"");
        let wanted = settings(
            "[node]\ndata = \"/elsewhere\"\n[rtp]\nports = \"30000-30999\"\naddress = \"192.0.2.1\"\n[sip]\nrealm = \"two\"\n\
             listen = \"tcp:127.0.0.1:5070\"\nlockout = 5\n[dns]\nservers = [\"192.0.2.53\"]\n[sound]\nhold_music = [\"waiting.wav\"]",
        );
        let (reached, differs) = within_reach(&before, &wanted);
        assert_eq!(
            differs,
            ["[node] data", "[sip] listen", "[rtp] ports", "[sound] hold_music", "[dns] servers"]
        );
        assert!(reached.hold_music.is_empty(), "nobody is promised music that was not read");
        assert_eq!((&reached.node, &reached.sip.listen), (&before.node, &before.sip.listen));
        assert_eq!((reached.sip.realm.as_str(), reached.sip.lockout.as_secs()), ("two", 5));
        assert_eq!(reached.rtp.address, "192.0.2.1".parse().ok(), "another address for sound is followed");
        assert!(within_reach(&before, &before).1.is_empty());
    }

    #[test]
    fn a_certificate_that_is_listened_with_is_not_taken_away() {
        let tls =
            "[tls]\ncertificate = \"desk.pem\"\nkey = \"desk.key\"\n[sip]\nlisten = \"tls:127.0.0.1:5061\"";
        let (reached, differs) =
            within_reach(&settings(tls), &settings("[sip]\nlisten = \"udp:127.0.0.1:5060\""));
        assert_eq!(differs, ["[sip] listen", "[tls] certificate"]);
        assert!(reached.tls.server.is_some());
    }
}
