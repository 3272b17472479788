//! Any order of events keeps the invariants; a run put aside at any time goes on as if it had not been.

use super::*;
use proptest::prelude::*;

fn event() -> impl Strategy<Value = FlowEvent> {
    let text = prop_oneof![
        Just("sales".to_owned()),
        Just("support".to_owned()),
        Just("yes".to_owned()),
        Just("back".to_owned()),
        Just(String::new()),
        ".{0,20}"
    ];
    let outcome = prop_oneof![
        Just(TransferOutcome::Completed),
        Just(TransferOutcome::Busy),
        Just(TransferOutcome::NoAnswer),
        Just(TransferOutcome::Declined),
        Just(TransferOutcome::Unreachable)
    ];
    prop_oneof![
        1 => Just(FlowEvent::Began),
        6 => (0u32..40, any::<bool>()).prop_map(|(say, completed)| FlowEvent::SayEnded { say: SayId(say), completed }),
        4 => Just(FlowEvent::PartySpeaks),
        4 => (text, -1.0f32..0.0).prop_map(|(text, mean_log_probability)| FlowEvent::Heard { text, mean_log_probability }),
        4 => prop_oneof![Just('1'), Just('2'), any::<char>()].prop_map(FlowEvent::Key),
        1 => Just(FlowEvent::EarsFailed),
        2 => Just(FlowEvent::TransferAnswered),
        3 => outcome.prop_map(FlowEvent::TransferEnded),
        4 => Just(FlowEvent::Tick),
    ]
}

/// Events with the milliseconds before them; every fourth ends the saying that is really going on.
fn script() -> impl Strategy<Value = Vec<(u64, FlowEvent, bool)>> {
    let wait = prop_oneof![Just(0), 1u64..8_000, 20_000u64..400_000];
    proptest::collection::vec((wait, event(), any::<bool>()), 0..120)
}

#[derive(Default)]
struct Seen {
    saying: Option<SayId>,
    listening: bool,
    over: bool,
}

impl Seen {
    fn take(&mut self, action: &FlowAction) {
        assert!(!self.over, "{action:?} after the end");
        match action {
            FlowAction::Say { say, text, .. } => {
                assert!(!text.is_empty());
                assert_eq!(self.saying.replace(*say), None, "two sayings at once");
            }
            FlowAction::StopSaying { say } => {
                assert_eq!(self.saying.take(), Some(*say), "it is not being said")
            }
            FlowAction::Listen { .. } => {
                assert!(!std::mem::replace(&mut self.listening, true), "two listenings")
            }
            FlowAction::StopListening => assert!(std::mem::take(&mut self.listening), "nobody listens"),
            FlowAction::Transfer { .. } => assert!(self.saying.is_none() && !self.listening),
            FlowAction::End { .. } => {
                assert!(self.saying.is_none() && !self.listening, "something is left behind");
                self.over = true;
            }
            FlowAction::Trace(_) => {}
        }
    }
}

fn play(script: &[(u64, FlowEvent, bool)], save_at: Option<usize>) -> Vec<FlowAction> {
    let flow = Flow::read_by_own_name("reception.toml", FLOW).unwrap();
    let mut run = FlowRun::new(Arc::clone(&flow), Context::new());
    let (mut now, mut seen, mut all) = (Moment::from_millis(1_000), Seen::default(), Vec::new());
    let began = std::iter::once((0, FlowEvent::Began, false));
    for (at, (wait, event, ends_saying)) in began.chain(script.iter().cloned()).enumerate() {
        now = now + Duration::from_millis(wait);
        let event = match seen.saying {
            Some(say) if ends_saying => FlowEvent::SayEnded { say, completed: true },
            _ => event,
        };
        if let FlowEvent::SayEnded { say, .. } = event
            && seen.saying == Some(say)
        {
            seen.saying = None;
        }
        run.handle(event, now);
        while let Some(action) = run.poll() {
            seen.take(&action);
            all.push(action);
        }
        assert!(run.deadline().is_none_or(|deadline| deadline > now), "a deadline in the past");
        assert_eq!(run.is_over(), seen.over);
        assert!(run.deadline().is_none() || !seen.over);
        if save_at == Some(at) {
            let written = serde_json::to_string(&run.save(now)).unwrap();
            let saved: SavedRun = serde_json::from_str(&written).unwrap();
            run = saved.restore(Arc::clone(&flow), now).unwrap();
        }
    }
    all
}

proptest! {
    #[test]
    fn any_order_of_events_keeps_the_invariants(script in script()) {
        play(&script, None);
    }

    #[test]
    fn the_same_events_give_the_same_actions_even_over_a_pause(script in script(), at in 0usize..120) {
        let whole = play(&script, None);
        prop_assert_eq!(&whole, &play(&script, None));
        prop_assert_eq!(&whole, &play(&script, Some(at)));
    }
}

#[test]
fn a_saved_run_goes_on_on_another_clock() {
    let mut call = Call::at_wish();
    call.said();
    call.now = call.now + Duration::from_millis(2_000);
    let saved = call.run.save(call.now);
    call.now = Moment::from_millis(50);
    call.run = saved.restore(Arc::clone(call.run.flow()), call.now).unwrap();
    assert_eq!(call.after(3_999), "");
    assert_eq!(call.after(1), "(-), deaf, say Say sales or support., listen");
}

#[test]
fn a_saved_run_is_refused_on_another_version_and_in_another_step() {
    let run = Call::at_wish().run;
    let saved = run.save(Moment::ZERO);
    assert_eq!((saved.flow(), saved.hash()), (run.flow().id(), run.flow().hash()));
    let changed = Flow::read_by_own_name("reception.toml", &format!("{FLOW}# changed\n")).unwrap();
    assert!(matches!(saved.clone().restore(changed, Moment::ZERO), Err(RestoreError::OtherFlow { .. })));
    let written = serde_json::to_string(&saved).unwrap();
    for (from, to) in
        [("\"wish\"", "\"nowhere\""), ("\"wish\"", "\"goodbye\""), ("\"attempt\":0", "\"attempt\":9")]
    {
        let forged: SavedRun = serde_json::from_str(&written.replace(from, to)).unwrap();
        let refused = forged.restore(Arc::clone(run.flow()), Moment::ZERO);
        assert!(matches!(refused, Err(RestoreError::OtherStep(_))), "{from} {to}");
    }
    let newer: SavedRun = serde_json::from_str(&written.replace("\"schema\":1", "\"schema\":2")).unwrap();
    assert_eq!(newer.restore(Arc::clone(run.flow()), Moment::ZERO).unwrap_err(), RestoreError::Schema(2));
}
