//! How the telephone registers: by digest, through frontdesk's own stack as a client.

use frontdesk_identifiers::Moment;
use frontdesk_sip_message::{Host, NameAddr, SipUri};
use frontdesk_sip_stack::{
    Credentials, Flow, OutgoingRegistration, RegistrationId, SipCommand, SipEvent, SipInput, SipOutput,
    SipSettings, SipStack, Transport,
};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long it may take.
const LONGEST: Duration = Duration::from_secs(5);
/// Longer than a bench runs, so that nothing is refreshed meanwhile.
const EXPIRES: Duration = Duration::from_secs(1_800);

/// Another for each registration, so that none is taken for the repetition of one before.
fn seed() -> [u8; 32] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut seed = [7; 32];
    let next = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    seed.iter_mut().zip(next).for_each(|(byte, next)| *byte = next);
    seed
}

/// Registers this socket as the account's telephone.
///
/// # Errors
/// When the desk refuses, or does not answer.
pub fn register(socket: &UdpSocket, desk: SocketAddr, account: &str, password: &str) -> io::Result<()> {
    let local = socket.local_addr()?;
    let uri = |user: Option<&str>| SipUri::new(user, Host::Ip(desk.ip()), Some(desk.port()));
    let flow = Flow { transport: Transport::Udp, local, remote: desk };
    let began = Instant::now();
    let now = || Moment::from_nanos(began.elapsed().as_nanos() as u64);
    let mut stack = SipStack::new(seed());
    stack.handle(SipInput::Settings(Arc::new(SipSettings::default())), now());
    stack.handle(
        SipInput::Command(SipCommand::Register(Box::new(OutgoingRegistration {
            registration: RegistrationId(1),
            registrar: uri(None).into(),
            address_of_record: NameAddr::new(uri(Some(account))),
            flow,
            credentials: Some(Credentials { username: account.to_owned(), password: password.to_owned() }),
            routes: Vec::new(),
            quirks: Arc::default(),
            expires: EXPIRES,
        }))),
        now(),
    );
    let mut bytes = [0; 4_096];
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    while began.elapsed() < LONGEST {
        while let Some(output) = stack.poll() {
            match output {
                SipOutput::Transmit { bytes, .. } => drop(socket.send_to(&bytes, desk)?),
                SipOutput::Event(SipEvent::Registered { .. }) => return Ok(()),
                SipOutput::Event(SipEvent::RegistrationEnded { status, .. }) => {
                    return Err(io::Error::other(format!("the desk refuses the telephone: {status:?}")));
                }
                SipOutput::Event(_) => {}
            }
        }
        match socket.recv_from(&mut bytes) {
            Ok((length, _)) => {
                let bytes = bytes.get(..length).unwrap_or_default().to_vec();
                stack.handle(SipInput::Received { flow, bytes }, now());
            }
            Err(_) => stack.handle(SipInput::Tick, now()),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the desk does not answer a REGISTER"))
}
