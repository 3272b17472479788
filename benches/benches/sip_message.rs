//! What it costs to read and write an INVITE, beside rsip's own parser, whose vocabulary frontdesk uses.
//!
//! `cargo bench -p frontdesk-benches --bench sip_message`

use frontdesk_benches::counting::{CountingAllocator, allocated};
use frontdesk_benches::invite;
use frontdesk_benches::statistics::median;
use frontdesk_benches::table::Table;
use frontdesk_sip_message::Message;
use rsip::headers::ToTypedHeader;
use rsip::message::HeadersExt;
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const ROUNDS: usize = 9;
const TIMES_A_ROUND: u32 = 5_000;

/// One way of doing the work.
struct Measured {
    /// Median of the rounds.
    micros: f64,
    allocations: u64,
    bytes: u64,
}

/// Rounds of all ways take turns, so that a busy moment of the machine strikes all alike.
fn measure(ways: &mut [&mut dyn FnMut()]) -> Vec<Measured> {
    let mut rounds = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for (way, rounds) in ways.iter_mut().zip(&mut rounds) {
            let began = Instant::now();
            for _ in 0..TIMES_A_ROUND {
                way();
            }
            rounds.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES_A_ROUND));
        }
    }
    let all = ways.iter_mut().zip(rounds);
    all.map(|(way, rounds)| {
        let (_, counted) = allocated(way);
        Measured {
            micros: median(&rounds).unwrap_or_default(),
            allocations: counted.times,
            bytes: counted.bytes,
        }
    })
    .collect()
}

/// The headers that an INVITE must be understood by, in frontdesk's types.
fn understand(message: &Message) {
    let headers = message.headers();
    black_box(headers.top_via().expect("a Via"));
    black_box(headers.from().expect("a From"));
    black_box(headers.to().expect("a To"));
    black_box(headers.call_id().expect("a Call-ID"));
    black_box(headers.cseq().expect("a CSeq"));
    black_box(headers.contacts().expect("a Contact"));
    black_box(headers.max_forwards().expect("a Max-Forwards"));
}

/// The same in rsip's types.
fn understand_by_rsip(message: &rsip::SipMessage) {
    black_box(message.via_header().expect("a Via").typed().expect("a good Via"));
    black_box(message.from_header().expect("a From").typed().expect("a good From"));
    black_box(message.to_header().expect("a To").typed().expect("a good To"));
    black_box(message.call_id_header().expect("a Call-ID"));
    black_box(message.cseq_header().expect("a CSeq").typed().expect("a good CSeq"));
    black_box(message.contact_header().expect("a Contact").typed().expect("a good Contact"));
    black_box(message.max_forwards_header().expect("a Max-Forwards").num().expect("a number"));
}

fn main() {
    let bytes = invite::typical();
    let message = Message::read(&bytes).expect("frontdesk reads it");
    let by_rsip = rsip::SipMessage::try_from(bytes.as_slice()).expect("rsip reads it");
    let mut out = Vec::with_capacity(2_048);
    let mut table = Table::new();
    let measured = measure(&mut [
        &mut || drop(black_box(Message::read(black_box(&bytes)).expect("it is read"))),
        &mut || understand(&Message::read(black_box(&bytes)).expect("it is read")),
        &mut || {
            out.clear();
            black_box(&message).write(&mut out);
            black_box(&out);
        },
        &mut || drop(black_box(rsip::SipMessage::try_from(black_box(bytes.as_slice())).expect("it is read"))),
        &mut || {
            let message = rsip::SipMessage::try_from(black_box(bytes.as_slice())).expect("it is read");
            understand_by_rsip(&message);
        },
        &mut || drop(black_box(Vec::<u8>::from(black_box(&by_rsip).clone()))),
    ]);
    let clone_of_rsip = measure(&mut [&mut || drop(black_box(black_box(&by_rsip).clone()))]);

    println!("an INVITE of {} bytes", bytes.len());
    let [read, understood, written, rsip_read, rsip_understood, rsip_written] = &measured[..] else {
        unreachable!("as many results as ways")
    };
    let figure = |ours: &Measured, theirs: &Measured| {
        format!(
            "{:.2} (rsip in the same run: {:.2}; {} allocations of {} bytes against {} of {})",
            ours.micros, theirs.micros, ours.allocations, ours.bytes, theirs.allocations, theirs.bytes
        )
    };
    table.figure("invite_read", &figure(read, rsip_read), read.micros);
    table.figure("invite_understood", &figure(understood, rsip_understood), understood.micros);
    // rsip writes only what it may consume: the copy that it is given is not its own cost.
    let rsip_write = Measured {
        micros: rsip_written.micros - clone_of_rsip[0].micros,
        allocations: rsip_written.allocations - clone_of_rsip[0].allocations,
        bytes: rsip_written.bytes - clone_of_rsip[0].bytes,
    };
    table.figure("invite_written", &figure(written, &rsip_write), written.micros);
    table.figure("invite_read_allocations", &read.allocations.to_string(), read.allocations as f64);
    table.figure(
        "invite_understood_allocations",
        &understood.allocations.to_string(),
        understood.allocations as f64,
    );
    table.figure("invite_written_allocations", &written.allocations.to_string(), written.allocations as f64);
    table.print("cargo bench -p frontdesk-benches --bench sip_message");
}
