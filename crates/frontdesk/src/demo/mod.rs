//! `frontdesk demo`: the main job in front of your eyes.
//!
//! A real desk, real telephones and a caller with a voice, each a process of its own, over real SIP and RTP on
//! loopback. What they print is shown as it happens; what they heard and what the desk recorded is checked; and
//! record, recording, transcript and response times of each call are left in a folder.

mod act;
mod cast;
mod heard;
mod outcome;

pub use act::{ACTS, Act, DESKS, Desk};
pub use cast::{Cast, CastFault};
pub use heard::{Heard, HeardFault, LIKENESS_MIN, channels, check_both_ways, likeness};
pub use outcome::{Outcome, judge};

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Everything is over by then, or it went wrong.
pub const TIME_LIMIT: Duration = Duration::from_secs(90);

/// Plays every act and leaves what came of it in `folder`. True when each call did what it should.
///
/// # Errors
/// When the desk or a telephone cannot be started.
pub fn play(program: &Path, folder: &Path) -> Result<bool, CastFault> {
    let until = Instant::now() + TIME_LIMIT;
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let stage = folder.join("desk");
    std::fs::create_dir_all(&stage)?;
    let mut cast = Cast::open(program, &stage, until)?;
    let mut played = Vec::new();
    for act in &ACTS {
        println!("\n=== {} ===", act.title);
        let recordings = folder.join(act.name);
        std::fs::create_dir_all(&recordings)?;
        played.push((act, cast.play(act, &recordings)));
    }
    let ears = cast.ears().to_owned();
    let closed = cast.close();
    println!("\n=== what came of it ===");
    let mut good = true;
    let calls = outcome::calls(&stage.join("data"))?;
    for (number, (act, played)) in played.into_iter().enumerate() {
        let verdict = played.and_then(|()| {
            let call = calls.get(number).ok_or(CastFault::NoRecord { act: act.name })?;
            outcome::leave(call, &stage.join("data"), &folder.join(act.name))?;
            judge(act, call, &folder.join(act.name))
        });
        match verdict {
            Ok(outcome) => println!("{:<12} as it should: {outcome}", act.name),
            Err(fault) => {
                good = false;
                println!("{:<12} WENT WRONG: {fault}", act.name);
            }
        }
    }
    if let Err(fault) = closed {
        good = false;
        println!("the desk WENT WRONG: {fault}");
    }
    println!("heard by {ears}");
    println!("records, recordings, transcripts and response times: {}", folder.display());
    Ok(good)
}

/// The file of a telephone's recording within an act's folder: left what it heard, right what it said.
fn telephone_recording(folder: &Path, who: &str) -> PathBuf {
    folder.join(format!("{who}.wav"))
}
