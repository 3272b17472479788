//! Sequences of made-up frames, in virtual time: one frame each 20 ms.

use super::*;

/// A line that is written as a picture: `#` voiced, `.` silence, `,` held on by the detector though silent.
struct Line {
    hearing: Hearing,
    next: u64,
    heard: Vec<HearingOutput>,
}

impl Line {
    fn new(end_of_turn_ms: u16, longest_turn_ms: u16) -> Self {
        let plan = ListeningPlan { end_of_turn_ms, longest_turn_ms, ..ListeningPlan::default() };
        Line { hearing: Hearing::new(&plan), next: 0, heard: Vec::new() }
    }

    fn hears(&mut self, picture: &str) -> &mut Self {
        for sign in picture.chars() {
            let frame = frame(self.next, sign);
            self.next += 1;
            self.hearing.handle(&frame);
            self.heard.extend(std::iter::from_fn(|| self.hearing.poll()));
        }
        self
    }

    fn utterances(&self) -> Vec<&Utterance> {
        let mut utterances = Vec::new();
        for output in &self.heard {
            if let HearingOutput::Spoken(utterance) = output {
                utterances.push(utterance);
            }
        }
        utterances
    }

    fn starts(&self) -> usize {
        self.heard.len() - self.utterances().len()
    }
}

/// The sample of a frame tells its number, so that a test sees which ones were kept.
fn frame(number: u64, sign: char) -> SpeechFrame {
    SpeechFrame {
        samples: [1 + number as i16 + if sign == '#' { 1_000 } else { 0 }; SpeechFrame::SAMPLES],
        position: number * 160,
        arrived: at(number),
        level_dbov: if sign == '#' { 20 } else { 70 },
        active: sign != '.',
        played_dbov: 127,
        concealed: false,
    }
}

fn at(frame: u64) -> Moment {
    Moment::from_millis(frame * 20)
}

#[test]
fn a_turn_begins_with_lasting_voice_and_ends_with_silence() {
    let mut line = Line::new(600, 10_000);
    line.hears(&".".repeat(50)).hears("#####");
    assert_eq!(line.starts(), 0, "five frames may still be a bang");
    line.hears("#");
    assert_eq!(line.heard, vec![HearingOutput::Started { at: at(50) }]);
    line.hears(&"#".repeat(20)).hears(&".".repeat(29));
    assert!(line.utterances().is_empty(), "580 ms of silence are a pause");
    line.hears(".");
    let utterances = line.utterances();
    let [turn] = utterances.as_slice() else { panic!("{utterances:?}") };
    assert_eq!((turn.first_voice, turn.last_voice, turn.turn_ended), (at(50), at(75), at(105)));
    assert_eq!((turn.heard_from, turn.heard_to), (50 * 160, 76 * 160));
    assert_eq!(turn.samples.len(), (12 + 26 + 15) * 160, "240 ms before, 300 ms after");
    assert_eq!(turn.samples.first(), Some(&39), "the frame 12 before the first voiced one");
}

#[test]
fn pictures_of_turns() {
    let (quiet, end) = (".".repeat(20), ".".repeat(40));
    for (story, picture, turns) in [
        ("nobody speaks", "", 0),
        ("a click of 40 ms", "##", 0),
        ("a click of 60 ms that the detector holds on to", "###,,,,,", 0),
        ("a cup is set down: 100 ms", "#####", 0),
        ("clicks now and then", "##......##......##......##", 0),
        ("a curt no: 140 ms", "#######", 1),
        ("yes: 300 ms", "###############", 1),
        ("a voice that flickers at first", "##.#..####", 1),
        ("two words with a pause of 400 ms", "##########....................##########", 1),
        (
            "two sentences with a pause of a second",
            "##########..................................................##########",
            2,
        ),
    ] {
        let mut line = Line::new(600, 10_000);
        line.hears(&quiet).hears(picture).hears(&end);
        assert_eq!(line.utterances().len(), turns, "{story}");
        assert_eq!(line.starts(), turns, "{story}: a start for each turn");
    }
}

#[test]
fn what_the_detector_holds_on_to_does_not_make_the_caller_wait() {
    let mut line = Line::new(600, 10_000);
    line.hears(&".".repeat(20)).hears(&"#".repeat(10)).hears(",,,,,").hears(&".".repeat(25));
    assert_eq!(line.utterances()[0].last_voice, at(29));
    assert_eq!(line.utterances()[0].turn_ended, at(59), "600 ms after the voice, not after the detector");
}

#[test]
fn speech_at_once_has_the_lead_in_that_there_is() {
    let mut line = Line::new(600, 10_000);
    line.hears("...##########").hears(&".".repeat(40));
    assert_eq!(line.utterances()[0].samples.len(), (3 + 10 + 15) * 160);
}

#[test]
fn a_second_turn_does_not_hold_the_end_of_the_first() {
    let mut line = Line::new(100, 10_000);
    line.hears("##########.....").hears("..##########").hears(&".".repeat(40));
    let utterances = line.utterances();
    assert_eq!(utterances.len(), 2);
    let last_of_first = 1_000 + 10;
    assert!(!utterances[1].samples.contains(&last_of_first));
    assert_eq!(utterances[1].heard_from, 17 * 160);
}

#[test]
fn a_turn_without_end_comes_in_parts() {
    let mut line = Line::new(600, 1_000);
    line.hears(&"#".repeat(120)).hears(&".".repeat(40));
    let utterances = line.utterances();
    assert_eq!(utterances.len(), 3);
    assert!(utterances.iter().all(|part| part.samples.len() <= 50 * 160), "{utterances:?}");
    let heard: u64 = utterances.iter().map(|part| (part.heard_to - part.heard_from) / 160).sum();
    assert_eq!(heard, 120, "nothing between the parts is lost");
}

#[test]
fn a_long_noise_before_the_speech_is_cut_off_afterwards() {
    let mut line = Line::new(600, 10_000);
    // 600 ms of noise that the detector takes for voice, then speech 16 dB louder.
    for number in 0..30 {
        line.hearing.handle(&SpeechFrame { samples: [300; 160], level_dbov: 41, ..frame(number, '#') });
    }
    for number in 30..80 {
        line.hearing.handle(&SpeechFrame { samples: [2_000; 160], level_dbov: 24, ..frame(number, '#') });
    }
    line.next = 80;
    line.hears(&".".repeat(40));
    let turn = line.utterances()[0];
    assert_eq!(turn.samples.iter().position(|sample| *sample == 2_000), Some(12 * 160));
}

#[test]
fn concealed_frames_are_no_voice() {
    let mut line = Line::new(600, 10_000);
    for number in 0..40 {
        line.hearing.handle(&SpeechFrame { concealed: true, ..frame(number, '#') });
    }
    assert_eq!(line.hearing.poll(), None);
}

#[test]
fn no_turn_begins_with_what_may_be_an_echo_and_none_ends_by_it() {
    let played = |number, level_dbov| SpeechFrame { played_dbov: level_dbov, ..frame(number, '#') };
    let mut line = Line::new(600, 10_000);
    // 18 dB softer than what was played.
    for number in 0..40 {
        line.hearing.handle(&played(number, 2));
    }
    assert_eq!(line.hearing.poll(), None);
    for number in 40..50 {
        line.hearing.handle(&played(number, 3));
    }
    assert_eq!(line.hearing.poll(), Some(HearingOutput::Started { at: at(40) }), "17 dB are a caller");
    for number in 50..100 {
        line.hearing.handle(&played(number, 2));
    }
    assert_eq!(line.hearing.poll(), None, "who speaks goes on speaking");
}

#[test]
fn a_gap_of_the_ears_is_silence_of_the_same_length() {
    let mut line = Line::new(600, 10_000);
    line.hears("..........##########");
    line.next += 10;
    line.hears("##########").hears(&".".repeat(40));
    let turn = line.utterances()[0];
    assert_eq!((turn.heard_from, turn.heard_to), (10 * 160, 40 * 160));
    assert_eq!(turn.samples.len(), (10 + 30 + 15) * 160);
}

#[test]
fn a_gap_of_seconds_ends_the_turn() {
    let mut line = Line::new(600, 10_000);
    line.hears("..........##########");
    line.next += 500;
    line.hears("..");
    assert_eq!(line.utterances().len(), 1);
}

#[test]
fn frames_from_before_are_left_out() {
    let mut line = Line::new(600, 10_000);
    line.hears("##########");
    line.next -= 5;
    line.hears(".....");
    line.next = 10;
    line.hears("####").hears(&".".repeat(40));
    assert_eq!(line.utterances()[0].heard_to, 14 * 160);
}

#[test]
fn a_turn_ends_even_if_frames_stop_coming() {
    let mut line = Line::new(600, 10_000);
    assert_eq!(line.hearing.deadline(), None);
    line.hears("..........##########");
    let deadline = line.hearing.deadline().expect("somebody speaks");
    assert_eq!(deadline, at(19) + Duration::from_millis(800));
    line.hearing.handle_deadline(deadline - Duration::from_millis(1));
    assert_eq!(line.hearing.poll(), None);
    line.hearing.handle_deadline(deadline);
    assert!(matches!(line.hearing.poll(), Some(HearingOutput::Spoken(turn)) if turn.turn_ended == deadline));
    assert_eq!((line.hearing.poll(), line.hearing.deadline()), (None, None));
}

#[test]
fn debug_of_an_utterance_shows_no_sound() {
    let mut line = Line::new(600, 10_000);
    line.hears("##########").hears(&".".repeat(40));
    assert!(!format!("{:?}", line.utterances()[0]).contains("1001"));
}
