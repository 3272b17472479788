//! The conversations that ship beside the template, and what a transcript says when it goes otherwise.

use frontdesk_call_flow::{Context, Flow, RECEPTION, Rehearsal, Talk};
use std::path::Path;
use std::sync::Arc;

fn reception() -> Arc<Flow> {
    Flow::read_by_own_name("reception.toml", RECEPTION.text).unwrap()
}

fn play(text: &str) -> Result<Vec<String>, String> {
    Talk::read("x.talk", text).unwrap().play(&reception()).map_err(|fault| fault.to_string())
}

#[test]
fn every_conversation_beside_the_template_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "talk") {
            let file = path.file_name().unwrap().to_string_lossy();
            let talk = Talk::read(&file, &std::fs::read_to_string(&path).unwrap());
            let talk = talk.unwrap_or_else(|faults| panic!("{faults:#?}"));
            if let Err(fault) = talk.play(&reception()) {
                panic!("{fault}");
            }
            played += 1;
        }
    }
    assert!(played >= 6, "only {played} conversations were found");
}

#[test]
fn every_outcome_at_sales_has_its_own_words_and_ends_at_reception() {
    for (outcome, says) in [
        ("busy", "Sales is busy; …"),
        ("no answer", "Nobody answers at sales; I will put you through to reception."),
        ("declined", "Sales cannot take your call now; …"),
        ("unreachable", "Sales cannot be reached now; …"),
    ] {
        let talk = format!(
            "caller: presses 1\ndesk: transfers phone:1001\nphone: {outcome}\ndesk: says \"{says}\"\n\
             desk: transfers phone:1002\nphone: {outcome}\ndesk: says \"… Goodbye.\"\ndesk: hangs up\n"
        );
        assert!(play(&talk).is_ok(), "{outcome}: {:?}", play(&talk));
    }
}

#[test]
fn a_transcript_that_goes_otherwise_says_where_and_how() {
    for (talk, line, what) in [
        ("caller: \"sales\"\n\ndesk: transfers phone:1002\n", 3, "it does this: transfers phone:1001"),
        ("caller: \"bananas\"\ndesk: transfers phone:1001\n", 2, "says \"I am sorry, I did not understand."),
        ("desk: says \"Good morning.\"\n", 1, "Welcome to our company."),
        ("desk: hangs up\n", 1, "expected that the desk hangs up"),
        ("caller: \"sales\"\nphone: busy\ndesk: hangs up\n", 2, "before this the desk transfers phone:1001"),
        ("phone: busy\ndesk: hangs up\n", 1, "no phone rings"),
        ("caller: \"sales\" at once\ndesk: hangs up\n", 1, "does not listen here"),
        ("caller: \"sales\"\ndesk: transfers phone:1001\ncaller: says nothing\n", 3, "does not wait"),
        ("caller: \"sales\"\nstep: sales_is_busy\n", 2, "it came to: to_sales"),
        ("caller: hangs up\ncaller: presses 1\ndesk: is done\n", 2, "the call is over"),
        (
            "step: wish\ncaller: \"sales\"\nstep: to_sales\ncaller: presses 1\n",
            4,
            "before this the desk transfers",
        ),
        ("desk: says …\ncaller: \"sales\"\ndesk: says …\nstep: wish\n", 4, "does not come to the step wish"),
    ] {
        let fault = play(talk).unwrap_err();
        assert!(fault.starts_with(&format!("x.talk:{line}:1: ")) && fault.contains(what), "{talk}\n{fault}");
    }
}

#[test]
fn a_transfer_at_the_end_is_not_passed_over() {
    let fault = play("desk: says …\ncaller: presses 2\nstep: not_understood\n").unwrap_err();
    assert!(fault.starts_with("x.talk:3:"), "{fault}");
    let fault = play("desk: says …\nstep: wish\ncaller: presses 2\n").unwrap_err();
    assert!(fault.contains("at the end the desk transfers phone:1002"), "{fault}");
}

#[test]
fn faults_of_a_transcript_are_told_at_once_with_their_lines() {
    let faults = Talk::read("x.talk", "caller: sings\n\nhello\ndesk: hangs up\nlanguage: en\n").unwrap_err();
    let lines: Vec<u32> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [1, 3, 5]);
    assert!(Talk::read("x.talk", "caller: \"sales\"\n").unwrap_err()[0].what.contains("expects nothing"));
    assert!(Talk::read("x.talk", "").is_err());
}

#[test]
fn a_rehearsal_is_driven_by_what_is_typed() {
    let mut rehearsal = Rehearsal::new(reception(), Context::new());
    let shown = rehearsal.try_line("").unwrap().join("\n");
    assert!(shown.contains("desk:   says \"Welcome to our company.\""), "{shown}");
    let shown = rehearsal.try_line("do you sell gift cards").unwrap().join("\n");
    assert!(shown.contains("not understood"), "{shown}");
    assert!(rehearsal.try_line("phone: busy").unwrap_err().what.contains("no phone rings"));
    let shown = rehearsal.try_line("sales please").unwrap().join("\n");
    assert!(shown.contains("understood sales (1.00)") && shown.contains("transfers phone:1001"), "{shown}");
    rehearsal.try_line("phone: answers").unwrap();
    let shown = rehearsal.try_line("phone: hangs up").unwrap().join("\n");
    assert!(shown.contains("desk:   is done") && rehearsal.is_over(), "{shown}");
}

/// The texts that the small Whisper made of calls: none of them may be put through to the wrong desk.
#[test]
fn what_the_small_whisper_hears_goes_to_the_right_desk_or_is_asked_again() {
    let folder = std::env::var_os("FRONTDESK_TESTSET").map(std::path::PathBuf::from);
    let folder = folder
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/models/testset"));
    let Ok(table) = std::fs::read_to_string(folder.join("transcripts.tsv")) else {
        println!("skipped: no test data");
        return;
    };
    let meant = [
        ("i would like to speak to sales", Some("1001")),
        ("can you put me through to the help desk", Some("1002")),
        ("operator", Some("1002")),
        ("technical support please", Some("1002")),
        // Heard as "two", and that is an answer: what the ears do not hear, no words can mend.
        ("hello", Some("1002")),
    ];
    let mut rows = 0;
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (text, heard, sure) = (columns[1], columns[4], columns[5].parse::<f32>().unwrap());
        let wanted = meant.iter().find(|(said, _)| *said == text).and_then(|(_, phone)| *phone);
        assert_eq!(put_through(heard, sure).as_deref(), wanted, "{text}, heard as {heard}");
        rows += 1;
    }
    assert_eq!(rows, 24);
}

/// To which phone these words lead when they answer the template's question.
fn put_through(heard: &str, mean_log_probability: f32) -> Option<String> {
    use frontdesk_call_flow::{FlowAction, FlowEvent, FlowRun, TransferTarget};
    use frontdesk_identifiers::Moment;
    let mut run = FlowRun::new(reception(), Context::new());
    let mut event = Some(FlowEvent::Began);
    let mut told = false;
    while let Some(now) = event.take() {
        run.handle(now, Moment::ZERO);
        while let Some(action) = run.poll() {
            match action {
                FlowAction::Say { .. } if told && run.step() == Some("wish") => return None,
                FlowAction::Say { say, .. } => event = Some(FlowEvent::SayEnded { say, completed: true }),
                FlowAction::Listen { .. } if !told => {
                    told = true;
                    event = Some(FlowEvent::Heard { text: heard.to_owned(), mean_log_probability });
                }
                FlowAction::Transfer { target: TransferTarget::Phone(number), .. } => {
                    return Some(number.as_str().to_owned());
                }
                _ => {}
            }
        }
    }
    None
}
