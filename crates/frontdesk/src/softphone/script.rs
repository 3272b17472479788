//! What the telephone's user says and presses, one thing after the other.

use frontdesk_identifiers::Moment;
use std::collections::VecDeque;
use std::time::Duration;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Say this.
    Say(String),
    /// Press these keys.
    Press(String),
    /// Wait.
    Pause(Duration),
    /// Hang up.
    HangUp,
}

/// Politeness: an item begins when the far end has spoken and then been quiet for this long.
const QUIET_BEFORE_SPEAKING: Duration = Duration::from_millis(900);
/// Less voice than this is no utterance.
const LEAST_VOICE_FRAMES: u32 = 10;
/// Somebody who never speaks is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long one key takes, with the gap behind it (RFC 4733 §2.5.1.3 and common practice).
const KEY_TIME: Duration = Duration::from_millis(250);

/// The items that are left, and what is being waited for.
#[derive(Debug)]
pub struct Script {
    items: VecDeque<Item>,
    waiting: Waiting,
    polite: bool,
    far_end: FarEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// The call does not stand yet.
    Call,
    /// For the far end to finish speaking, since this moment.
    Quiet(Moment),
    /// For the end of the own playback.
    Playback,
    /// For a time.
    Until(Moment),
    /// For nothing: all is done.
    Done,
}

/// What the far end has said since this side last spoke or pressed a key.
#[derive(Debug, Clone, Copy, Default)]
struct FarEnd {
    voiced_frames: u32,
    last_voice: Moment,
}

impl Script {
    /// A script; a polite one lets the far end speak first and finish.
    pub fn new(items: Vec<Item>, polite: bool) -> Self {
        Script { items: items.into(), waiting: Waiting::Call, polite, far_end: FarEnd::default() }
    }

    /// The call stands.
    pub fn begin(&mut self, now: Moment) {
        self.next(now);
    }

    /// 20 ms of the far end came; whether there is voice in it.
    pub fn frame(&mut self, active: bool, now: Moment) {
        if active {
            self.far_end.voiced_frames += 1;
            self.far_end.last_voice = now;
        }
    }

    /// What was said is said.
    pub fn playback_ended(&mut self, now: Moment) {
        if self.waiting == Waiting::Playback {
            self.far_end = FarEnd::default();
            self.next(now);
        }
    }

    /// When the script wants to be asked again.
    pub fn deadline(&self) -> Option<Moment> {
        match self.waiting {
            Waiting::Call | Waiting::Playback | Waiting::Done => None,
            Waiting::Until(at) => Some(at),
            Waiting::Quiet(since) if !self.polite => Some(since),
            Waiting::Quiet(since) => {
                let spoke = self.far_end.voiced_frames >= LEAST_VOICE_FRAMES;
                let quiet = self.far_end.last_voice + QUIET_BEFORE_SPEAKING;
                Some(if spoke { quiet } else { since + PATIENCE })
            }
        }
    }

    /// The item whose time has come.
    pub fn due(&mut self, now: Moment) -> Option<Item> {
        if self.deadline().is_none_or(|at| now < at) {
            return None;
        }
        if let Waiting::Until(_) = self.waiting {
            // The time of the last item is over; the next one may have to wait for something of its own.
            self.next(now);
            if self.deadline().is_none_or(|at| now < at) {
                return None;
            }
        }
        let item = self.items.pop_front();
        self.waiting = match &item {
            None | Some(Item::HangUp) => Waiting::Done,
            Some(Item::Say(_)) => Waiting::Playback,
            Some(Item::Press(keys)) => {
                self.far_end = FarEnd::default();
                Waiting::Until(now + KEY_TIME * keys.chars().count() as u32)
            }
            Some(Item::Pause(time)) => Waiting::Until(now + *time),
        };
        item
    }

    fn next(&mut self, now: Moment) {
        self.waiting = match self.items.front() {
            None => Waiting::Done,
            Some(Item::Say(_) | Item::Press(_)) => Waiting::Quiet(now),
            Some(Item::Pause(_) | Item::HangUp) => Waiting::Until(now),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn a_polite_script_speaks_when_the_far_end_has_finished() {
        let mut script = Script::new(vec![Item::Say("sales".into()), Item::HangUp], true);
        assert_eq!(script.due(at(0)), None);
        script.begin(at(0));
        for frame in 0..50 {
            script.frame(true, at(frame * 20));
        }
        assert_eq!(script.due(at(1_500)), None, "only half a second of silence");
        assert_eq!(script.due(at(1_880)), Some(Item::Say("sales".into())));
        assert_eq!(script.due(at(1_900)), None);
        script.playback_ended(at(3_000));
        assert_eq!(script.due(at(3_000)), Some(Item::HangUp));
        assert_eq!(script.due(at(9_000)), None);
    }

    #[test]
    fn a_far_end_that_never_speaks_is_not_waited_for_forever() {
        let mut script =
            Script::new(vec![Item::Press("12".into()), Item::Pause(Duration::from_secs(1))], true);
        script.begin(at(0));
        assert_eq!(script.due(at(7_999)), None);
        assert_eq!(script.due(at(8_000)), Some(Item::Press("12".into())));
        assert_eq!(script.due(at(8_400)), None);
        assert_eq!(script.due(at(8_500)), Some(Item::Pause(Duration::from_secs(1))));
        assert_eq!(script.due(at(9_500)), None);
    }

    #[test]
    fn what_the_far_end_says_during_a_pause_counts() {
        let items = vec![Item::Pause(Duration::from_secs(3)), Item::Say("hello".into())];
        let mut script = Script::new(items, true);
        script.begin(at(0));
        assert_eq!(script.due(at(0)), Some(Item::Pause(Duration::from_secs(3))));
        for frame in 0..50 {
            script.frame(true, at(1_000 + frame * 20));
        }
        assert_eq!(script.due(at(2_999)), None);
        assert_eq!(script.due(at(3_000)), Some(Item::Say("hello".into())));
    }

    #[test]
    fn a_rude_script_speaks_at_once() {
        let mut script = Script::new(vec![Item::Say("now".into())], false);
        script.begin(at(5));
        assert_eq!(script.due(at(5)), Some(Item::Say("now".into())));
    }
}
