//! Made-up programs stand for those that crash, hang and flood; the real ones are tried where they are installed.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn script(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("voice");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    (folder, path)
}

fn render(voice: &mut VoiceProgram, text: &str) -> Result<Waveform, VoiceFault> {
    // A file that was just written may still be open for writing in a child that another test is starting.
    loop {
        match voice.render(text, &Locale::default()) {
            Err(VoiceFault::Files { kind: std::io::ErrorKind::ExecutableFileBusy, .. }) => continue,
            result => return result,
        }
    }
}

#[test]
fn a_missing_program_says_which_package_to_install() {
    let mut voice = VoiceProgram::flite(Path::new("/nowhere/flite"), "slt");
    let fault = render(&mut voice, "hello").expect_err("missing");
    assert!(fault.to_string().contains("apt-get install flite"), "{fault}");
}

#[test]
fn a_program_that_fails_or_says_nothing_or_rubbish_is_a_fault() {
    let (_folder, path) = script("exit 3");
    let fault = render(&mut VoiceProgram::flite(&path, "slt"), "hello").expect_err("failed");
    assert!(matches!(&fault, VoiceFault::Program { status, .. } if status.contains('3')), "{fault}");
    let (_folder, path) = script("exit 0");
    assert!(matches!(
        render(&mut VoiceProgram::flite(&path, "slt"), "hello"),
        Err(VoiceFault::Program { .. })
    ));
    let (_folder, path) = script("echo this is no sound");
    assert!(matches!(
        render(&mut VoiceProgram::flite(&path, "slt"), "hello"),
        Err(VoiceFault::NoSound { .. })
    ));
}

#[test]
fn a_program_that_hangs_is_stopped() {
    let (_folder, path) = script("exec sleep 600");
    let mut voice = VoiceProgram::espeak_ng(&path, "").with_limits(Duration::from_millis(100), 1_000);
    assert!(matches!(render(&mut voice, "hello"), Err(VoiceFault::TooSlow { limit_ms: 100, .. })));
}

#[test]
fn a_program_that_floods_is_stopped() {
    let (_folder, path) = script("exec cat /dev/zero");
    let mut voice = VoiceProgram::flite(&path, "slt").with_limits(Duration::from_secs(20), 1_000);
    assert!(matches!(render(&mut voice, "hello"), Err(VoiceFault::TooMuch { limit_bytes: 1_000, .. })));
}

#[test]
fn a_text_reaches_the_program_as_one_argument_whatever_stands_in_it() {
    let evil = "-o /tmp/x; $(touch y) `z` \"quoted\" 'it' \\ \u{0}end";
    let command = VoiceProgram::flite(Path::new("flite"), "slt")
        .command(&speakable(evil).expect("words"), &Locale::default());
    let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    let text = "-o /tmp/x; $(touch y) `z` \"quoted\" 'it' \\  end";
    assert_eq!(arguments, ["-voice", "slt", "-t", text, "-o", "/dev/stdout"]);
    let command = VoiceProgram::espeak_ng(Path::new("espeak-ng"), "").command(evil, &Locale::default());
    let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy().into_owned()).collect();
    assert_eq!(arguments, ["--stdin", "--stdout", "-v", "en-us"], "its text comes by pipe");
}

#[test]
fn a_text_that_cannot_be_spoken_is_the_flows_fault() {
    let mut voice = VoiceProgram::flite(Path::new("/nowhere/flite"), "slt");
    for text in ["", " ... ", "\u{0}\u{1}", &"word ".repeat(1_000)] {
        assert!(matches!(render(&mut voice, text), Err(VoiceFault::Text { .. })), "{text:?}");
    }
}

#[test]
fn the_real_programs_speak() {
    for mut voice in
        [VoiceProgram::flite(Path::new("flite"), "slt"), VoiceProgram::espeak_ng(Path::new("espeak-ng"), "")]
    {
        match render(&mut voice, "-v Welcome. Would you like sales, support or reception?") {
            Err(fault @ VoiceFault::Missing { .. }) => println!("skipped: {fault}"),
            Err(fault) => panic!("{fault}"),
            Ok(waveform) => {
                let millis = waveform.samples.len() * 1_000 / waveform.rate as usize;
                assert!((2_000..8_000).contains(&millis), "{}: {millis} ms", voice.name());
                assert!(
                    waveform.samples.iter().any(|sample| sample.unsigned_abs() > 3_000),
                    "{}",
                    voice.name()
                );
            }
        }
    }
}

#[test]
fn a_language_that_the_program_does_not_have_is_a_fault_and_not_silence() {
    let mut voice = VoiceProgram::espeak_ng(Path::new("espeak-ng"), "");
    let klingon = Locale::new("qqq").expect("a locale");
    match voice.render("hello", &klingon) {
        Err(VoiceFault::Missing { .. }) => println!("skipped: no espeak-ng"),
        result => assert!(matches!(result, Err(VoiceFault::Program { .. })), "{result:?}"),
    }
}
