//! The rules of the tick, enforced: 500 legs under a counting allocator. One allocation or free fails.
//!
//! The tick makes no system call that is not receive, send, clock or the eventfd either; that is held by the shape
//! of the code, since all of them go through the `Wire`, the `Clock` and `status.rs`.

mod party;

use frontdesk_audio::Prompt;
use frontdesk_identifiers::LegId;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Channel, Order, StreamFrame, speech_ring, stream_ring};
use frontdesk_media_protocol::{
    Audience, Codec, ListeningId, MediaEvent, PlaybackId, RoomId, SpeechFrame, SrtpSuite,
};
use party::Party;
use ringbuf::traits::{Consumer, Producer};
use ringbuf::{HeapCons, HeapProd};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

thread_local! {
    /// Allocations and frees of this thread since counting began; `None` while nobody counts.
    static COUNTED: Cell<Option<u64>> = const { Cell::new(None) };
}

struct Counting;

fn count() {
    // A thread that is just ending has no cell any more, and does not count.
    let _ = COUNTED.try_with(|counted| counted.set(counted.get().map(|count| count + 1)));
}

// SAFETY: every call is handed on to the system's allocator unchanged; counting touches no memory of the heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread allocates or frees in it.
fn allocations(of: impl FnOnce()) -> u64 {
    COUNTED.set(Some(0));
    of();
    COUNTED.take().unwrap_or(u64::MAX)
}

const LEGS: u64 = 500;

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 2);
    assert_eq!(allocations(|| ()), 0);
}

/// Every second leg is encrypted, by each suite in its turn.
fn secured(party: Party) -> Party {
    let suites = [
        SrtpSuite::AesCm128HmacSha1_80,
        SrtpSuite::AesCm128HmacSha1_32,
        SrtpSuite::AeadAes128Gcm,
        SrtpSuite::AeadAes256Gcm,
    ];
    match party.leg.0 {
        leg if leg % 2 == 1 => party.encrypts(suites[leg as usize / 2 % 4]),
        _ => party,
    }
}

/// Every third of the first legs is in a room, with nine others.
const ROOM_LEGS: usize = 150;

fn joins(leg: LegId, room: u64) -> Order {
    let audience = match leg.0 % 5 {
        0 => Audience::Nobody,
        1 => Audience::Only(vec![LegId(leg.0 + 3)]),
        _ => Audience::Everybody,
    };
    Order::JoinRoom { leg, room: RoomId(room), audience, announced: leg.0.is_multiple_of(2) }
}

/// A third of the legs in prompts, a third bridged, a third with a streaming voice; half of the bridges and all others
/// are listened to, and one leg in ten is recorded. The far ends of their rings.
fn busy(
    simulation: &mut Simulation,
    parties: &[Party],
    folder: &Path,
) -> (Vec<HeapCons<SpeechFrame>>, Vec<HeapProd<StreamFrame>>) {
    let prompt = Arc::new(Prompt::from_pcm_8k(vec![2_000; 160 * 40]));
    let mut ears = Vec::new();
    let mut voices = Vec::new();
    for (at, party) in parties.iter().enumerate() {
        let leg = party.leg;
        match at % 3 {
            0 => simulation.order(Order::Play {
                leg,
                playback: PlaybackId(at as u64),
                prompt: Arc::clone(&prompt),
                repeat: at % 2 == 0,
            }),
            1 if at + 3 < parties.len() && at % 6 == 1 => {
                simulation.order(Order::Bridge { first: leg, second: parties[at + 3].leg });
            }
            1 => {}
            _ => {
                let (voice, ring) = stream_ring();
                voices.push(voice);
                simulation.order(Order::PlayStream { leg, playback: PlaybackId(at as u64), ring });
                if at < ROOM_LEGS {
                    simulation.order(joins(leg, at as u64 / 30));
                }
            }
        }
        if at % 3 != 1 || at % 12 == 1 {
            let (ring, ear) = speech_ring();
            ears.push(ear);
            simulation.order(Order::Listen { leg, listening: ListeningId(at as u64), ring });
        }
        if at % 10 == 0 {
            simulation.order(Order::Record { leg, path: folder.join(format!("{at}.wav")) });
        }
        if at % 40 == 0 {
            simulation.tick();
        }
    }
    (ears, voices)
}

/// Orders of all kinds.
fn disturb(simulation: &mut Simulation, parties: &[Party], round: u64) {
    let party = &parties[round as usize];
    simulation.order(Order::StopRecording { leg: parties[(round as usize + 1) / 10 * 10].leg });
    simulation.order(Order::SendDigits { leg: party.leg, digits: "12".into() });
    simulation.order(Order::LeaveRoom { leg: LegId(2), room: RoomId(0) });
    simulation.order(joins(LegId(5), 1));
    simulation.order(joins(LegId(5), 0));
    simulation.order(joins(LegId(152), 77));
    simulation.order(Order::Bridge { first: LegId(152), second: LegId(155) });
    for room in 0..5 {
        let prompt = Arc::new(Prompt::from_pcm_8k(vec![1_000; 160 * 20]));
        let (room, playback) = (RoomId(room), PlaybackId(100_000 + round * 10 + room));
        simulation.order(Order::PlayToRoom { room, playback, prompt, repeat: false });
    }
    // A refresh that says the same again: its keys are built once more, and dropped.
    simulation.order(Order::Configure { leg: parties[1].leg, audio: parties[1].audio() });
    simulation.order(Order::Close { leg: parties[499 - round as usize / 50].leg });
}

#[test]
fn no_tick_of_500_busy_legs_allocates_or_frees() {
    let folder = tempfile::tempdir().unwrap();
    let mut simulation = Simulation::new(Duration::from_millis(500), [1; 32]).unwrap();
    // Bridges of every kind among them; what the codecs do with C's memory is held in `audio`.
    let codec = |leg: u64| match leg {
        _ if leg.is_multiple_of(11) => Codec::G722,
        _ if leg.is_multiple_of(13) => Codec::Opus,
        _ if leg.is_multiple_of(3) => Codec::Pcma,
        _ => Codec::Pcmu,
    };
    let mut parties: Vec<Party> = (0..LEGS)
        .map(|leg| Party::new(leg, codec(leg)))
        .map(secured)
        .map(|party| party.enters(&mut simulation))
        .collect();
    let (mut ears, mut voices) = busy(&mut simulation, &parties, folder.path());
    for _ in 0..20 {
        simulation.tick();
    }
    let (mut told, mut counted, mut passed_on) = (0, 0, 0);
    for round in 0..300u64 {
        for (at, party) in parties.iter_mut().enumerate() {
            // One packet in seventeen is lost; keys and rubbish come now and then.
            let packet = party.packet((at as i16) * 10);
            if !(round + at as u64).is_multiple_of(17) {
                simulation.deliver(party.leg, Channel::Rtp, party.address, &packet);
            }
            if (round + at as u64).is_multiple_of(61) {
                for packet in party.key((round % 12) as u8) {
                    simulation.deliver(party.leg, Channel::Rtp, party.address, &packet);
                }
                simulation.deliver(party.leg, Channel::Rtp, party.address, &[0x80, 0, 1]);
                simulation.deliver(party.leg, Channel::Rtcp, party.address, &[0x81, 200, 0, 1, 9, 9, 9, 9]);
            }
        }
        for voice in &mut voices {
            let _ = voice.try_push([round as i16; 160]);
        }
        if round == 150 {
            voices.truncate(20);
        }
        counted += allocations(|| simulation.tick());
        passed_on += simulation.legs_without_ticks();
        // Orders and stalls are the tick's business too: taking them in, and moving out what is done with.
        if round % 50 == 49 {
            disturb(&mut simulation, &parties, round);
            counted += allocations(|| simulation.stall(Duration::from_millis(70)));
        }
        for ear in &mut ears {
            ear.clear();
        }
        told += std::iter::from_fn(|| simulation.poll())
            .filter(|event| !matches!(event, MediaEvent::PortOpened { .. }))
            .count();
    }
    assert_eq!(counted, 0);
    assert!(passed_on > 300 * 30, "bridges that nobody listens to are passed on: {passed_on}");
    assert!(told > 500, "the ticks had something to tell: {told}");
}

#[test]
fn no_tick_of_200_legs_by_one_port_allocates_or_frees_whoever_writes_to_it() {
    let mut simulation = Simulation::with_one_port(Duration::ZERO, [1; 32]).unwrap();
    let mut parties: Vec<Party> =
        (0..200).map(|leg| secured(Party::new(leg, Codec::Pcmu)).enters(&mut simulation)).collect();
    for pair in parties.chunks(2) {
        simulation.order(Order::Bridge { first: pair[0].leg, second: pair[1].leg });
        simulation.step();
    }
    let mut stranger = Party::at(900, Codec::Pcmu, "203.0.113.66:4000".parse().unwrap());
    let mut counted = 0;
    for round in 0..100 {
        for group in parties.chunks_mut(20) {
            for party in group {
                let packet = party.packet(5_000);
                simulation.deliver_to_all(Channel::Rtp, party.address, &packet);
            }
            for _ in 0..10 {
                simulation.deliver_to_all(Channel::Rtp, stranger.address, &stranger.packet(9_000));
                simulation.deliver_to_all(Channel::Rtcp, stranger.address, &[0x80; 3]);
            }
            counted += allocations(|| simulation.step());
        }
        if round % 10 == 9 {
            let party = &parties[round];
            simulation.order(Order::Configure { leg: party.leg, audio: party.audio() });
            simulation.order(Order::Close { leg: parties[199 - round / 10].leg });
            counted += allocations(|| simulation.tick());
        }
        while simulation.poll().is_some() {}
    }
    assert_eq!(counted, 0);
    assert!(simulation.strangers() >= 100 * 10 * 20);
}
