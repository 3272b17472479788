//! The control side: everything that costs time or memory, so that the tick does not.

use crate::orders::{Codecs, DigitRun, LegOrder, Order, Retired, RoomOrder, ThreadOrder};
use crate::playback::{PlaySource, Playback};
use crate::port::{Identity, Port};
use crate::recorder::Recorder;
use crate::tap::{Listening, RECORDER_CAPACITY_FRAMES, RecorderTap};
use frontdesk_identifiers::{LegId, Moment};
use frontdesk_media_protocol::{MediaEvent, PlaybackEnd, PlaybackId, PortFault};
use frontdesk_rtp_session::secure::Security;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

mod rooms;
use rooms::Rooms;

/// Legs that one engine carries; more are answered with [`PortFault::EngineFull`].
pub const MAX_LEGS: usize = 1_024;
/// Orders between the control side and the media thread. When the ring is full they wait in the outbox.
pub const ORDER_CAPACITY: usize = 256;
/// Orders that wait for the ring. When that many wait, the media thread has not run for seconds: then new
/// orders other than closings are refused, each answered as the failure that it is.
pub const OUTBOX_ORDERS: usize = 4_096;
/// What waits to be dropped. When it is full the media thread takes no orders until there is room.
pub(crate) const RETIRED_CAPACITY: usize = 512;

/// Where lines come from: sockets in a node, memory in a simulator.
pub(crate) trait LineSource {
    type Line;
    /// Opens a line for the port in this slot, and says its local RTP address.
    fn open(&mut self, bind: IpAddr, slot: u16) -> Result<Opened<Self::Line>, PortFault>;
}

/// A line that was opened.
pub(crate) struct Opened<L> {
    pub(crate) line: L,
    /// The local RTP address.
    pub(crate) address: SocketAddr,
    /// If this is the first line of those that share sockets: one for the thread, which reads them for all.
    pub(crate) common: Option<L>,
}

/// The rings between the two sides, seen from the control side.
pub(crate) struct ControlRings<L> {
    orders: HeapProd<ThreadOrder<L>>,
    events: HeapCons<MediaEvent>,
    retired: HeapCons<Retired<L>>,
    strangers: Arc<AtomicU64>,
}

/// The same rings, seen from the media thread.
pub(crate) struct ThreadRings<L> {
    pub(crate) orders: HeapCons<ThreadOrder<L>>,
    pub(crate) events: HeapProd<MediaEvent>,
    pub(crate) retired: HeapProd<Retired<L>>,
    /// Datagrams at the port of all legs that are nobody's.
    pub(crate) strangers: Arc<AtomicU64>,
}

pub(crate) fn rings<L>() -> (ControlRings<L>, ThreadRings<L>) {
    let (orders_in, orders_out) = HeapRb::new(ORDER_CAPACITY).split();
    let (events_in, events_out) = HeapRb::new(crate::status::EVENT_CAPACITY).split();
    let (retired_in, retired_out) = HeapRb::new(RETIRED_CAPACITY).split();
    let strangers = Arc::new(AtomicU64::new(0));
    (
        ControlRings {
            orders: orders_in,
            events: events_out,
            retired: retired_out,
            strangers: Arc::clone(&strangers),
        },
        ThreadRings { orders: orders_out, events: events_in, retired: retired_in, strangers },
    )
}

pub(crate) struct Control<S: LineSource> {
    source: S,
    rings: ControlRings<S::Line>,
    /// The open legs and their slots. A leg whose closing was ordered is not in it any more.
    legs: BTreeMap<LegId, u16>,
    free_slots: Vec<u16>,
    outbox: VecDeque<ThreadOrder<S::Line>>,
    /// What is to be told. Bounded: it is filled from the event ring only when it is empty, and by orders.
    told: VecDeque<MediaEvent>,
    recorder: Recorder,
    next_recording: u64,
    rooms: Rooms,
    chance: ChaCha12Rng,
}

impl<S: LineSource> Control<S> {
    pub(crate) fn new(source: S, rings: ControlRings<S::Line>, recorder: Recorder, seed: [u8; 32]) -> Self {
        Control {
            source,
            rings,
            legs: BTreeMap::new(),
            free_slots: (0..MAX_LEGS as u16).rev().collect(),
            outbox: VecDeque::new(),
            told: VecDeque::new(),
            recorder,
            next_recording: 0,
            rooms: Rooms::new(),
            chance: ChaCha12Rng::from_seed(seed),
        }
    }

    /// Takes an order. Whether something is to be polled that no ring will tell.
    pub(crate) fn order(&mut self, order: Order, now: Moment) -> bool {
        match order {
            Order::Open { leg, bind } => self.open(leg, bind, now),
            Order::Close { leg } => {
                self.leave_room(leg);
                if let Some(slot) = self.legs.remove(&leg) {
                    self.outbox.push_back(ThreadOrder::Leg { slot, what: LegOrder::Close });
                }
            }
            Order::Configure { leg, audio } => {
                let codecs = Codecs::of(&audio);
                let security = audio.secure.map(|keys| Box::new(Security::new(&keys)));
                self.for_leg(leg, LegOrder::Configure { audio, codecs, security }, now);
            }
            Order::Play { leg, playback, prompt, repeat } => {
                let source = PlaySource::Prompt { prompt, at: 0, repeat };
                self.for_leg(leg, LegOrder::Play(Playback::new(playback, source)), now);
            }
            Order::PlayStream { leg, playback, ring } => {
                let source = PlaySource::Stream { ring };
                self.for_leg(leg, LegOrder::Play(Playback::new(playback, source)), now);
            }
            Order::StopPlayback { leg, playback } => self.for_leg(leg, LegOrder::StopPlayback(playback), now),
            Order::Listen { leg, listening, ring } => {
                self.for_leg(leg, LegOrder::Listen(Listening::new(listening, ring)), now);
            }
            Order::StopListening { leg, listening } => {
                self.for_leg(leg, LegOrder::StopListening(listening), now);
            }
            Order::SendDigits { leg, digits } => {
                self.for_leg(leg, LegOrder::SendDigits(DigitRun::new(&digits)), now);
            }
            Order::Bridge { first, second } => {
                if let Some(slots) = self.two_slots(first, second) {
                    self.leave_room(first);
                    self.leave_room(second);
                    self.outbox.push_back(ThreadOrder::Bridge { first: slots.0, second: slots.1 });
                }
            }
            Order::Unbridge { first, second } => {
                if let Some((first, second)) = self.two_slots(first, second) {
                    self.outbox.push_back(ThreadOrder::Unbridge { first, second });
                }
            }
            Order::JoinRoom { leg, room, audience, announced } => {
                self.join_room(leg, room, &audience, announced);
            }
            Order::LeaveRoom { leg, room } => self.leave_this_room(leg, room),
            Order::PlayToRoom { room, playback, prompt, repeat } => {
                self.play_to_room(room, playback, prompt, repeat);
            }
            Order::StopRoomPlayback { room, playback } => {
                self.for_room(room, RoomOrder::StopPlayback(playback));
            }
            Order::Record { leg, path } => self.record(leg, path, now),
            Order::PauseRecording { leg } => self.for_leg(leg, LegOrder::PauseRecording(true), now),
            Order::ResumeRecording { leg } => self.for_leg(leg, LegOrder::PauseRecording(false), now),
            Order::StopRecording { leg } => self.for_leg(leg, LegOrder::StopRecording, now),
        }
        self.flush();
        !self.told.is_empty()
    }

    /// The next event. Also moves waiting orders on, and drops what the media thread is done with.
    pub(crate) fn poll(&mut self) -> Option<MediaEvent> {
        self.flush();
        if self.told.is_empty() {
            self.collect();
        }
        self.told.pop_front()
    }

    /// Ports come first out of their ring and last into the queue: all that was told of a leg before its port
    /// was retired is in the event ring by then, and stands before its [`MediaEvent::PortClosed`].
    fn collect(&mut self) {
        let mut closed = VecDeque::new();
        for _ in 0..RETIRED_CAPACITY {
            let Some(retired) = self.rings.retired.try_pop() else { break };
            if let Some(event) = self.drop_retired(retired) {
                closed.push_back(event);
            }
        }
        for _ in 0..crate::status::EVENT_CAPACITY {
            let Some(event) = self.rings.events.try_pop() else { break };
            self.told.push_back(event);
        }
        self.told.append(&mut closed);
        while let Some(event) = self.recorder.ended() {
            self.told.push_back(event);
        }
    }

    fn drop_retired(&mut self, retired: Retired<S::Line>) -> Option<MediaEvent> {
        match retired {
            Retired::Port { slot, mut port } => {
                if let Some(tap) = port.take_recorder() {
                    self.recorder.finish(tap.recording, tap.missing());
                }
                let event = MediaEvent::PortClosed { leg: port.leg(), counters: port.counters() };
                // The sockets close here, before anybody is told that they are free.
                drop(port);
                self.free_slots.push(slot);
                Some(event)
            }
            Retired::Recorder(tap) => {
                self.recorder.finish(tap.recording, tap.missing());
                None
            }
            Retired::Playback(playback) => {
                drop(playback);
                None
            }
            Retired::Listening(listening) => {
                drop(listening);
                None
            }
            Retired::Seat(seat) => {
                drop(seat);
                None
            }
            Retired::Room { place, room } => {
                drop(room);
                self.rooms.give_back(place);
                None
            }
            Retired::Agreed(codecs, security) => {
                drop((codecs, security));
                None
            }
        }
    }

    fn open(&mut self, leg: LegId, bind: IpAddr, now: Moment) {
        if self.legs.contains_key(&leg) {
            // A name is used once; the port that has it stays as it is.
            return;
        }
        // Ports that are closed but not polled yet would be missed here.
        if self.free_slots.is_empty() {
            self.collect();
        }
        let slot = self.free_slots.last().copied().filter(|_| self.outbox.len() < OUTBOX_ORDERS);
        let opened = slot
            .ok_or(PortFault::EngineFull)
            .and_then(|slot| self.source.open(bind, slot).map(|opened| (slot, opened)));
        match opened {
            Ok((slot, Opened { line, address, common })) => {
                self.free_slots.pop();
                self.outbox.extend(common.map(|line| ThreadOrder::Common { line }));
                let port = Box::new(Port::new(leg, line, &self.identity(), now));
                self.legs.insert(leg, slot);
                self.outbox.push_back(ThreadOrder::Open { slot, port });
                self.told.push_back(MediaEvent::PortOpened { leg, address });
            }
            Err(fault) => self.told.push_back(MediaEvent::PortFailed { leg, fault }),
        }
    }

    /// RFC 3550 §5.1: the source's name, its first sequence number and timestamp are drawn by chance. The number lies in
    /// the lower half, so that an encrypted stream whose first packets are lost cannot have wrapped (RFC 4568 §6.4).
    fn identity(&mut self) -> Identity {
        let mut seed = [0; 32];
        self.chance.fill_bytes(&mut seed);
        Identity {
            ssrc: self.chance.next_u32(),
            first_sequence: self.chance.next_u32() as u16 & 0x7fff,
            first_timestamp: self.chance.next_u32(),
            cname: format!("{:016x}", self.chance.next_u64()),
            seed,
        }
    }

    fn record(&mut self, leg: LegId, path: PathBuf, now: Moment) {
        if !self.legs.contains_key(&leg) || self.outbox.len() >= OUTBOX_ORDERS {
            let event = MediaEvent::RecordingEnded {
                leg,
                samples: 0,
                gap_samples: 0,
                paused_samples: 0,
                kept: false,
            };
            self.told.push_back(event);
            return;
        }
        let recording = self.next_recording;
        self.next_recording += 1;
        let (tick_end, disk_end) = HeapRb::new(RECORDER_CAPACITY_FRAMES).split();
        self.recorder.begin(recording, leg, path, disk_end);
        self.for_leg(leg, LegOrder::Record(RecorderTap::new(recording, tick_end)), now);
    }

    fn for_leg(&mut self, leg: LegId, what: LegOrder, now: Moment) {
        match self.legs.get(&leg) {
            Some(slot) if self.outbox.len() < OUTBOX_ORDERS => {
                self.outbox.push_back(ThreadOrder::Leg { slot: *slot, what });
            }
            _ => {
                if let LegOrder::Play(playback) = what {
                    self.told.push_back(never_played(leg, playback.id, now));
                }
            }
        }
    }

    fn two_slots(&self, first: LegId, second: LegId) -> Option<(u16, u16)> {
        let slots = (*self.legs.get(&first)?, *self.legs.get(&second)?);
        (first != second && self.outbox.len() < OUTBOX_ORDERS).then_some(slots)
    }

    fn flush(&mut self) {
        while let Some(order) = self.outbox.pop_front() {
            if let Err(order) = self.rings.orders.try_push(order) {
                self.outbox.push_front(order);
                break;
            }
        }
    }

    /// The media thread has ended and gave back what it had: nothing of it is lost, recordings are published.
    pub(crate) fn stop(&mut self, left: Vec<Retired<S::Line>>) {
        self.collect();
        for retired in left {
            self.drop_retired(retired);
        }
        self.outbox.clear();
        self.recorder.stop();
    }

    /// Datagrams at the port of all legs that were nobody's.
    pub(crate) fn strangers(&self) -> u64 {
        self.rings.strangers.load(Ordering::Relaxed)
    }

    /// How many slots are free: for tests that look for leaks.
    pub(crate) fn free_slots(&self) -> usize {
        self.free_slots.len()
    }
}

fn never_played(leg: LegId, playback: PlaybackId, at: Moment) -> MediaEvent {
    MediaEvent::PlaybackEnded { leg, playback, end: PlaybackEnd::Failed, sent_samples: 0, at }
}
