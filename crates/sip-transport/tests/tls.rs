//! TLS over loopback: who proves what to whom, and renewal while connections stand.

mod desk;

use desk::certificates::{Authority, expired, for_servers_only};
use desk::{DEADLINE, Desk, options, reads, reads_to_end};
use frontdesk_sip_stack::{Flow, SipInput, Transport};
use frontdesk_sip_transport::{
    CertificateUse, OpenFault, PemFiles, PemPart, TlsFault, TlsSettings, TransportFault, TransportSettings,
    Transports,
};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const HERE: &[&str] = &["tls:127.0.0.1:0"];
const OK: &str = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

async fn phone(
    desk: &Desk,
    config: Arc<ClientConfig>,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(desk.address()).await.unwrap();
    TlsConnector::from(config).connect(name.try_into().unwrap(), stream).await
}

fn first_name(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

async fn desk_with(identity: &PemFiles, set: impl FnOnce(&mut TransportSettings)) -> Desk {
    Desk::with(HERE, |settings| {
        settings.tls.identity = Some(identity.clone());
        set(settings);
    })
    .await
}

/// A trunk's side: accepts one connection and speaks TLS, or fails to.
async fn trunk(
    listener: &TcpListener,
    config: Arc<rustls::ServerConfig>,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let stream = timeout(DEADLINE, listener.accept()).await.unwrap().unwrap().0;
    timeout(DEADLINE, TlsAcceptor::from(config).accept(stream)).await.unwrap().ok()
}

#[tokio::test]
async fn a_phone_talks_over_tls_of_either_version_and_proves_nothing() {
    let authority = Authority::new();
    let mut desk = desk_with(&authority.certify("desk", &["desk.example"]), |_| {}).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = authority.client_of(None, &[version]);
        let mut phone = phone(&desk, config, "desk.example").await.unwrap();
        phone.write_all(options(1).as_bytes()).await.unwrap();
        let (flow, text) = desk.received().await;
        assert_eq!((flow.transport, text), (Transport::Tls, options(1)));
        desk.transports.send(&flow, OK.as_bytes()).unwrap();
        reads(&mut phone, OK).await;
        drop(phone);
        assert_eq!(desk.closed().await, flow);
    }
}

#[tokio::test]
async fn who_comes_from_where_a_server_is_expected_must_be_that_server() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk =
        desk_with(&identity, |settings| settings.tls.client_authorities = Some(authority.file())).await;
    let (trunk, other) =
        (authority.certify("trunk", &["trunk.example"]), authority.certify("other", &["other.example"]));
    for (identity, is_heard) in [(None, false), (Some(&other), false), (Some(&trunk), true)] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        desk.transports.expect_name(socket.local_addr().unwrap(), "trunk.example").unwrap();
        let stream = socket.connect(desk.address()).await.unwrap();
        let connector = TlsConnector::from(authority.client(identity));
        let mut stream = connector.connect("desk.example".try_into().unwrap(), stream).await.unwrap();
        stream.write_all(options(1).as_bytes()).await.unwrap();
        if is_heard {
            assert!(matches!(desk.next().await, SipInput::PeerProved { .. }));
            desk.received().await;
        } else {
            assert_eq!(reads_to_end(&mut stream).await, "");
        }
    }
    assert_eq!(desk.transports.counters().handshake_failed, 2);
}

#[tokio::test]
async fn a_client_proves_its_names_before_its_first_message() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk =
        desk_with(&identity, |settings| settings.tls.client_authorities = Some(authority.file())).await;
    let names = ["sip:Trunk.example", "host.example"];
    let both = authority.certify("both", &names);
    let servers = authority.certify_with("servers", &names, for_servers_only);
    for identity in [both, servers] {
        let mut trunk = phone(&desk, authority.client(Some(&identity)), "desk.example").await.unwrap();
        for number in 1..3 {
            trunk.write_all(options(number).as_bytes()).await.unwrap();
        }
        let proved = match desk.next().await {
            SipInput::PeerProved { flow, names } => {
                assert_eq!(names, ["trunk.example"]);
                flow
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(desk.received().await, (proved, options(1)));
        assert_eq!(desk.received().await, (proved, options(2)));
        drop(trunk);
        assert_eq!(desk.closed().await, proved);
    }
}

/// The verifier's rule by its own name, for the deviation that cites it.
#[tokio::test]
async fn a_client_proves_its_names_also_by_a_certificate_for_servers() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk =
        desk_with(&identity, |settings| settings.tls.client_authorities = Some(authority.file())).await;
    let servers = authority.certify_with("servers", &["trunk.example"], for_servers_only);
    let mut trunk = phone(&desk, authority.client(Some(&servers)), "desk.example").await.unwrap();
    trunk.write_all(options(1).as_bytes()).await.unwrap();
    assert!(matches!(desk.next().await, SipInput::PeerProved { names, .. } if names == ["trunk.example"]));
}

#[tokio::test]
async fn a_client_that_shows_a_strangers_or_an_old_certificate_is_turned_away_and_one_without_is_not() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk =
        desk_with(&identity, |settings| settings.tls.client_authorities = Some(authority.file())).await;
    let forged = stranger.certify("forged", &["trunk.example"]);
    let old = authority.certify_with("old", &["trunk.example"], expired);
    for (number, identity) in [(1, forged), (2, old)] {
        // With TLS 1.3 the client hears of it only after its own side of the handshake.
        if let Ok(mut stream) = phone(&desk, authority.client(Some(&identity)), "desk.example").await {
            let _ = stream.write_all(options(1).as_bytes()).await;
            assert_eq!(reads_to_end(&mut stream).await, "");
        }
        desk.counted(|counters| counters.handshake_failed == number).await;
    }
    desk.was_told_nothing_more();
    let mut phone = phone(&desk, authority.client(None), "desk.example").await.unwrap();
    phone.write_all(options(1).as_bytes()).await.unwrap();
    desk.received().await;
}

#[tokio::test]
async fn a_server_is_believed_by_its_sip_uri_and_by_a_wildcard() {
    let authority = Authority::new();
    for names in [&["sbc.trunk.example"][..], &["sip:sbc.trunk.example"], &["*.trunk.example"]] {
        let mut desk = Desk::with(&["tcp:127.0.0.1:0"], |settings| {
            settings.tls.server_authorities = Some(authority.file());
        })
        .await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let remote = listener.local_addr().unwrap();
        desk.transports.expect_name(remote, "sbc.trunk.example").unwrap();
        let flow = desk.transports.flow_to(remote, Transport::Tls).unwrap();
        assert_eq!(flow.local, "127.0.0.1:5061".parse().unwrap(), "where nothing is listened on");
        desk.transports.send(&flow, options(1).as_bytes()).unwrap();
        let config = authority.server(&authority.certify("trunk", names));
        let mut trunk = trunk(&listener, config).await.unwrap_or_else(|| panic!("{names:?}"));
        reads(&mut trunk, &options(1)).await;
        trunk.write_all(OK.as_bytes()).await.unwrap();
        assert!(matches!(desk.next().await, SipInput::PeerProved { flow: proved, .. } if proved == flow));
        assert_eq!(desk.received().await, (flow, OK.to_owned()));
        assert_eq!(desk.transports.open_fault(remote, Transport::Tls), None);
    }
}

#[tokio::test]
async fn a_server_that_does_not_prove_its_name_gets_nothing_and_it_is_said_why() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let mut desk = Desk::with(&["tcp:127.0.0.1:0"], |settings| {
        settings.tls.server_authorities = Some(authority.file());
    })
    .await;
    let name = "trunk.example".to_owned();
    let good = authority.certify("good", &["trunk.example"]);
    for (files, expected, fault) in [
        (
            authority.certify("other", &["other.example"]),
            Some(&*name),
            OpenFault::AnotherName { name: name.clone() },
        ),
        (
            authority.certify("user", &["sip:bob@trunk.example"]),
            Some(&*name),
            OpenFault::AnotherName { name: name.clone() },
        ),
        (authority.certify_with("old", &["trunk.example"], expired), Some(&*name), OpenFault::Expired),
        (stranger.certify("forged", &["trunk.example"]), Some(&*name), OpenFault::UnknownAuthority),
        (good, None, OpenFault::AnotherName { name: "127.0.0.1".to_owned() }),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let remote = listener.local_addr().unwrap();
        if let Some(expected) = expected {
            desk.transports.expect_name(remote, expected).unwrap();
        }
        let flow = desk.transports.flow_to(remote, Transport::Tls).unwrap();
        desk.transports.send(&flow, options(1).as_bytes()).unwrap();
        if let Some(mut trunk) = trunk(&listener, authority.server(&files)).await {
            assert_eq!(reads_to_end(&mut trunk).await, "");
        }
        assert_eq!(desk.failed().await, flow);
        assert_eq!(desk.transports.open_fault(remote, Transport::Tls), Some(fault));
    }
    assert!(desk.transports.expect_name("127.0.0.1:9".parse().unwrap(), "no host").is_err());
}

#[tokio::test]
async fn two_desks_prove_themselves_to_each_other() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let set = |settings: &mut TransportSettings| {
        settings.tls.client_identity = Some(identity.clone());
        settings.tls.client_authorities = Some(authority.file());
        settings.tls.server_authorities = Some(authority.file());
    };
    let (mut here, mut there) = (desk_with(&identity, set).await, desk_with(&identity, set).await);
    here.transports.expect_name(there.address(), "desk.example").unwrap();
    let flow = here.transports.flow_to(there.address(), Transport::Tls).unwrap();
    assert_eq!(flow.local, here.address());
    here.transports.send(&flow, options(1).as_bytes()).unwrap();
    let back = match there.next().await {
        SipInput::PeerProved { flow, names } if names == ["desk.example"] => flow,
        other => panic!("{other:?}"),
    };
    assert_eq!(there.received().await, (back, options(1)));
    there.transports.send(&back, options(2).as_bytes()).unwrap();
    assert!(matches!(here.next().await, SipInput::PeerProved { flow: proved, .. } if proved == flow));
    assert_eq!(here.received().await, (flow, options(2)));
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_the_next_while_those_who_talk_talk_on() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    // Looked at without being asked, too: often, so that the test need not wait.
    for by_itself in [false, true] {
        let every = if by_itself { Duration::from_millis(5) } else { Duration::from_secs(3_600) };
        let mut desk = desk_with(&identity, |settings| settings.tls.look_every = every).await;
        let mut standing = phone(&desk, authority.client(None), "desk.example").await.unwrap();
        authority.certify("desk", &["desk.example"]);
        if !by_itself {
            desk.transports.reload().unwrap();
        }
        let renewed = async {
            loop {
                let next = phone(&desk, authority.client(None), "desk.example").await;
                // A key may be read that is already the next one, while its certificate is not: then the old pair serves.
                if first_name(&next.unwrap()) != first_name(&standing) {
                    return;
                }
            }
        };
        timeout(DEADLINE, renewed).await.expect("the next one sees the new certificate");
        standing.write_all(options(1).as_bytes()).await.unwrap();
        assert_eq!(desk.received().await.1, options(1));
    }
}

#[tokio::test]
async fn a_broken_renewal_keeps_what_there_was_and_says_so() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let desk = desk_with(&identity, |settings| settings.tls.look_every = Duration::from_secs(3_600)).await;
    let status = || desk.transports.certificate_status();
    assert_eq!(
        (status()[0].used_as, &status()[0].names[..]),
        (CertificateUse::Server, &["desk.example".to_owned()][..])
    );
    assert!(status()[0].not_before < status()[0].not_after && status()[0].renewal_fault.is_none());

    let KeyAndCertificate { key, certificate } = KeyAndCertificate::read(&identity);
    authority.certify("desk", &["desk.example"]);
    std::fs::write(&identity.key, &key).unwrap();
    let mixed =
        TlsFault::KeyOfAnother { certificate: identity.certificate.clone(), key: identity.key.clone() };
    assert_eq!(desk.transports.reload(), Err(mixed.clone()));
    assert_eq!(status()[0].renewal_fault, Some(mixed));
    std::fs::write(&identity.certificate, "nothing").unwrap();
    let missing = TlsFault::Missing { part: PemPart::Certificate, file: identity.certificate.clone() };
    assert_eq!(desk.transports.reload(), Err(missing));
    authority.certify_with("desk", &["desk.example"], expired);
    assert_eq!(desk.transports.reload(), Err(TlsFault::Expired { file: identity.certificate.clone() }));
    phone(&desk, authority.client(None), "desk.example").await.expect("the first certificate still serves");

    std::fs::write(&identity.key, &key).unwrap();
    std::fs::write(&identity.certificate, &certificate).unwrap();
    assert_eq!(desk.transports.reload(), Ok(()));
    assert_eq!(status()[0].renewal_fault, None);
}

struct KeyAndCertificate {
    key: Vec<u8>,
    certificate: Vec<u8>,
}

impl KeyAndCertificate {
    fn read(files: &PemFiles) -> Self {
        let read = |file| std::fs::read(file).unwrap();
        KeyAndCertificate { key: read(&files.key), certificate: read(&files.certificate) }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_files_is_said_before_anything_is_opened() {
    let authority = Authority::new();
    let good = authority.certify("desk", &["desk.example"]);
    let fault = |identity: Option<PemFiles>| async move {
        let mut settings = TransportSettings::listening_on(&["tls:127.0.0.1:0".parse().unwrap()]);
        settings.tls.identity = identity;
        Transports::start(&settings, |_| Ok(())).await.map(|_| ()).unwrap_err()
    };
    assert!(matches!(fault(None).await, TransportFault::NoCertificate { .. }));
    let nowhere = PemFiles { key: "/nowhere/desk.key".into(), ..good.clone() };
    assert_eq!(
        fault(Some(nowhere)).await.to_string(),
        "the private key in /nowhere/desk.key cannot be read: entity not found; see the file and who may read it"
    );
    let swapped = PemFiles { certificate: good.key.clone(), key: good.certificate.clone() };
    assert!(matches!(
        fault(Some(swapped)).await,
        TransportFault::Tls(TlsFault::Missing { part: PemPart::Certificate, .. })
    ));
}

#[tokio::test]
async fn who_connects_and_never_speaks_tls_is_closed_and_nobody_else_waits_for_him() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk = desk_with(&identity, |settings| settings.limits.handshake = Duration::from_secs(1)).await;
    let mut silent = TcpStream::connect(desk.address()).await.unwrap();
    let mut plain = TcpStream::connect(desk.address()).await.unwrap();
    plain.write_all(options(1).as_bytes()).await.unwrap();
    let mut good = phone(&desk, authority.client(None), "desk.example").await.unwrap();
    good.write_all(options(2).as_bytes()).await.unwrap();
    let flow: Flow = desk.received().await.0;
    assert_eq!(flow.remote, good.get_ref().0.local_addr().unwrap());
    let mut byte = [0];
    let end = timeout(DEADLINE, tokio::io::AsyncReadExt::read(&mut silent, &mut byte)).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)));
    desk.counted(|counters| counters.handshake_failed == 2).await;
}

#[tokio::test]
async fn who_begins_handshakes_and_finishes_none_keeps_nobody_out() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let mut desk = desk_with(&identity, |settings| {
        // Longer than the test: it is not time that makes room.
        settings.limits.handshake = 6 * DEADLINE;
        (settings.limits.handshakes_max, settings.limits.handshakes_per_source_max) = (4, 3);
        settings.limits.accepted_max = 2;
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..6 {
        silent.push(TcpStream::connect(desk.address()).await.unwrap());
    }
    desk.counted(|counters| counters.handshake_gave_way == 3).await;
    let mut phones = Vec::new();
    for number in 1..3 {
        let mut phone = phone(&desk, authority.client(None), "desk.example").await.unwrap();
        phone.write_all(options(number).as_bytes()).await.unwrap();
        let (flow, _) = desk.received().await;
        desk.transports.send(&flow, OK.as_bytes()).unwrap();
        reads(&mut phone, OK).await;
        phones.push(phone);
    }
    for _ in 0..6 {
        silent.push(TcpStream::connect(desk.address()).await.unwrap());
    }
    desk.counted(|counters| counters.handshake_gave_way >= 9).await;
    for phone in &mut phones {
        phone.write_all(b"\r\n\r\n").await.unwrap();
        reads(phone, "\r\n").await;
    }
    let counters = desk.transports.counters();
    assert_eq!((counters.accepted, counters.refused_connections), (2, 0), "handshakes take no places");
}

#[tokio::test]
async fn other_certificate_files_are_taken_while_connections_stand_and_wrong_ones_are_not() {
    let authority = Authority::new();
    let identity = authority.certify("desk", &["desk.example"]);
    let desk = desk_with(&identity, |_| {}).await;
    let mut standing = phone(&desk, authority.client(None), "desk.example").await.unwrap();
    let with =
        |identity: Option<&PemFiles>| TlsSettings { identity: identity.cloned(), ..TlsSettings::default() };
    let other = authority.certify("other", &["other.example"]);
    let swapped = PemFiles { certificate: other.key.clone(), key: other.certificate.clone() };
    assert!(matches!(desk.transports.replace_tls(with(Some(&swapped))), Err(TransportFault::Tls(_))));
    assert!(matches!(desk.transports.replace_tls(with(None)), Err(TransportFault::NoCertificate { .. })));
    assert!(phone(&desk, authority.client(None), "desk.example").await.is_ok(), "the one before is used on");
    desk.transports.replace_tls(with(Some(&other))).unwrap();
    assert!(phone(&desk, authority.client(None), "other.example").await.is_ok());
    assert!(phone(&desk, authority.client(None), "desk.example").await.is_err());
    standing.write_all(b"\r\n\r\n").await.unwrap();
    reads(&mut standing, "\r\n").await;
}
