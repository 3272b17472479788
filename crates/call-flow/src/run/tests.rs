//! The machine, event by event, in virtual time.

use super::*;
use crate::words::TransferTarget;

const FLOW: &str = r#"
format = 1
flow = "reception"
start = "greeting"
[words]
company.name = "Acme"
[step.greeting]
say = "Welcome to {{company.name}}."
next = "wish"
[step.wish]
ask = "Sales or support?"
repeat = ["Say sales or support.", "Press 1 or 2."]
wait = "6s"
answer.sales = { key = "1", phrases = ["sales", "buy"], next = "to_sales" }
answer.support = { key = "2", phrases = ["support"], next = "sure" }
no_input = "goodbye"
failed = "to_reception"
[step.sure]
ask = "Are you sure?"
barge_in = false
answer.yes = { phrases = ["yes"], next = "to_reception" }
answer.no = { key = "2", phrases = ["no"], next = "wish" }
failed = "goodbye"
[step.voice_only]
ask = "Your wish?"
answer.any = { phrases = ["anything"], next = "goodbye" }
answer.back = { phrases = ["back"], next = "voice_only" }
failed = "goodbye"
[step.to_sales]
transfer = "phone:1001"
announce = "One moment."
ring = "15s"
busy = "sales_busy"
failed = "goodbye"
[step.sales_busy]
say = "Sales is busy."
next = "to_reception"
[step.to_reception]
transfer = "phone:1002"
no_answer = "voice_only"
failed = "goodbye"
[step.goodbye]
hang_up = "Goodbye."
"#;

/// A run, its clock, and what it wanted last, written short.
struct Call {
    run: FlowRun,
    now: Moment,
    say: u32,
}

impl Call {
    fn new() -> Self {
        let flow = Flow::read_by_own_name("reception.toml", FLOW).unwrap();
        Call { run: FlowRun::new(flow, Context::new()), now: Moment::from_millis(1_000), say: 0 }
    }

    /// A call in which the question `wish` is being said.
    fn at_wish() -> Self {
        let mut call = Call::new();
        call.on(FlowEvent::Began);
        call.said();
        call
    }

    fn on(&mut self, event: FlowEvent) -> String {
        self.run.handle(event, self.now);
        assert!(self.run.deadline().is_none_or(|deadline| deadline > self.now), "a deadline in the past");
        let mut wanted = Vec::new();
        while let Some(action) = self.run.poll() {
            wanted.push(match action {
                FlowAction::Say { say, text, .. } => {
                    self.say = say.0;
                    format!("say {text}")
                }
                FlowAction::StopSaying { say } => {
                    format!("stop {}", if say.0 == self.say { "it" } else { "other" })
                }
                FlowAction::Listen { .. } => "listen".to_owned(),
                FlowAction::StopListening => "deaf".to_owned(),
                FlowAction::Transfer {
                    target: TransferTarget::Phone(number) | TransferTarget::Number(number),
                    ring,
                } => {
                    format!("ring {} {}s", number.as_str(), ring.as_secs())
                }
                FlowAction::Transfer { target: TransferTarget::Room(room), .. } => format!("into {room}"),
                FlowAction::End { end } => format!("end {end:?}"),
                FlowAction::Trace(Trace::Entered { step }) => format!("[{step}]"),
                FlowAction::Trace(Trace::Understood { answer, by_key, .. }) => {
                    format!("({answer}{})", if by_key { " by key" } else { "" })
                }
                FlowAction::Trace(Trace::NotUnderstood) => "(?)".to_owned(),
                FlowAction::Trace(Trace::NoInput) => "(-)".to_owned(),
            });
        }
        wanted.join(", ")
    }

    fn said(&mut self) -> String {
        self.on(FlowEvent::SayEnded { say: SayId(self.say), completed: true })
    }

    fn hears(&mut self, text: &str) -> String {
        self.on(FlowEvent::Heard { text: text.to_owned(), mean_log_probability: -0.05 })
    }

    fn key(&mut self, key: char) -> String {
        self.on(FlowEvent::Key(key))
    }

    fn after(&mut self, ms: u64) -> String {
        self.now = self.now + Duration::from_millis(ms);
        self.on(FlowEvent::Tick)
    }
}

#[test]
fn a_caller_is_greeted_asked_and_understood() {
    let mut call = Call::new();
    assert_eq!(call.on(FlowEvent::Began), "[greeting], say Welcome to Acme.");
    assert_eq!(call.said(), "[wish], say Sales or support?, listen");
    assert_eq!(call.said(), "");
    assert_eq!(call.on(FlowEvent::PartySpeaks), "");
    assert_eq!(call.hears("i'd like to buy something"), "(sales), deaf, [to_sales], say One moment.");
    assert_eq!(call.said(), "ring 1001 15s");
    assert_eq!(call.on(FlowEvent::TransferAnswered), "");
    assert_eq!(call.on(FlowEvent::TransferEnded(TransferOutcome::Completed)), "end Transferred");
    assert!(call.run.is_over());
}

#[test]
fn a_key_stops_the_prompt_and_answers() {
    let mut call = Call::at_wish();
    assert_eq!(call.key('1'), "stop it, (sales by key), deaf, [to_sales], say One moment.");
}

#[test]
fn a_key_that_is_no_answer_is_not_understood() {
    let mut call = Call::at_wish();
    assert_eq!(call.key('9'), "stop it, (?), deaf, say Say sales or support., listen");
    assert_eq!(call.key('x'), "", "no key of a telephone");
}

#[test]
fn a_party_that_speaks_stops_the_prompt_at_once() {
    let mut call = Call::at_wish();
    assert_eq!(call.on(FlowEvent::PartySpeaks), "stop it");
    assert_eq!(call.said(), "", "the stopped saying ends late");
    assert_eq!(call.after(10_000), "", "nobody is hurried while speaking");
    assert_eq!(call.hears("support"), "(support), deaf, [sure], say Are you sure?");
}

#[test]
fn words_that_come_without_a_start_of_speech_count_too() {
    let mut call = Call::at_wish();
    assert_eq!(call.hears("sales"), "stop it, (sales), deaf, [to_sales], say One moment.");
}

#[test]
fn noise_without_words_gets_the_next_prompt() {
    let mut call = Call::at_wish();
    call.said();
    call.on(FlowEvent::PartySpeaks);
    assert_eq!(call.hears(""), "(?), deaf, say Say sales or support., listen");
}

#[test]
fn ears_that_never_finish_a_turn_are_not_waited_for_ever() {
    let mut call = Call::at_wish();
    call.on(FlowEvent::PartySpeaks);
    assert_eq!(call.after(29_999), "");
    assert_eq!(call.after(1), "(?), deaf, say Say sales or support., listen");
}

#[test]
fn the_wait_begins_when_the_prompt_has_ended() {
    let mut call = Call::at_wish();
    assert_eq!(call.after(60_000), "", "the prompt is long");
    call.said();
    assert_eq!(call.after(5_999), "");
    assert_eq!(call.after(1), "(-), deaf, say Say sales or support., listen");
}

#[test]
fn patience_ends_in_the_exit_of_what_failed_last() {
    let mut call = Call::at_wish();
    call.said();
    assert_eq!(call.after(6_000), "(-), deaf, say Say sales or support., listen");
    assert_eq!(call.hears("what is the weather"), "stop it, (?), deaf, say Press 1 or 2., listen");
    call.said();
    assert_eq!(call.after(6_000), "(-), deaf, [goodbye], say Goodbye.");
    assert_eq!(call.key('1'), "", "the last word is not stopped");
    assert_eq!(call.said(), "end HungUp");

    let mut call = Call::at_wish();
    call.hears("bananas");
    call.hears("bananas");
    assert_eq!(call.hears("bananas"), "stop it, (?), deaf, [to_reception], ring 1002 20s");
}

#[test]
fn without_barge_in_the_party_is_heard_when_the_prompt_has_ended() {
    let mut call = Call::at_wish();
    assert_eq!(call.key('2'), "stop it, (support by key), deaf, [sure], say Are you sure?");
    assert_eq!(call.on(FlowEvent::PartySpeaks), "");
    assert_eq!(call.hears("yes"), "", "nobody listens yet");
    assert_eq!(call.said(), "listen");
    assert_eq!(call.hears("yes"), "(yes), deaf, [to_reception], ring 1002 20s");
}

#[test]
fn without_barge_in_a_key_waits_for_the_end_of_the_prompt() {
    let mut call = Call::at_wish();
    call.key('2');
    assert_eq!(call.key('7'), "");
    assert_eq!(call.key('2'), "");
    assert_eq!(call.said(), "(no by key), [wish], say Sales or support?, listen");
}

#[test]
fn keys_typed_ahead_stop_the_greeting_and_answer_the_question() {
    let mut call = Call::new();
    call.on(FlowEvent::Began);
    assert_eq!(call.key('1'), "stop it, [wish], (sales by key), [to_sales], say One moment.");
    assert_eq!(call.key('1'), "stop it, ring 1001 15s", "who is in a hurry skips the announcement");
}

#[test]
fn keys_typed_ahead_that_answer_nothing_are_forgotten() {
    let mut call = Call::new();
    call.on(FlowEvent::Began);
    assert_eq!(call.key('9'), "stop it, [wish], say Sales or support?, listen");
    assert_eq!(call.key('2'), "stop it, (support by key), deaf, [sure], say Are you sure?");
}

#[test]
fn keys_typed_ahead_are_bounded() {
    let mut call = Call::at_wish();
    call.key('2');
    for _ in 0..1_000 {
        assert_eq!(call.key('7'), "");
    }
    assert_eq!(call.run.position.typed.len(), MAX_TYPED);
    assert_eq!(call.said(), "listen");
}

#[test]
fn when_the_ears_fail_keys_still_work() {
    let mut call = Call::at_wish();
    assert_eq!(call.on(FlowEvent::EarsFailed), "deaf");
    assert_eq!(call.on(FlowEvent::PartySpeaks), "");
    assert_eq!(call.hears("sales"), "", "nobody listens");
    assert_eq!(call.said(), "");
    assert_eq!(call.key('9'), "(?), say Say sales or support.");
    call.said();
    assert_eq!(call.key('1'), "(sales by key), [to_sales], say One moment.");
}

#[test]
fn when_the_ears_fail_and_no_key_comes_the_question_has_failed() {
    let mut call = Call::at_wish();
    call.said();
    assert_eq!(call.on(FlowEvent::EarsFailed), "deaf");
    assert_eq!(call.after(6_000), "[to_reception], ring 1002 20s");
}

#[test]
fn when_the_ears_fail_in_a_turn_the_keys_get_their_time() {
    let mut call = Call::at_wish();
    call.on(FlowEvent::PartySpeaks);
    assert_eq!(call.on(FlowEvent::EarsFailed), "deaf");
    assert_eq!(call.after(5_999), "");
    assert_eq!(call.key('1'), "(sales by key), [to_sales], say One moment.");
}

#[test]
fn a_question_without_keys_fails_with_the_ears() {
    let voice_only = || {
        let mut call = Call::at_wish();
        for _ in 0..3 {
            call.hears("bananas");
        }
        let asked = call.on(FlowEvent::TransferEnded(TransferOutcome::NoAnswer));
        assert_eq!(asked, "[voice_only], say Your wish?, listen");
        call
    };
    let mut call = voice_only();
    assert_eq!(call.on(FlowEvent::EarsFailed), "deaf");
    assert_eq!(call.said(), "[goodbye], say Goodbye.");
    let mut call = voice_only();
    call.said();
    assert_eq!(call.on(FlowEvent::EarsFailed), "deaf, [goodbye], say Goodbye.");
}

#[test]
fn a_voice_that_does_not_work_does_not_hold_the_call_up() {
    let mut call = Call::new();
    call.on(FlowEvent::Began);
    let failed = |call: &mut Call| call.on(FlowEvent::SayEnded { say: SayId(call.say), completed: false });
    assert_eq!(failed(&mut call), "[wish], say Sales or support?, listen");
    assert_eq!(failed(&mut call), "");
    assert_eq!(call.after(6_000), "(-), deaf, say Say sales or support., listen");
}

#[test]
fn a_saying_that_never_ends_is_given_up() {
    let mut call = Call::new();
    call.on(FlowEvent::Began);
    assert_eq!(call.after(299_999), "");
    assert_eq!(call.after(1), "stop it, [wish], say Sales or support?, listen");
}

#[test]
fn every_outcome_of_a_transfer_leads_where_the_flow_says() {
    for (outcome, wanted) in [
        (TransferOutcome::Busy, "[sales_busy], say Sales is busy."),
        (TransferOutcome::NoAnswer, "[goodbye], say Goodbye."),
        (TransferOutcome::Declined, "[goodbye], say Goodbye."),
        (TransferOutcome::Unreachable, "[goodbye], say Goodbye."),
        (TransferOutcome::Completed, "end Transferred"),
    ] {
        let mut call = Call::at_wish();
        call.key('1');
        call.said();
        assert_eq!(call.on(FlowEvent::TransferEnded(outcome)), wanted);
    }
}

#[test]
fn keys_and_words_during_a_talk_are_not_the_flows() {
    let mut call = Call::at_wish();
    call.key('1');
    call.said();
    assert_eq!(call.key('1'), "");
    call.on(FlowEvent::TransferAnswered);
    assert_eq!(call.key('1'), "");
    assert_eq!(call.hears("sales"), "");
    assert_eq!(call.run.deadline(), None);
    assert_eq!(call.on(FlowEvent::TransferEnded(TransferOutcome::Completed)), "end Transferred");
}

#[test]
fn a_party_that_was_passed_on_in_vain_comes_back_with_the_outcome() {
    let mut call = Call::at_wish();
    call.key('1');
    call.said();
    call.on(FlowEvent::TransferAnswered);
    let said = call.on(FlowEvent::TransferEnded(TransferOutcome::Unreachable));
    assert_eq!(said, "[goodbye], say Goodbye.");
}

#[test]
fn a_party_that_leaves_ends_everything_wherever_it_is() {
    let mut call = Call::new();
    assert_eq!(call.on(FlowEvent::PartyLeft), "end PartyLeft");
    let mut call = Call::at_wish();
    assert_eq!(call.on(FlowEvent::PartyLeft), "stop it, deaf, end PartyLeft");
    assert_eq!(call.on(FlowEvent::PartyLeft), "");
    assert_eq!(call.said(), "");
    let mut call = Call::at_wish();
    call.key('1');
    call.said();
    assert_eq!(call.on(FlowEvent::PartyLeft), "end PartyLeft");
}

#[test]
fn a_flow_that_goes_round_without_the_party_is_stopped() {
    let text = r#"
        format = 1
        flow = "round"
        start = "a"
        [step.a]
        transfer = "phone:1"
        busy = "b"
        failed = "b"
        [step.b]
        say = "Again."
        next = "a"
    "#;
    let flow = Flow::read_by_own_name("round.toml", text).unwrap();
    let mut call = Call { run: FlowRun::new(flow, Context::new()), now: Moment::ZERO, say: 0 };
    call.on(FlowEvent::Began);
    let mut rounds = 0;
    let last = loop {
        rounds += 1;
        assert!(rounds < 100, "it goes round for ever");
        let wanted = call.on(FlowEvent::TransferEnded(TransferOutcome::Busy));
        if wanted.starts_with("end") {
            break wanted;
        }
        let wanted = call.said();
        if wanted.starts_with("end") {
            break wanted;
        }
    };
    assert_eq!(last, "end Exhausted");
}

#[test]
fn noise_that_answers_every_question_cannot_hold_a_call_for_ever() {
    let mut call = Call::at_wish();
    for _ in 0..3 {
        call.hears("bananas");
    }
    call.on(FlowEvent::TransferEnded(TransferOutcome::NoAnswer));
    for _ in 0..MAX_STEPS {
        if call.run.is_over() {
            return;
        }
        call.hears("back");
    }
    assert!(call.run.is_over());
}

#[test]
fn a_word_of_the_house_is_said_and_a_foreign_one_ignored() {
    let flow = Flow::read_by_own_name("reception.toml", FLOW).unwrap();
    let context = Context::new().with_word("company.name", "Miller & Sons").with_word("other.word", "?");
    assert!(
        flow.phrases_to_render(&context).contains(&("Welcome to Miller & Sons.".into(), Locale::default()))
    );
    let mut call = Call { run: FlowRun::new(flow, context), now: Moment::ZERO, say: 0 };
    assert_eq!(call.on(FlowEvent::Began), "[greeting], say Welcome to Miller & Sons.");
}

#[test]
fn debug_names_nobody_and_tells_no_key() {
    let flow = Flow::read_by_own_name("reception.toml", FLOW).unwrap();
    let context =
        Context::new().with_word("company.name", "Jane Doe").with_word("party.number", "+4930123456");
    let mut run = FlowRun::new(flow, context.clone());
    run.handle(FlowEvent::Began, Moment::ZERO);
    let mut shown = format!("{context:?} {run:?}");
    run.handle(FlowEvent::Key('7'), Moment::ZERO);
    run.handle(FlowEvent::Key('7'), Moment::ZERO);
    while let Some(action) = run.poll() {
        shown += &format!(" {action:?}");
    }
    shown += &format!(" {run:?}");
    for hidden in ["Jane", "3456", "Welcome", "77"] {
        assert!(!shown.contains(hidden), "{hidden} shows: {shown}");
    }
    assert!(shown.contains("party.number") && shown.contains("reception"));
}

mod properties;

#[test]
fn a_branch_goes_by_the_word_and_a_round_of_branches_ends() {
    const BRANCHES: &str = r#"
format = 1
flow = "branches"
start = "who"
[words]
caller.verified = "unknown"
[step.who]
branch = "caller.verified"
when = { verified-a = "trusted", round = "who" }
otherwise = "doubted"
[step.trusted]
hang_up = "Welcome."
[step.doubted]
hang_up = "You are {{caller.verified}}."
"#;
    let flow = Flow::read_by_own_name("branches.toml", BRANCHES).expect("a sound flow");
    let ends = |word: Option<&str>| {
        let context =
            word.map_or_else(Context::new, |word| Context::new().with_word("caller.verified", word));
        let mut run = FlowRun::new(Arc::clone(&flow), context);
        run.handle(FlowEvent::Began, Moment::ZERO);
        let mut last = None;
        while let Some(action) = run.poll() {
            last = Some(action);
        }
        match last {
            Some(FlowAction::Say { text, .. }) => text.to_string(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(ends(Some("verified-a")), "Welcome.");
    assert_eq!(ends(Some("no-identity")), "You are no-identity.");
    assert_eq!(ends(None), "You are unknown.");
    let exhausted = Some(FlowAction::End { end: FlowEnd::Exhausted });
    assert_eq!(ends(Some("round")), format!("{exhausted:?}"));
}
