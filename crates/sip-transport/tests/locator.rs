//! The locator against a small name server at loopback.

use frontdesk_sip_stack::Transport::{self, Tcp, Tls, Udp};
use frontdesk_sip_transport::{
    Answer, LocateFault, Locator, LocatorSettings, Question, VALID_MAX, VALID_MIN,
};
use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

/// A name server that knows these records, answers NXDOMAIN for other names, and remembers what it was asked.
struct Dns {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    server: AbortHandle,
}

fn name(text: &str) -> Name {
    Name::from_utf8(format!("{text}.")).unwrap()
}

fn a(host: &str, ttl: u32, ip: &str) -> Record {
    let data = match ip.parse().unwrap() {
        std::net::IpAddr::V4(v4) => RData::A(A(v4)),
        std::net::IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    };
    Record::from_rdata(name(host), ttl, data)
}

fn srv(service: &str, ttl: u32, (priority, weight, port, target): (u16, u16, u16, &str)) -> Record {
    let target = if target == "." { Name::root() } else { name(target) };
    Record::from_rdata(name(service), ttl, RData::SRV(SRV::new(priority, weight, port, target)))
}

fn naptr(host: &str, order: u16, service: &str, replacement: &str) -> Record {
    let bytes = |text: &str| text.as_bytes().into();
    let data = NAPTR::new(order, 1, bytes("s"), bytes(service), bytes(""), name(replacement));
    Record::from_rdata(name(host), 300, RData::NAPTR(data))
}

fn answer(zone: &[Record], query: &Message) -> Message {
    let question: &Query = &query.queries[0];
    let mut message = Message::response(query.metadata.id, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.metadata.recursion_available = true;
    message.add_query(question.clone());
    let of_name = |record: &&Record| record.name.to_lowercase() == question.name().to_lowercase();
    let known = zone.iter().filter(of_name).count() > 0;
    message.metadata.response_code = match question.name().to_string() {
        name if name.contains("broken") => ResponseCode::ServFail,
        _ if known => ResponseCode::NoError,
        _ => ResponseCode::NXDomain,
    };
    let fitting = zone.iter().filter(of_name).filter(|record| record.record_type() == question.query_type());
    message.add_answers(fitting.cloned());
    message
}

impl Dns {
    async fn with(zone: Vec<Record>) -> Dns {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let asks = asked.clone();
        let server = tokio::spawn(async move {
            let mut buffer = [0; 4_096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let query = Message::from_vec(&buffer[..length]).unwrap();
                let question = &query.queries[0];
                let asked = format!("{} {}", question.query_type(), question.name()).to_lowercase();
                if asked.contains("silent") {
                    continue;
                }
                asks.lock().unwrap().push(asked);
                let _ = socket.send_to(&answer(&zone, &query).to_vec().unwrap(), from).await;
            }
        });
        Dns { address, asked, server: server.abort_handle() }
    }

    fn locator(&self, transports: &[Transport]) -> Locator {
        let settings = LocatorSettings {
            servers: vec![self.address],
            transports: transports.to_vec(),
            ..LocatorSettings::default()
        };
        Locator::new(&settings).unwrap()
    }

    async fn locate(&self, host: &str) -> Result<Answer, LocateFault> {
        self.locator(&[Udp, Tcp, Tls]).locate(&question(host)).await
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn question(host: &str) -> Question {
    Question { host: host.to_owned(), port: None, transport: None, secure: false }
}

/// Transport, address, priority and weight of each hop, as a line.
fn lines(answer: &Answer) -> Vec<String> {
    let line = |hop: &frontdesk_sip_transport::Located| {
        format!("{:?} {} {} {}", hop.transport, hop.address, hop.priority, hop.weight)
    };
    answer.hops.iter().map(line).collect()
}

#[tokio::test]
async fn a_carrier_says_by_naptr_and_srv_where_it_is_and_in_which_order() {
    let dns = Dns::with(vec![
        naptr("carrier.example", 10, "SIPS+D2T", "_sips._tcp.carrier.example"),
        naptr("carrier.example", 20, "SIP+D2U", "_sip._udp.carrier.example"),
        srv("_sips._tcp.carrier.example", 90, (20, 0, 5061, "b.carrier.example")),
        srv("_sips._tcp.carrier.example", 90, (10, 60, 5071, "a.carrier.example")),
        srv("_sips._tcp.carrier.example", 90, (10, 5, 5061, "gone.carrier.example")),
        srv("_sip._udp.carrier.example", 90, (0, 0, 5060, "a.carrier.example")),
        a("a.carrier.example", 60, "192.0.2.1"),
        a("a.carrier.example", 60, "2001:db8::1"),
        a("b.carrier.example", 120, "192.0.2.2"),
    ])
    .await;
    let found = dns.locate("Carrier.Example.").await.unwrap();
    assert_eq!(
        lines(&found),
        ["Tls 192.0.2.1:5071 10 60", "Tls [2001:db8::1]:5071 10 60", "Tls 192.0.2.2:5061 20 0"]
    );
    assert!(found.hops.iter().all(|hop| hop.name == "carrier.example"), "its certificate proves its domain");
    assert!(found.valid_for <= Duration::from_secs(60) && found.valid_for > Duration::from_secs(50));

    let udp_only = dns.locator(&[Udp]).locate(&question("carrier.example")).await.unwrap();
    assert_eq!(lines(&udp_only), ["Udp 192.0.2.1:5060 0 0", "Udp [2001:db8::1]:5060 0 0"]);
    let tcp_only = dns.locator(&[Tcp]).locate(&question("carrier.example")).await;
    assert_eq!(tcp_only, Err(LocateFault::NoTransport { name: "carrier.example".to_owned() }));
}

#[tokio::test]
async fn without_naptr_the_usual_services_are_asked_for_and_without_those_the_host() {
    let dns = Dns::with(vec![
        a("srv.example", 3, "192.0.2.9"),
        srv("_sip._tcp.srv.example", 3, (1, 0, 5070, "srv.example")),
        a("plain.example", 999_999, "192.0.2.3"),
    ])
    .await;
    let by_srv = dns.locate("srv.example").await.unwrap();
    assert_eq!(lines(&by_srv), ["Tcp 192.0.2.9:5070 1 0"]);
    assert_eq!(by_srv.valid_for, VALID_MIN);
    let plain = dns.locate("plain.example").await.unwrap();
    assert_eq!(lines(&plain), ["Udp 192.0.2.3:5060 0 0"]);
    assert!(plain.valid_for <= VALID_MAX);
    let asked = dns.asked.lock().unwrap().clone();
    let of_plain: Vec<&str> =
        asked.iter().map(String::as_str).filter(|asked| asked.contains("plain")).collect();
    assert_eq!(
        of_plain[..4],
        [
            "naptr plain.example.",
            "srv _sip._udp.plain.example.",
            "srv _sip._tcp.plain.example.",
            "srv _sips._tcp.plain.example."
        ]
    );
}

#[tokio::test]
async fn a_named_port_asks_for_addresses_only_and_an_address_for_nothing() {
    let dns = Dns::with(vec![a("pbx.example", 60, "192.0.2.4")]).await;
    let locator = dns.locator(&[Udp, Tcp, Tls]);
    let asked = Question { port: Some(5080), transport: Some(Tcp), ..question("pbx.example") };
    assert_eq!(lines(&locator.locate(&asked).await.unwrap()), ["Tcp 192.0.2.4:5080 0 0"]);
    assert!(
        dns.asked.lock().unwrap().iter().all(|asked| asked.starts_with("a ") || asked.starts_with("aaaa "))
    );
    dns.asked.lock().unwrap().clear();
    for (host, line) in [
        ("192.0.2.5", "Udp 192.0.2.5:5060 0 0"),
        ("[2001:db8::5]", "Udp [2001:db8::5]:5060 0 0"),
        ("localhost", "Udp 127.0.0.1:5060 0 0"),
    ] {
        let found = lines(&locator.locate(&question(host)).await.unwrap());
        assert!(found.iter().any(|found| found == line), "{found:?}");
    }
    assert_eq!(*dns.asked.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn only_addresses_that_can_be_reached_are_found() {
    let dns = Dns::with(vec![
        a("old.example", 60, "192.0.2.6"),
        a("both.example", 60, "2001:db8::6"),
        a("both.example", 60, "192.0.2.7"),
    ])
    .await;
    let settings = LocatorSettings { servers: vec![dns.address], ipv4: false, ..LocatorSettings::default() };
    let locator = Locator::new(&settings).unwrap();
    assert_eq!(
        lines(&locator.locate(&question("both.example")).await.unwrap()),
        ["Udp [2001:db8::6]:5060 0 0"]
    );
    let name = "old.example".to_owned();
    assert_eq!(locator.locate(&question("old.example")).await, Err(LocateFault::NoAddress { name }));
}

#[tokio::test]
async fn what_cannot_be_found_says_what_the_matter_is() {
    let dns = Dns::with(vec![
        srv("_sip._udp.closed.example", 60, (0, 0, 0, ".")),
        srv("_sip._udp.half.example", 60, (0, 0, 5060, "nobody.example")),
        a("half.example", 60, "192.0.2.8"),
        a("closed.example", 60, "192.0.2.8"),
    ])
    .await;
    let named = str::to_owned;
    assert_eq!(
        dns.locate("none.example").await,
        Err(LocateFault::NoSuchName { name: named("none.example") })
    );
    assert_eq!(
        dns.locate("closed.example").await,
        Err(LocateFault::NoTransport { name: named("closed.example") })
    );
    assert_eq!(
        dns.locate("half.example").await,
        Err(LocateFault::NoSuchName { name: named("nobody.example") })
    );
    let servers = vec![dns.address];
    let broken = dns.locate("broken.example").await.unwrap_err();
    assert_eq!(
        broken,
        LocateFault::NoAnswer { name: named("_sip._udp.broken.example"), servers: servers.clone() }
    );
    let silent = dns.locate("silent.example").await.unwrap_err();
    assert_eq!(silent, LocateFault::NoAnswer { name: named("silent.example"), servers });
    assert_eq!(
        silent.to_string(),
        format!(
            "the name servers {} did not answer for silent.example; see the network, or the setting of `dns`",
            dns.address
        )
    );
}
