//! Where trunks are: the switchboard asks, the locator looks, and the answer comes back as a letter.
//!
//! Looking takes as long as name servers do; the switchboard's thread never waits for it.

use crate::mailbox::Mailbox;
use crate::settings::Settings;
use crate::wiring::Letter;
use frontdesk_sip_stack::Transport;
use frontdesk_sip_transport::{Answer, LocateFault, Locator, LocatorSettings, Question, Transports};
use frontdesk_switchboard::{Hop, LocateFailure};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Questions that wait: trunks are asked for one at a time each, so this is more trunks than a desk has. A question that
/// finds no room is answered as one that no server answered, and asked again.
const WAITING_MAX: usize = 256;
/// How long "nobody answers" holds.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(15);

/// What the switchboard asks.
#[derive(Debug)]
pub struct Asked {
    /// The trunk's name.
    pub trunk: String,
    /// What is asked of DNS.
    pub question: Question,
}

/// The way to the locator.
#[derive(Debug, Clone)]
pub struct Locating {
    asked: Sender<Asked>,
}

impl Locating {
    /// Starts the task that looks, on the tokio runtime that this is called in; it ends with the mailbox's last reader.
    pub fn start(settings: &Settings, transports: Arc<Transports>, mailbox: Mailbox<Letter>) -> Locating {
        let (asked, questions) = channel(WAITING_MAX);
        // A machine without name servers still has trunks with addresses; it is said when a name is asked for.
        let locator = Locator::new(&locator_settings(settings)).map(Arc::new);
        tokio::spawn(look_for_ever(locator, transports, mailbox, questions));
        Locating { asked }
    }

    /// Asks; the answer comes as [`Letter::Located`]. Never waits.
    ///
    /// # Errors
    /// There is no room: the question comes back.
    pub fn ask(&self, asked: Asked) -> Result<(), Asked> {
        self.asked.try_send(asked).map_err(|refused| refused.into_inner())
    }
}

/// Whom to ask, and what this side speaks: what it listens for, and streams in any case, which it can always open.
pub fn locator_settings(settings: &Settings) -> LocatorSettings {
    let listens = |transport| settings.sip.listen.iter().any(|listen| listen.transport == transport);
    let transports = [Transport::Udp, Transport::Tcp, Transport::Tls];
    LocatorSettings {
        servers: settings.name_servers.clone(),
        transports: transports.into_iter().filter(|way| *way != Transport::Udp || listens(*way)).collect(),
        ..LocatorSettings::default()
    }
}

async fn look_for_ever(
    locator: Result<Arc<Locator>, LocateFault>,
    transports: Arc<Transports>,
    mailbox: Mailbox<Letter>,
    mut questions: Receiver<Asked>,
) {
    while let Some(Asked { trunk, question }) = questions.recv().await {
        let (locator, transports, mailbox) = (locator.clone(), transports.clone(), mailbox.clone());
        // Each on its own: a slow name server of one trunk keeps no other waiting.
        tokio::spawn(async move {
            let found = match locator {
                Ok(locator) => locator.locate(&question).await,
                Err(fault) => Err(fault),
            };
            let letter = answer(trunk, found, &transports);
            // A full mailbox is emptied within moments, and an answer that is lost would leave the trunk unknown.
            let _ = tokio::task::spawn_blocking(move || mailbox.post_waiting(letter)).await;
        });
    }
}

fn answer(trunk: String, found: Result<Answer, LocateFault>, transports: &Transports) -> Letter {
    let (answer, valid_for) = match found {
        Ok(Answer { hops, valid_for }) => (ways(&hops, transports), valid_for),
        Err(fault) => {
            tracing::warn!(%trunk, %fault, "a trunk cannot be found");
            (Err(failure(&fault)), ASK_AGAIN)
        }
    };
    Letter::Located { trunk, answer, valid_for }
}

/// The hops as flows of this side. Those that nothing leads to are left out.
fn ways(
    hops: &[frontdesk_sip_transport::Located],
    transports: &Transports,
) -> Result<Vec<Hop>, LocateFailure> {
    let mut ways = Vec::new();
    for hop in hops {
        if hop.transport.is_secure()
            && hop.name.parse::<std::net::IpAddr>().is_err()
            && transports.expect_name(hop.address, &hop.name).is_err()
        {
            continue;
        }
        match transports.flow_to(hop.address, hop.transport) {
            Ok(flow) => {
                transports.trust([hop.address.ip()]);
                ways.push(Hop { flow, priority: hop.priority, weight: hop.weight });
            }
            Err(fault) => tracing::debug!(%fault, "a way to a trunk is left out"),
        }
    }
    if ways.is_empty() { Err(LocateFailure::NoListener) } else { Ok(ways) }
}

fn failure(fault: &LocateFault) -> LocateFailure {
    match fault {
        LocateFault::NotAHost { .. } | LocateFault::NoSuchName { .. } | LocateFault::NoAddress { .. } => {
            LocateFailure::NoSuchName
        }
        LocateFault::NoTransport { .. } => LocateFailure::NoService,
        _ => LocateFailure::NoAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::mailbox;
    use crate::sockets::transport_settings;
    use std::path::Path;

    async fn located(
        settings: &str,
        host: &str,
        transport: Option<Transport>,
    ) -> Result<Vec<Hop>, LocateFailure> {
        let settings = Settings::parse(Path::new("desk.toml"), settings).expect("right settings");
        let (post, letters) = mailbox().expect("a mailbox");
        let transports =
            Transports::start(&transport_settings(&settings), |_| Ok(())).await.expect("sockets");
        let locating = Locating::start(&settings, Arc::new(transports), post);
        let question = Question { host: host.to_owned(), port: Some(5070), transport, secure: false };
        locating.ask(Asked { trunk: "carrier".to_owned(), question }).expect("room");
        let letter = tokio::task::spawn_blocking(move || {
            letters.wait(Some(Duration::from_secs(5)));
            letters.take()
        });
        match letter.await.expect("a thread") {
            Some(Letter::Located { trunk, answer, .. }) => {
                assert_eq!(trunk, "carrier");
                answer
            }
            _ => panic!("no answer came"),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_answer_is_a_way_from_a_listener_of_this_side() {
        let loopback = "[sip]\nlisten = [\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"]";
        let hops = located(loopback, "127.0.0.1", None).await.expect("it is an address");
        assert_eq!(hops[0].flow.remote, "127.0.0.1:5070".parse().unwrap());
        assert_eq!(hops[0].flow.transport, Transport::Udp);
        assert!(hops[0].flow.local.port() != 0 && hops[0].flow.local.ip().is_loopback());
        let by_tcp = located(loopback, "127.0.0.1", Some(Transport::Tcp)).await.expect("it is an address");
        assert_eq!(by_tcp[0].flow.transport, Transport::Tcp);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_address_family_that_is_not_listened_on_is_said_to_be_that() {
        let v6_only = "[sip]\nlisten = [\"udp:[::1]:0\"]";
        assert_eq!(located(v6_only, "127.0.0.1", None).await, Err(LocateFailure::NoListener));
    }
}
