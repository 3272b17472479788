//! The engine with its threads and real sockets. Nothing here sleeps: the engine's own packets are the clock.

mod party;

use frontdesk_audio::Prompt;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::{
    EngineFault, EngineSettings, MediaEngine, Order, Scheduling, recover_recordings,
};
use frontdesk_media_protocol::{AgreedAudio, Codec, MediaEvent, PlaybackEnd, PlaybackId, PortFault};
use party::{EVENT_TYPE, Heard, Party};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::OwnedFd;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Desk {
    engine: MediaEngine,
    bell: OwnedFd,
    told: Vec<MediaEvent>,
}

fn settings(wake: Option<OwnedFd>) -> EngineSettings {
    EngineSettings {
        one_port: None,
        ports: 0..=0,
        realtime: false,
        no_media_after: Duration::ZERO,
        wake,
        epoch: Instant::now(),
        seed: [3; 32],
    }
}

impl Desk {
    fn start() -> Self {
        Desk::try_start(None).unwrap()
    }

    fn try_start(one_port: Option<u16>) -> Result<Self, EngineFault> {
        let bell = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap();
        let settings = EngineSettings { one_port, ..settings(Some(bell.try_clone().unwrap())) };
        Ok(Desk { engine: MediaEngine::start(settings)?, bell, told: Vec::new() })
    }

    /// Waits for an event, woken by the bell alone.
    fn wait_for<T>(&mut self, wanted: impl Fn(&MediaEvent) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.engine.poll() {
                self.told.push(event);
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
            assert!(Instant::now() < until, "it was never told; told was {:?}", self.told);
            let timeout = Timespec { tv_sec: 5, tv_nsec: 0 };
            poll(&mut [PollFd::new(&self.bell, PollFlags::IN)], Some(&timeout)).unwrap();
            let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        }
    }

    /// A telephone with a socket of its own, connected to a new leg.
    fn telephone(&mut self, leg: u64, ip: IpAddr, codec: Codec) -> Telephone {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let party = Party::at(leg, codec, socket.local_addr().unwrap());
        self.engine.order(Order::Open { leg: party.leg, bind: ip });
        let desk = self.wait_for(|event| match event {
            MediaEvent::PortOpened { leg, address } if *leg == party.leg => Some(*address),
            _ => None,
        });
        self.engine.order(Order::Configure { leg: party.leg, audio: party.audio() });
        Telephone { party, socket, desk }
    }
}

struct Telephone {
    party: Party,
    socket: UdpSocket,
    desk: SocketAddr,
}

impl Telephone {
    fn hear(&self) -> Heard {
        let mut bytes = [0; 2_000];
        let (length, from) = self.socket.recv_from(&mut bytes).expect("the desk sends each 20 ms");
        assert_eq!(from, self.desk);
        Heard::read(&bytes[..length], 0)
    }

    fn say(&mut self, value: i16) {
        let packet = self.party.packet(value);
        self.socket.send_to(&packet, self.desk).unwrap();
    }
}

fn prompt_of(value: i16, frames: usize) -> Arc<Prompt> {
    Arc::new(Prompt::from_pcm_8k(vec![value; frames * 160]))
}

#[test]
fn a_prompt_is_heard_over_ipv4_and_ipv6() {
    let mut desk = Desk::start();
    for (leg, ip) in [(1, IpAddr::from(Ipv4Addr::LOCALHOST)), (2, Ipv6Addr::LOCALHOST.into())] {
        let telephone = desk.telephone(leg, ip, Codec::Pcma);
        let playback = PlaybackId(leg);
        let prompt = prompt_of(7_000, 25);
        desk.engine.order(Order::Play { leg: LegId(leg), playback, prompt, repeat: false });
        let mut loud = 0;
        let mut previous: Option<Heard> = None;
        while loud < 25 {
            let heard = telephone.hear();
            loud += usize::from(heard.peak() > 6_000);
            if let Some(previous) = previous {
                assert_eq!(heard.sequence, previous.sequence.wrapping_add(1));
            }
            previous = Some(heard);
        }
        let end = desk.wait_for(|event| match event {
            MediaEvent::PlaybackEnded { playback: told, end, sent_samples, .. } if *told == playback => {
                Some((*end, *sent_samples))
            }
            _ => None,
        });
        assert_eq!(end, (PlaybackEnd::Completed, 25 * 160));
        assert!(telephone.hear().is_silent());
    }
    desk.engine.stop();
}

#[test]
fn two_telephones_hear_each_other_and_each_other_s_keys() {
    let mut desk = Desk::start();
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let mut one = desk.telephone(1, ip, Codec::Pcmu);
    let mut other = desk.telephone(2, ip, Codec::Pcma);
    desk.engine.order(Order::Bridge { first: one.party.leg, second: other.party.leg });
    let (mut at_one, mut at_other) = (0, 0);
    for _ in 0..1_000 {
        one.say(9_000);
        other.say(-3_000);
        at_one += usize::from((2_500..3_500).contains(&one.hear().peak()));
        at_other += usize::from((8_000..10_000).contains(&other.hear().peak()));
        if at_one >= 50 && at_other >= 50 {
            break;
        }
    }
    assert!(at_one >= 50 && at_other >= 50, "{at_one} {at_other}");
    for packet in other.party.key(9) {
        other.socket.send_to(&packet, other.desk).unwrap();
    }
    let key = desk.wait_for(|event| match event {
        MediaEvent::Digit { leg: LegId(2), key, .. } => Some(*key),
        _ => None,
    });
    assert_eq!(key, '9');
    let event =
        (0..100).map(|_| one.hear()).find(|heard| heard.payload_type == EVENT_TYPE).expect("the key passed");
    assert_eq!(event.payload[0], 9);
}

/// A pair of ports that nobody has on either family: found by trying.
fn free_pair() -> u16 {
    let free = |port: &u16| {
        let hosts = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        let sockets = hosts.map(|ip| (UdpSocket::bind((ip, *port)), UdpSocket::bind((ip, *port + 1))));
        sockets.iter().all(|(rtp, rtcp)| rtp.is_ok() && rtcp.is_ok())
    };
    (40_000..60_000).step_by(26).find(free).expect("no free pair of ports")
}

#[test]
fn four_telephones_talk_by_one_port_and_a_stranger_is_nobody() {
    let port = free_pair();
    let mut desk = Desk::try_start(Some(port)).unwrap();
    let hosts = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::Pcmu, Codec::Pcmu];
    let mut telephones: Vec<Telephone> =
        (0..4).map(|leg| desk.telephone(leg as u64, hosts[leg / 2], codecs[leg])).collect();
    assert!(telephones.iter().all(|telephone| telephone.desk.port() == port));
    for pair in [[0, 1], [2, 3]] {
        desk.engine.order(Order::Bridge { first: LegId(pair[0]), second: LegId(pair[1]) });
    }
    let stranger = UdpSocket::bind((hosts[0], 0)).unwrap();
    let values = [3_000, 5_000, 7_000, 9_000];
    let mut heard = [0; 4];
    for _ in 0..1_000 {
        for (telephone, value) in telephones.iter_mut().zip(values) {
            telephone.say(value);
        }
        stranger.send_to(&Party::new(9, Codec::Pcmu).packet(30_000), (hosts[0], port)).unwrap();
        for (at, telephone) in telephones.iter().enumerate() {
            let expected = values[at ^ 1] as u16;
            let peak = telephone.hear().peak();
            assert!(peak < 20_000, "the stranger is heard by {at}");
            heard[at] += usize::from(peak.abs_diff(expected) < 400);
        }
        if heard.iter().all(|heard| *heard >= 50) {
            break;
        }
    }
    assert!(heard.iter().all(|heard| *heard >= 50), "{heard:?}");
    assert!(desk.engine.strangers() >= 50);
    assert!(matches!(Desk::try_start(Some(port + 1)), Err(EngineFault::OnePort)));
}

#[test]
fn a_flood_on_one_leg_does_not_reach_another() {
    let mut desk = Desk::start();
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let flooded = desk.telephone(1, ip, Codec::Pcmu);
    let calm = desk.telephone(2, ip, Codec::Pcmu);
    let playback = PlaybackId(1);
    let prompt = prompt_of(7_000, 30);
    desk.engine.order(Order::Play { leg: LegId(2), playback, prompt, repeat: false });
    let stranger = UdpSocket::bind((ip, 0)).unwrap();
    let mut loud = 0;
    while loud < 30 {
        for _ in 0..200 {
            let _ = stranger.send_to(&[0x40; 172], flooded.desk);
            let _ = stranger.send_to(&[0xff; 3], SocketAddr::new(ip, flooded.desk.port() + 1));
        }
        loud += usize::from(calm.hear().peak() > 6_000);
    }
    desk.engine.order(Order::Close { leg: LegId(1) });
    let refused = desk.wait_for(|event| match event {
        MediaEvent::PortClosed { leg: LegId(1), counters } => Some(counters.packets_refused),
        _ => None,
    });
    assert!(refused > 200, "{refused}");
}

#[test]
fn a_closing_leg_says_goodbye_on_the_other_side_s_rtcp_port() {
    let mut desk = Desk::start();
    let ip = IpAddr::from(Ipv6Addr::LOCALHOST);
    let mut telephone = desk.telephone(1, ip, Codec::Pcmu);
    let reports = UdpSocket::bind((ip, 0)).unwrap();
    reports.set_read_timeout(Some(PATIENCE)).unwrap();
    let audio = AgreedAudio { remote_rtcp: reports.local_addr().unwrap(), ..telephone.party.audio() };
    desk.engine.order(Order::Configure { leg: LegId(1), audio });
    for _ in 0..5 {
        telephone.say(100);
        telephone.hear();
    }
    desk.engine.order(Order::Close { leg: LegId(1) });
    let mut bytes = [0; 1_500];
    // RFC 3550 §6.1: a compound packet begins with a report (200, 201); a goodbye is of type 203 and stands last.
    let said_goodbye = (0..10).any(|_| {
        let (length, from) = reports.recv_from(&mut bytes).expect("a report");
        assert_eq!(from.port(), telephone.desk.port() + 1);
        assert!(matches!(bytes[1], 200 | 201));
        bytes[..length].windows(2).any(|pair| pair == [0x81, 203])
    });
    assert!(said_goodbye);
}

#[test]
fn a_stopped_engine_leaves_a_whole_recording_and_nothing_to_recover() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls/one.wav");
    let mut desk = Desk::start();
    let mut telephone = desk.telephone(1, Ipv4Addr::LOCALHOST.into(), Codec::Pcmu);
    desk.engine.order(Order::Record { leg: LegId(1), path: path.clone() });
    for _ in 0..60 {
        telephone.say(5_000);
        telephone.hear();
    }
    desk.engine.stop();
    let mut wav = hound::WavReader::open(&path).unwrap();
    assert!(wav.duration() > 30 * 160, "{}", wav.duration());
    assert!(wav.samples::<i16>().any(|sample| sample.unwrap() > 4_500));
    assert!(recover_recordings(folder.path()).unwrap().is_empty());
}

#[test]
fn what_cannot_be_is_said_and_not_done() {
    let none = EngineSettings { ports: 5_001..=5_001, ..settings(None) };
    assert!(matches!(MediaEngine::start(none), Err(EngineFault::NoPorts(_))));
    let mut desk = Desk::start();
    assert_eq!(desk.engine.scheduling(), Scheduling::Ordinary);
    assert!(desk.engine.is_running());
    let elsewhere = IpAddr::from(Ipv4Addr::new(192, 0, 2, 77));
    desk.engine.order(Order::Open { leg: LegId(1), bind: elsewhere });
    let fault = desk.wait_for(|event| match event {
        MediaEvent::PortFailed { fault, .. } => Some(*fault),
        _ => None,
    });
    assert_eq!(fault, PortFault::AddressRefused);
    desk.engine.order(Order::Close { leg: LegId(1) });
    let prompt = prompt_of(1, 1);
    desk.engine.order(Order::Play { leg: LegId(1), playback: PlaybackId(1), prompt, repeat: true });
    let end = desk.wait_for(|event| match event {
        MediaEvent::PlaybackEnded { end, .. } => Some(*end),
        _ => None,
    });
    assert_eq!(end, PlaybackEnd::Failed);
}

#[test]
fn realtime_is_asked_for_and_done_without_where_it_is_refused() {
    let engine = MediaEngine::start(EngineSettings { realtime: true, ..settings(None) }).unwrap();
    assert_ne!(engine.scheduling(), Scheduling::Ordinary);
    engine.stop();
}
