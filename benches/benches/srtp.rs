//! What it costs to encrypt and to decrypt a packet of 20 ms of G.711, with each suite.
//!
//! `cargo bench -p frontdesk-benches --bench srtp`

use frontdesk_benches::counting::{CountingAllocator, allocated};
use frontdesk_benches::statistics::median;
use frontdesk_benches::table::Table;
use frontdesk_media_protocol::{SrtpKey, SrtpSuite};
use frontdesk_rtp_session::secure::{ADDED_TO_RTP, Opening, Room, Sealing};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Each suite, and the names of its two figures.
const SUITES: [(SrtpSuite, &str, &str); 4] = [
    (SrtpSuite::AesCm128HmacSha1_80, "srtp_cm_80_encrypted", "srtp_cm_80_decrypted"),
    (SrtpSuite::AesCm128HmacSha1_32, "srtp_cm_32_encrypted", "srtp_cm_32_decrypted"),
    (SrtpSuite::AeadAes128Gcm, "srtp_gcm_128_encrypted", "srtp_gcm_128_decrypted"),
    (SrtpSuite::AeadAes256Gcm, "srtp_gcm_256_encrypted", "srtp_gcm_256_decrypted"),
];
/// Many and short, so that a busy moment of the machine strikes few of them.
const ROUNDS: usize = 199;
const PACKETS: u16 = 1_000;
const PACKET_BYTES: usize = 172;

/// Nanoseconds a packet: to seal, to open; and how often memory was taken.
fn round(suite: SrtpSuite) -> (f64, f64, u64) {
    let key = SrtpKey::new(suite, &vec![7; suite.key_bytes() + suite.salt_bytes()]).expect("a key");
    let (mut sealing, mut opening) = (Sealing::new(suite, &key), Opening::new(suite, &key));
    let mut packets = vec![[0u8; PACKET_BYTES + ADDED_TO_RTP]; usize::from(PACKETS)];
    let mut lengths = vec![0; packets.len()];
    for (number, packet) in (0..PACKETS).zip(&mut packets) {
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&number.to_be_bytes());
    }
    let each = |time: std::time::Duration| time.as_secs_f64() * 1e9 / f64::from(PACKETS);
    let mut times = (0.0, 0.0);
    let (_, counted) = allocated(|| {
        let began = Instant::now();
        for (packet, length) in packets.iter_mut().zip(&mut lengths) {
            *length = sealing.seal_rtp(packet, PACKET_BYTES);
        }
        times.0 = each(began.elapsed());
        let began = Instant::now();
        for (packet, length) in packets.iter().zip(&lengths) {
            let mut room = Room::new();
            opening.open_rtp(&packet[..*length], &mut room).expect("a packet of this key");
        }
        times.1 = each(began.elapsed());
    });
    (times.0, times.1, counted.times)
}

fn main() {
    let mut table = Table::new();
    let mut allocations = 0;
    for (suite, sealed, opened) in SUITES {
        let rounds: Vec<_> = (0..ROUNDS).map(|_| round(suite)).collect();
        let median_of = |which: fn(&(f64, f64, u64)) -> f64| {
            median(&rounds.iter().map(which).collect::<Vec<_>>()).unwrap_or_default()
        };
        let (seal, open) = (median_of(|round| round.0), median_of(|round| round.1));
        table.figure(sealed, &format!("{seal:.0}"), seal);
        table.figure(opened, &format!("{open:.0}"), open);
        allocations += rounds.iter().map(|round| round.2).sum::<u64>();
    }
    table.figure("srtp_allocations", &allocations.to_string(), allocations as f64);
    table.print("cargo bench -p frontdesk-benches --bench srtp");
}
