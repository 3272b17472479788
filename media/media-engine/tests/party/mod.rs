//! The other side of a leg: somebody with an address, a codec and a stream.
#![allow(dead_code, reason = "each test file uses its part of it")]

use frontdesk_audio::g711;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order};
use frontdesk_media_protocol::{AgreedAudio, Codec, MediaEvent, SrtpKey, SrtpKeys, SrtpSuite};
use frontdesk_rtp_session::packet::{self, RtpPacket};
use frontdesk_rtp_session::secure::{ADDED_TO_RTP, Opening, Room, Sealing};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The dynamic payload type of telephone-events in these tests.
pub const EVENT_TYPE: u8 = 101;

pub struct Party {
    pub leg: LegId,
    pub address: SocketAddr,
    pub codec: Codec,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    /// With what it speaks, if it speaks encrypted.
    keys: Option<(SrtpKeys, Sealing, RefCell<Opening>)>,
}

impl Party {
    pub fn new(leg: u64, codec: Codec) -> Self {
        let ip = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
        Party::at(leg, codec, SocketAddr::new(ip, 20_000 + 2 * leg as u16))
    }

    pub fn at(leg: u64, codec: Codec, address: SocketAddr) -> Self {
        let (sequence, timestamp) = (65_530, u32::MAX - 1_000);
        Party {
            leg: LegId(leg),
            address,
            codec,
            sequence,
            timestamp,
            ssrc: 0x1234_0000 + leg as u32,
            keys: None,
        }
    }

    /// Speaks encrypted from now on, with a key for each direction.
    pub fn encrypts(mut self, suite: SrtpSuite) -> Self {
        let key =
            |byte: u8| SrtpKey::new(suite, &vec![byte; suite.key_bytes() + suite.salt_bytes()]).unwrap();
        let (ours, desks) = (key(self.leg.0 as u8), key(!self.leg.0 as u8));
        let keys = SrtpKeys { suite, send: desks, receive: ours };
        self.keys = Some((keys, Sealing::new(suite, &ours), RefCell::new(Opening::new(suite, &desks))));
        self
    }

    pub fn audio(&self) -> AgreedAudio {
        AgreedAudio {
            telephone_event: Some(EVENT_TYPE),
            receive_telephone_event: Some(EVENT_TYPE),
            telephone_event_hz: 8_000,
            secure: self.keys.as_ref().map(|(keys, ..)| *keys),
            ..AgreedAudio::plain(self.codec, self.payload_type(), self.address)
        }
    }

    pub fn payload_type(&self) -> u8 {
        match self.codec {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// Opens and configures the leg in a simulation.
    pub fn enters(self, simulation: &mut Simulation) -> Self {
        simulation.order(Order::Open { leg: self.leg, bind: Ipv4Addr::LOCALHOST.into() });
        assert!(matches!(simulation.poll(), Some(MediaEvent::PortOpened { .. })));
        simulation.order(Order::Configure { leg: self.leg, audio: self.audio() });
        simulation.tick();
        self
    }

    /// The party's next packet: 20 ms of a constant value, which G.711 keeps nearly as it is.
    pub fn packet(&mut self, value: i16) -> Vec<u8> {
        let mut payload = [0; 160];
        self.encode(&[value; 160], &mut payload);
        let bytes = self.write(self.payload_type(), self.timestamp, false, &payload);
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        bytes
    }

    fn encode(&self, samples: &[i16; 160], payload: &mut [u8; 160]) {
        match self.codec {
            Codec::Pcmu => g711::encode_ulaw(samples, payload),
            Codec::Pcma => g711::encode_alaw(samples, payload),
            // Sound of no meaning; to Opus 20 ms of it.
            Codec::G722 | Codec::Opus => {
                payload.fill(samples[0] as u8);
                payload[0] = 9 << 3;
            }
        }
    }

    /// The packet of 20 ms of sound.
    pub fn packet_of(&mut self, samples: &[i16; 160]) -> Vec<u8> {
        let mut payload = [0; 160];
        self.encode(samples, &mut payload);
        let packet = self.write(self.payload_type(), self.timestamp, false, &payload);
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        packet
    }

    /// Sends 20 ms of sound; it arrives at once.
    pub fn sounds(&mut self, simulation: &mut Simulation, samples: &[i16; 160]) {
        let mut payload = [0; 160];
        self.encode(samples, &mut payload);
        let packet = self.write(self.payload_type(), self.timestamp, false, &payload);
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        assert!(simulation.deliver(self.leg, Channel::Rtp, self.address, &packet));
    }

    /// The packets of a key that is held for 60 ms: three updates, three ends (RFC 4733 §2.5.1).
    pub fn key(&mut self, event: u8) -> Vec<Vec<u8>> {
        let since = self.timestamp;
        let packets = (0..6u16).map(|at| {
            let (end, duration) = if at < 3 { (0, 160 * (at + 1)) } else { (0x80, 480) };
            let [high, low] = duration.to_be_bytes();
            self.write(EVENT_TYPE, since, at == 0, &[event, end | 10, high, low])
        });
        let packets = packets.collect();
        self.timestamp = self.timestamp.wrapping_add(480 + 320);
        packets
    }

    /// The packets of a key that is held for so many ticks, one for each, and then its three ends.
    pub fn holds_key(&mut self, event: u8, ticks: u16) -> Vec<Vec<u8>> {
        let since = self.timestamp;
        let packets = (0..ticks + 3).map(|at| {
            let (end, duration) = if at < ticks { (0, 160 * (at + 1)) } else { (0x80, 160 * ticks) };
            let [high, low] = duration.to_be_bytes();
            self.write(EVENT_TYPE, since, at == 0, &[event, end | 10, high, low])
        });
        let packets = packets.collect();
        self.timestamp = self.timestamp.wrapping_add(160 * u32::from(ticks + 3));
        packets
    }

    fn write(&mut self, payload_type: u8, timestamp: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let ssrc = self.ssrc;
        let mut bytes = vec![0; 12 + payload.len()];
        packet::write(&RtpPacket { marker, payload_type, sequence, timestamp, ssrc, payload }, &mut bytes);
        if let Some((_, sealing, _)) = &mut self.keys {
            let length = bytes.len();
            bytes.resize(length + ADDED_TO_RTP, 0);
            let length = sealing.seal_rtp(&mut bytes, length);
            bytes.truncate(length);
        }
        bytes
    }

    /// The party's next packet, with 20 ms of this payload.
    pub fn carries(&mut self, payload: &[u8]) -> Vec<u8> {
        let packet = self.write(self.payload_type(), self.timestamp, false, payload);
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock_hz() / 50);
        packet
    }

    /// It says that it is silent (RFC 3389), for the two seconds that follow.
    pub fn comfort_noise(&mut self) -> Vec<u8> {
        let packet = self.write(13, self.timestamp, false, &[60]);
        self.timestamp = self.timestamp.wrapping_add(16_000);
        packet
    }

    /// The party's next packets are another stream's.
    pub fn begins_anew(&mut self, ssrc: u32) {
        (self.ssrc, self.sequence, self.timestamp) = (ssrc, 77, 1_000_000);
    }

    /// Says 20 ms of a value; it arrives at once.
    pub fn says(&mut self, simulation: &mut Simulation, value: i16) {
        let packet = self.packet(value);
        assert!(simulation.deliver(self.leg, Channel::Rtp, self.address, &packet));
    }

    /// All RTP packets that were sent to this party since it was asked last.
    pub fn hears(&self, simulation: &mut Simulation) -> Vec<Heard> {
        let sent = std::iter::from_fn(|| simulation.sent(self.leg));
        sent.filter(|datagram| datagram.channel == Channel::Rtp)
            .map(|datagram| {
                assert_eq!(datagram.address, self.address);
                let mut room = Room::new();
                let bytes = match &self.keys {
                    Some((_, _, opening)) => {
                        opening.borrow_mut().open_rtp(datagram.bytes(), &mut room).expect("with our keys");
                        &room
                    }
                    None => datagram.bytes(),
                };
                Heard::read(bytes, datagram.at.as_millis())
            })
            .collect()
    }
}

/// A packet that a party got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub at_ms: u64,
    pub sequence: u16,
    pub timestamp: u32,
    pub payload_type: u8,
    pub payload: Vec<u8>,
}

impl Heard {
    pub fn read(bytes: &[u8], at_ms: u64) -> Self {
        let packet = packet::read(bytes).expect("this side sends RTP");
        Heard {
            at_ms,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            payload_type: packet.payload_type,
            payload: packet.payload.to_vec(),
        }
    }

    /// The samples, if it is sound.
    pub fn samples(&self) -> Option<[i16; 160]> {
        let mut samples = [0; 160];
        match (self.payload_type, self.payload.len()) {
            (0, 160) => g711::decode_ulaw(&self.payload, &mut samples),
            (8, 160) => g711::decode_alaw(&self.payload, &mut samples),
            _ => return None,
        }
        Some(samples)
    }

    /// The greatest magnitude in it; A-law's silence is 8.
    pub fn peak(&self) -> u16 {
        self.samples()
            .map_or(0, |samples| samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0))
    }

    pub fn is_silent(&self) -> bool {
        self.peak() <= 8
    }
}

/// All events that there are.
pub fn events(simulation: &mut Simulation) -> Vec<MediaEvent> {
    std::iter::from_fn(|| simulation.poll()).collect()
}
