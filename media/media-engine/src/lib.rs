//! The media engine: a thread with a clock of its own that carries the sound of all legs.
//!
//! # The way of 20 ms of sound
//!
//! The control side ([`MediaEngine`]) binds sockets, makes rings and takes prompts, and moves them by a ring of
//! [`Order`]s into the media thread. The thread (`thread.rs`) waits for its sockets and its wheel (`clock.rs`). What a
//! socket has is read at once, in batches (`sockets.rs`), into the leg's
//! [`RtpSession`](frontdesk_rtp_session::RtpSession). Four times in 20 ms a turn is due (`deck.rs`), for the legs of
//! one spoke: each leg *hears* (`port/hear.rs`: playout, decode or conceal; level and activity unless it is bridged and nobody listens), then
//! each leg *speaks* (`port/speak.rs`): `route.rs` lends it its partner's frame, the source is chosen — a key,
//! a playback, the partner, silence —, the frame is tapped for the recorder (`tap.rs`), encoded unless a prompt stands
//! ready in the codec, and put behind a header; then the packets of all these legs are sent. What happened is told by
//! a ring of events (`status.rs`) and one write to an eventfd. The recorder's thread (`recorder.rs`) empties its rings
//! to the disk.
//!
//! The thread wakes for what there is to do: turns without a leg are left out, the first legs share a spoke, and while
//! there is no leg at all it sleeps until there is an order (`rest.rs`). A closed port is told together with others, at
//! most 100 ms later.
//!
//! Where one port serves all legs (`exchange.rs`), whose a datagram is follows from its sender, and what is sent leaves by
//! batches.
//!
//! A bridge that nobody listens to, of two legs with the same codec, goes past all that (`relay.rs`): its payloads are passed
//! on as they come, and it has no ticks.
//!
//! A room (`conference.rs`) is mixed between the two halves of its spoke's turn: all that was heard is added up once, and each
//! leg is lent the sum without its own part.
//!
//! Any other bridge joins legs on one spoke: what came in before the turn leaves in the turn, so that the bridge adds the
//! wait for the next turn (0–20 ms, as the two clocks stand to each other) and no tick of its own.
//!
//! # The rules of the tick
//!
//! * No lock. No allocation and no free: what is needed is built on the control side and moved in; what is done with is
//!   moved out by a ring and dropped there. `tests/allocation_guard.rs` counts.
//! * No system call but receive, send, and one `write` to the eventfd; the clock is read in user space. The wait
//!   between turns is one `epoll_pwait2`; where packets come close together, it stands behind a rest of at most a millisecond in
//!   which more gather.
//! * No log, no panic on what a packet says, every loop bounded.
//! * A turn stands on an absolute deadline. One that is 20 ms late is passed over, counted, and never caught up with a
//!   burst: the RTP timestamp moves on by the ticks that were skipped, the sequence numbers stay contiguous, a recording has
//!   silence there.
//!
//! # What is kept when a ring is full
//!
//! | ring | size | when full |
//! |---|---|---|
//! | orders | [`ORDER_CAPACITY`] | they wait on the control side, at most [`OUTBOX_ORDERS`] |
//! | events | [`EVENT_CAPACITY`] | [`HearingOverrun`](frontdesk_media_protocol::MediaEvent::HearingOverrun) and [`Quality`](frontdesk_media_protocol::MediaEvent::Quality) are dropped, everything else waits in its port; no order is taken until there is room |
//! | speech | 15 s | the frame is lost, and it is told once |
//! | playback | [`STREAM_CAPACITY_FRAMES`], 400 ms | the voice waits |
//! | recorder | [`RECORDER_CAPACITY_FRAMES`], 2 s | silence in the recording, counted as its gap |
//!
//! # Budget
//!
//! Measured with `cargo bench -p frontdesk-benches --bench tick_500_g711 -- --sockets`, 500 legs of G.711, microseconds for
//! one tick of all legs. Two virtual cores that were shared with builds: three runs, the first in a quiet minute, the others
//! at a load of 3.7, between which the encoder became quicker; before the last, without sockets, legs that only hear a
//! prompt came to be watched for voice too.
//!
//! | stage | 500 prompts | 250 bridges | a desk at work |
//! |---|---|---|---|
//! | receive (memory to jitter buffer) | 33–56 | 33–51 | 31–46 |
//! | playout and decode | 109–170 | 105–167 | 111–210 |
//! | activity (legs without a partner) | 95 | – | 13–37 |
//! | route, taps (50 legs recorded), level of prompts | 23–63 | 19–31 | 45–68 |
//! | encode, header | 17–24 | 101–44 | 59–42 |
//! | send (to memory), tell | 61–106 | 57–90 | 56–82 |
//! | **all**, of it 55–70 the bench's own clock | 244–461 | 315–382 | 314–474 |
//! | **with sockets on loopback**, the thread's whole processor time | 5,100–7,400 | 6,100–6,300 | 5,500–6,000 |
//!
//! The sound itself is a twentieth of what the network's system calls cost: a leg takes 0.05–0.07 % of a core, and what
//! would make it less is fewer system calls a packet, not faster arithmetic. The promises that follow from it: the stages
//! without sockets stay below 1 ms for 500 legs, and below 0.1 % of a core a leg with them, on such a machine.
//!
//! # What it never does
//!
//! It knows no tenant, no SIP and no database; it decides nothing but which of the sources of a leg is heard.

mod clock;
mod conference;
mod control;
mod deck;
mod engine;
mod exchange;
mod keys;
mod orders;
mod pace;
mod packets;
mod playback;
mod played;
mod port;
mod recorder;
mod relay;
mod rest;
mod route;
mod sockets;
mod stage;
mod status;
mod tap;
pub mod testing;
mod thread;
mod wire;

pub use clock::{Clock, SPOKE, SPOKES, SteadyClock, TICK};
pub use control::{MAX_LEGS, ORDER_CAPACITY, OUTBOX_ORDERS};
pub use engine::{EngineFault, EngineSettings, MediaEngine, Scheduling};
pub use orders::{DIGITS_PER_ORDER, Order, STREAM_CAPACITY_FRAMES, StreamFrame, speech_ring, stream_ring};
pub use recorder::key::RecordingKey;
pub use recorder::recover::{Recovered, Recovery, recover_recordings};
pub use recorder::sealed::{Unsealed, unseal};
pub use stage::{NoProbe, Probe, Stage};
pub use status::EVENT_CAPACITY;
pub use tap::RECORDER_CAPACITY_FRAMES;
pub use wire::Channel;
