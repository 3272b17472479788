//! A desk at loopback, for the tests of connections.
#![allow(dead_code, reason = "each test file uses what it needs")]

pub mod certificates;

use frontdesk_sip_stack::{Flow, SipInput};
use frontdesk_sip_transport::{Counters, Full, TransportSettings, Transports};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// How long a test waits for what must come.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A request with this method and CSeq; what is not OPTIONS has a To tag.
pub fn request(method: &str, number: u32, body: &str) -> String {
    let tag = if method == "OPTIONS" { "" } else { ";tag=2" };
    format!(
        "{method} sip:desk SIP/2.0\r\nVia: SIP/2.0/TCP phone;rport;branch=z9hG4bK{number}\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:desk>{tag}\r\nCall-ID: c\r\nCSeq: {number} {method}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub fn options(number: u32) -> String {
    request("OPTIONS", number, "")
}

/// A desk that takes as many inputs as it has places, and the test's end of what it took.
pub struct Desk {
    pub transports: Transports,
    pub places: Arc<AtomicUsize>,
    inputs: UnboundedReceiver<SipInput>,
}

impl Desk {
    /// Listening on these, everything else as by default.
    pub async fn on(addresses: &[&str]) -> Desk {
        Desk::with(addresses, |_| {}).await
    }

    pub async fn with(addresses: &[&str], set: impl FnOnce(&mut TransportSettings)) -> Desk {
        let listen: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let mut settings = TransportSettings::listening_on(&listen);
        set(&mut settings);
        let (sender, inputs) = unbounded_channel();
        let places = Arc::new(AtomicUsize::new(usize::MAX));
        let free = places.clone();
        let transports = Transports::start(&settings, move |input| {
            let taken = free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |places| places.checked_sub(1));
            if taken.is_err() {
                return Err(Full(input));
            }
            let _ = sender.send(input);
            Ok(())
        });
        Desk { transports: transports.await.unwrap(), places, inputs }
    }

    pub fn address(&self) -> SocketAddr {
        self.transports.local_addresses()[0]
    }

    pub async fn next(&mut self) -> SipInput {
        timeout(DEADLINE, self.inputs.recv()).await.expect("an input comes").unwrap()
    }

    pub async fn received(&mut self) -> (Flow, String) {
        match self.next().await {
            SipInput::Received { flow, bytes } => (flow, String::from_utf8(bytes).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    pub async fn closed(&mut self) -> Flow {
        match self.next().await {
            SipInput::FlowClosed { flow } => flow,
            other => panic!("{other:?}"),
        }
    }

    pub async fn failed(&mut self) -> Flow {
        match self.next().await {
            SipInput::TransportFailed { flow } => flow,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing was told that the test did not take.
    pub fn was_told_nothing_more(&mut self) {
        assert!(self.inputs.try_recv().is_err());
    }

    /// Waits until the counters say so.
    pub async fn counted(&self, what: impl Fn(&Counters) -> bool) -> Counters {
        timeout(DEADLINE, async {
            loop {
                let counters = self.transports.counters();
                if what(&counters) {
                    return counters;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{:?}", self.transports.counters()))
    }
}

/// Reads exactly this.
pub async fn reads(stream: &mut (impl AsyncRead + Unpin), expected: &str) {
    let mut bytes = vec![0; expected.len()];
    timeout(DEADLINE, stream.read_exact(&mut bytes)).await.expect("it comes").unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

/// Reads until the other side closes.
pub async fn reads_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut bytes)).await.expect("the end comes");
    String::from_utf8(bytes).unwrap()
}
