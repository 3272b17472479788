//! Whether the ports are free, or this desk's own.

use super::Finding;
use crate::settings::Settings;
use frontdesk_sip_stack::Transport;
use frontdesk_sip_transport::ListenAddress;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long whoever has the port may take to say who it is.
const ANSWER: Duration = Duration::from_secs(1);

/// One entry of `[sip] listen`.
pub(super) struct Port {
    pub(super) finding: Finding,
    /// Whether a desk that runs has it.
    pub(super) is_ours: bool,
}

/// Where calls come in.
pub(super) async fn signalling(settings: &Settings) -> Vec<Port> {
    let mut ports = Vec::new();
    for listen in &settings.sip.listen {
        ports.push(one(*listen, &settings.sip.product).await);
    }
    ports
}

/// `product` is what this desk calls itself; one that runs there is known by it.
async fn one(listen: ListenAddress, product: &str) -> Port {
    let what = format!("listen {listen}");
    let error = match bind(listen) {
        Ok(()) => return Port { finding: Finding::ok(what, "free"), is_ours: false },
        Err(error) => error,
    };
    let port = listen.address.port();
    let finding = match error.kind() {
        ErrorKind::AddrInUse => {
            if let Some(server) = who_is_there(listen).await {
                if server == product {
                    let found = format!("a desk runs here (it calls itself \"{server}\")");
                    return Port { finding: Finding::ok(what, found), is_ours: true };
                }
                let name = if server.is_empty() { "it does not say which" } else { &server };
                let found = format!("another SIP program has it: {name}");
                Finding::fail(what, found, "stop that program, or set another port in [sip] listen")
            } else {
                let advice =
                    format!("`ss -lpn 'sport = :{port}'` says who has it; stop it, or set another port");
                Finding::fail(what, "another program has it", advice)
            }
        }
        ErrorKind::AddrNotAvailable => {
            let advice =
                "set an address of this machine (`ip address` lists them), or 0.0.0.0 for all of them";
            Finding::fail(what, "that is no address of this machine", advice)
        }
        ErrorKind::PermissionDenied => Finding::fail(
            what,
            "this user may not open it",
            "set a port above 1023, or grant CAP_NET_BIND_SERVICE",
        ),
        _ if listen.address.ip().is_unspecified() && listen.address.is_ipv6() => {
            Finding::warn(what, "this machine has no IPv6", "take it out of [sip] listen if that is meant so")
        }
        _ => Finding::fail(what, error.to_string(), "see [sip] listen"),
    };
    Port { finding, is_ours: false }
}

fn bind(listen: ListenAddress) -> std::io::Result<()> {
    match listen.transport {
        Transport::Udp => UdpSocket::bind(listen.address).map(drop),
        _ => TcpListener::bind(listen.address).map(drop),
    }
}

/// What whoever listens there calls itself: the `Server` of its answer to an OPTIONS, empty if it does not say. Only where it can be asked in clear.
async fn who_is_there(listen: ListenAddress) -> Option<String> {
    let ip = match listen.address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let remote = SocketAddr::new(ip, listen.address.port());
    let answer = tokio::time::timeout(ANSWER, async {
        match listen.transport {
            Transport::Udp => by_datagram(remote).await,
            Transport::Tcp => by_stream(remote).await,
            _ => None,
        }
    });
    let answer = answer.await.ok().flatten()?;
    let server = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("server").then(|| value.trim().to_owned())
    });
    Some(server.unwrap_or_default())
}

async fn by_datagram(remote: SocketAddr) -> Option<String> {
    let any: SocketAddr = if remote.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().ok()?;
    let socket = tokio::net::UdpSocket::bind(any).await.ok()?;
    socket.connect(remote).await.ok()?;
    let question = options(remote, socket.local_addr().ok()?, "UDP");
    socket.send(question.as_bytes()).await.ok()?;
    let mut answer = [0; 4_096];
    let length = socket.recv(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(answer.get(..length)?).into_owned())
}

async fn by_stream(remote: SocketAddr) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(remote).await.ok()?;
    let question = options(remote, stream.local_addr().ok()?, "TCP");
    stream.write_all(question.as_bytes()).await.ok()?;
    let mut answer = [0; 4_096];
    let length = stream.read(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(answer.get(..length)?).into_owned())
}

fn options(remote: SocketAddr, own: SocketAddr, transport: &str) -> String {
    let id = std::process::id();
    format!(
        "OPTIONS sip:{remote} SIP/2.0\r\nVia: SIP/2.0/{transport} {own};rport;branch=z9hG4bKdoctor{id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:doctor@{own}>;tag=doctor{id}\r\nTo: <sip:{remote}>\r\nCall-ID: doctor{id}@{own}\r\n\
         CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Whether the range for sound has room.
pub(super) fn sound(settings: &Settings, running: bool) -> Vec<Finding> {
    let one_port = settings.rtp.one_port.map(|port| port..=port + 1);
    let range = one_port.as_ref().unwrap_or(&settings.rtp.ports);
    if *range.end() == 0 {
        return vec![Finding::ok("sound ports", "any free ones are taken")];
    }
    let what = format!("sound ports {}-{}", range.start(), range.end());
    let any = if settings.rtp.address.is_some_and(|ip| ip.is_ipv6()) {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    // RTP takes an even port and RTCP the odd one above it (RFC 3550 §11).
    let pairs = range.clone().filter(|port| port % 2 == 0 && *port < *range.end());
    let free = |port: u16| UdpSocket::bind((any, port)).is_ok() && UdpSocket::bind((any, port + 1)).is_ok();
    let (mut all, mut taken) = (0u32, 0u32);
    for port in pairs {
        all += 1;
        taken += u32::from(!free(port));
    }
    let found = format!("{} of {all} pairs free, a call that is put through takes two", all - taken);
    vec![match (taken, running) {
        (0, _) | (_, true) => Finding::ok(what, found),
        (taken, false) if taken < all => Finding::warn(
            what,
            found,
            "another program uses some of them; choose a range of the desk's own in [rtp] ports",
        ),
        _ => Finding::fail(what, found, "choose another range in [rtp] ports"),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use std::path::Path;

    fn settings(text: &str) -> Settings {
        Settings::parse(Path::new("desk.toml"), text).expect("right settings")
    }

    #[tokio::test]
    async fn a_port_that_somebody_else_has_is_named_with_what_to_do() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let ports = signalling(&settings(&format!("[sip]\nlisten = \"udp:127.0.0.1:{port}\""))).await;
        assert_eq!(ports[0].finding.verdict, Verdict::Fail);
        assert!(ports[0].finding.advice.as_deref().unwrap().contains(&format!("sport = :{port}")));
        assert!(!ports[0].is_ours);
        drop(taken);
        let ports = signalling(&settings(&format!("[sip]\nlisten = \"udp:127.0.0.1:{port}\""))).await;
        assert_eq!(ports[0].finding.verdict, Verdict::Ok);
    }

    #[tokio::test]
    async fn a_desk_that_runs_already_is_recognised_by_its_answer() {
        let there = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = there.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut question = [0; 2_000];
            for server in ["frontdesk", "Other PBX"] {
                let (_, from) = there.recv_from(&mut question).await.unwrap();
                let answer = format!("SIP/2.0 200 OK\r\nServer: {server}\r\nContent-Length: 0\r\n\r\n");
                there.send_to(answer.as_bytes(), from).await.unwrap();
            }
        });
        let settings = settings(&format!("[sip]\nlisten = \"udp:127.0.0.1:{port}\""));
        let ours = signalling(&settings).await;
        assert!(ours[0].is_ours && ours[0].finding.verdict == Verdict::Ok, "{:?}", ours[0].finding);
        let other = signalling(&settings).await;
        assert!(!other[0].is_ours && other[0].finding.found.contains("Other PBX"), "{:?}", other[0].finding);
    }

    #[test]
    fn sound_ports_that_are_taken_are_counted() {
        // A pair that the system gave, so that nobody else has it.
        let (first, _second) = loop {
            let first = UdpSocket::bind("0.0.0.0:0").unwrap();
            let port = first.local_addr().unwrap().port();
            if port.is_multiple_of(2)
                && port < u16::MAX
                && let Ok(second) = UdpSocket::bind(("0.0.0.0", port + 1))
            {
                break (first, second);
            }
        };
        let port = first.local_addr().unwrap().port();
        let taken = settings(&format!("[rtp]\nports = \"{port}-{}\"", port + 1));
        assert_eq!(sound(&taken, false)[0].verdict, Verdict::Fail);
        assert_eq!(sound(&taken, true)[0].verdict, Verdict::Ok, "the desk itself may have them");
    }
}
