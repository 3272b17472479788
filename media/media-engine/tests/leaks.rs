//! After many calls everything is back. One test in a process of its own, which counts its file handles.

use frontdesk_identifiers::LegId;
use frontdesk_media_engine::{EngineSettings, MediaEngine, Order};
use frontdesk_media_protocol::MediaEvent;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn after_four_hundred_legs_and_a_stop_no_handle_and_no_thread_is_left() {
    let before = (open_files(), threads());
    let mut engine = MediaEngine::start(EngineSettings {
        one_port: None,
        ports: 0..=0,
        realtime: false,
        no_media_after: Duration::from_secs(1),
        wake: None,
        epoch: Instant::now(),
        seed: [9; 32],
    })
    .unwrap();
    let running = open_files();
    let until = Instant::now() + Duration::from_secs(60);
    for round in 0..8u64 {
        for leg in 0..50 {
            engine.order(Order::Open { leg: LegId(round * 50 + leg), bind: Ipv4Addr::LOCALHOST.into() });
        }
        for leg in 0..50 {
            engine.order(Order::Close { leg: LegId(round * 50 + leg) });
        }
        let mut closed = 0;
        while closed < 50 {
            assert!(Instant::now() < until, "only {closed} of 50 ports were closed");
            closed += usize::from(matches!(engine.poll(), Some(MediaEvent::PortClosed { .. })));
            std::thread::yield_now();
        }
        assert_eq!(open_files(), running);
    }
    engine.stop();
    assert_eq!((open_files(), threads()), before);
}
