//! Legs of every kind come and go by the thousand, and what they took is given back. Every byte of this process is counted;
//! `FRONTDESK_LEGS=20000` lets more of them come.

mod party;

use frontdesk_audio::Prompt;
use frontdesk_media_engine::testing::Simulation;
use frontdesk_media_engine::{Order, speech_ring};
use frontdesk_media_protocol::{Audience, Codec, ListeningId, MediaEvent, PlaybackId, RoomId, SrtpSuite};
use party::Party;
use std::alloc::{GlobalAlloc, Layout, System};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::time::{Duration, Instant};

static LIVE: AtomicIsize = AtomicIsize::new(0);

struct Counting;

// SAFETY: every call is handed on to the system's allocator unchanged; counting touches no memory of the heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Legs that are there at once.
const TOGETHER: u64 = 50;
const LEGS: u64 = 1_000;
/// How long the recorder's own thread is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// What may be left: the maps of this process keep a little room, whoever was in them.
const SPARE_BYTES: isize = 8 * 1_024;

fn legs() -> u64 {
    std::env::var("FRONTDESK_LEGS").ok().and_then(|legs| legs.parse().ok()).unwrap_or(LEGS)
}

/// A round of legs: each codec, each second one encrypted; bridged, in prompts, in a room, listened to and recorded.
fn round(simulation: &mut Simulation, first: u64, folder: &Path, prompt: &Arc<Prompt>) {
    let codecs = [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus];
    let mut parties: Vec<Party> = (0..TOGETHER)
        .map(|at| {
            let address = (Ipv4Addr::new(192, 0, 2, 1), 20_000 + 2 * at as u16).into();
            let party = Party::at(first + at, codecs[at as usize % 4], address);
            let party = if at % 2 == 0 { party } else { party.encrypts(SrtpSuite::AesCm128HmacSha1_80) };
            party.enters(simulation)
        })
        .collect();
    let mut ears = Vec::new();
    for (at, party) in parties.iter().enumerate() {
        let leg = party.leg;
        match at % 5 {
            0 => simulation.order(Order::Play {
                leg,
                playback: PlaybackId(leg.0),
                prompt: Arc::clone(prompt),
                repeat: true,
            }),
            1 => {
                simulation.order(Order::Bridge { first: leg, second: parties[(at + 1) % parties.len()].leg })
            }
            3 => simulation.order(Order::JoinRoom {
                leg,
                room: RoomId(1 + first / TOGETHER),
                audience: Audience::Everybody,
                announced: true,
            }),
            4 => {
                let (ring, far_end) = speech_ring();
                simulation.order(Order::Listen { leg, listening: ListeningId(leg.0), ring });
                ears.push(far_end);
            }
            _ => {}
        }
        if at % 10 == 7 {
            let path = folder.join(format!("{}.wav", leg.0));
            simulation.order(Order::Record { leg, path });
        }
    }
    for _ in 0..10 {
        parties.iter_mut().for_each(|party| party.says(simulation, 2_000));
        simulation.tick();
    }
    parties.iter().for_each(|party| simulation.order(Order::Close { leg: party.leg }));
    let (mut closed, mut recorded) = (0, 0);
    let until = Instant::now() + PATIENCE;
    while closed < TOGETHER || recorded < TOGETHER / 10 {
        assert!(Instant::now() < until, "{closed} legs closed, {recorded} recordings ended");
        simulation.tick();
        while let Some(event) = simulation.poll() {
            closed += u64::from(matches!(event, MediaEvent::PortClosed { .. }));
            if let MediaEvent::RecordingEnded { kept, .. } = event {
                assert!(kept, "the disk takes no recordings: is it full?");
                recorded += 1;
            }
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_a_thousand_legs_took_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let prompt = Arc::new(Prompt::from_pcm_8k(vec![2_000; 160 * 40]));
    let mut simulation = Simulation::new(Duration::from_secs(5), [3; 32]).unwrap();
    let slots = simulation.free_slots();
    // The first rounds bring what all later ones use.
    for warming in 0..2 {
        round(&mut simulation, warming * TOGETHER, folder.path(), &prompt);
    }
    let before = LIVE.load(Ordering::Relaxed);
    for number in 2..2 + legs().div_ceil(TOGETHER) {
        round(&mut simulation, number * TOGETHER, folder.path(), &prompt);
        assert_eq!(simulation.free_slots(), slots);
        let grown = LIVE.load(Ordering::Relaxed) - before;
        assert!(grown <= SPARE_BYTES, "{grown} bytes more after {} legs", number * TOGETHER);
    }
}
