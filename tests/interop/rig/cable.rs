//! The network between a telephone and the desk, that somebody can cut.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Passes connections on to a desk.
pub struct Cable {
    /// Where it takes them.
    pub address: SocketAddr,
    passed: Arc<Mutex<Vec<Passed>>>,
}

/// A connection that is passed on: the telephone's half and the desk's.
struct Passed {
    near: TcpStream,
    /// Kept, so that the desk hears nothing of a cut.
    _far: TcpStream,
}

impl Cable {
    /// Passes on to there.
    pub fn to(desk: SocketAddr) -> Cable {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let passed = Arc::new(Mutex::new(Vec::new()));
        let known = passed.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(desk) else { continue };
                let copy = |stream: &TcpStream| stream.try_clone().expect("a handle");
                pass(copy(&near), copy(&far));
                pass(copy(&far), copy(&near));
                lock(&known).push(Passed { near, _far: far });
            }
        });
        Cable { address, passed }
    }

    /// Cuts every connection as a telephone meets it that changes its network: it is told at once, the desk never.
    pub fn cut_unnoticed_by_the_desk(&self) {
        for Passed { near, .. } in lock(&self.passed).iter() {
            let _ = near.shutdown(Shutdown::Both);
        }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        lock(&self.passed).len()
    }
}

fn lock(passed: &Mutex<Vec<Passed>>) -> MutexGuard<'_, Vec<Passed>> {
    passed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies one direction until its end, which is not passed on.
fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
}
