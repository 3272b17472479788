//! Voices that are programs: a text goes in, a WAV comes out. A child process may crash, hang or be under another
//! licence without harm to the desk.

use crate::voice::{TextToSpeech, VoiceFault, Waveform};
use crate::wave;
use frontdesk_identifiers::Locale;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// The longest text that is spoken in one piece, in bytes; it fits into a pipe without anybody reading.
pub const LONGEST_TEXT_BYTES: usize = 4_000;
/// How long a program may take for one text.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// The most that a program may give: four minutes at 22.05 kHz.
const OUTPUT_LIMIT_BYTES: usize = 11 << 20;

/// How a program takes its text and its voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// `flite -voice V -t TEXT -o /dev/stdout`: its text is an argument, since it cannot read a pipe.
    Flite,
    /// `espeak-ng --stdin --stdout -v LANGUAGE`: its text comes on standard input.
    EspeakNg,
}

/// One such voice.
#[derive(Debug, Clone)]
pub struct VoiceProgram {
    manner: Manner,
    program: PathBuf,
    package: &'static str,
    voice: String,
    name: String,
    time_limit: Duration,
    output_limit_bytes: usize,
}

impl VoiceProgram {
    /// flite, which speaks English well. `voice` is one of `flite -lv`: `slt`, `rms`, `awb`, `kal`, `kal16`.
    pub fn flite(program: &Path, voice: &str) -> Self {
        Self::new(Manner::Flite, program, "flite", voice)
    }

    /// espeak-ng, which speaks over a hundred languages. `voice` is a voice such as `en-us+f2`; empty: by locale.
    pub fn espeak_ng(program: &Path, voice: &str) -> Self {
        Self::new(Manner::EspeakNg, program, "espeak-ng", voice)
    }

    fn new(manner: Manner, program: &Path, package: &'static str, voice: &str) -> Self {
        VoiceProgram {
            manner,
            program: program.into(),
            package,
            voice: voice.to_owned(),
            name: format!("{package}:{voice}"),
            time_limit: TIME_LIMIT,
            output_limit_bytes: OUTPUT_LIMIT_BYTES,
        }
    }

    /// The same voice with other limits of time and output.
    pub fn with_limits(self, time_limit: Duration, output_limit_bytes: usize) -> Self {
        VoiceProgram { time_limit, output_limit_bytes, ..self }
    }

    /// The program with its arguments, never by way of a shell.
    fn command(&self, text: &str, locale: &Locale) -> Command {
        let mut command = Command::new(&self.program);
        match self.manner {
            Manner::Flite => {
                command.args(["-voice", &self.voice, "-t", text, "-o", "/dev/stdout"]).stdin(Stdio::null());
            }
            Manner::EspeakNg => {
                let by_locale = locale.as_str().to_ascii_lowercase();
                let voice = if self.voice.is_empty() { &by_locale } else { &self.voice };
                command.args(["--stdin", "--stdout", "-v", voice]).stdin(Stdio::piped());
            }
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    fn start(&self, text: &str, locale: &Locale) -> Result<Child, VoiceFault> {
        let mut child = self.command(text, locale).spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                VoiceFault::Missing { program: self.shown(), package: self.package }
            }
            kind => VoiceFault::Files { path: self.program.clone(), kind },
        })?;
        if let Some(mut input) = child.stdin.take() {
            // A program that does not read its text gives no sound, and is told by that.
            let _ = input.write_all(text.as_bytes());
        }
        Ok(child)
    }

    /// All that the program says, within both limits. The child is gone afterwards, whatever happened.
    fn output_of(&self, mut child: Child) -> Result<Vec<u8>, VoiceFault> {
        let no_pipe = || VoiceFault::Program { program: self.shown(), status: "no pipe".to_owned() };
        let pipe = child.stdout.take().ok_or_else(no_pipe)?;
        let most = self.output_limit_bytes as u64 + 1;
        let (read, done) = sync_channel(1);
        let reader = std::thread::Builder::new().name("voice-output".to_owned()).spawn(move || {
            let mut bytes = Vec::new();
            let outcome = pipe.take(most).read_to_end(&mut bytes).map(|_| bytes);
            // Nobody waits any more after the time limit.
            let _ = read.send(outcome);
        });
        let outcome = match &reader {
            Ok(_) => done.recv_timeout(self.time_limit),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        let in_time = matches!(&outcome, Ok(Ok(bytes)) if bytes.len() <= self.output_limit_bytes);
        if !in_time {
            // It may have ended by itself just now.
            let _ = child.kill();
        }
        let status = child
            .wait()
            .map_err(|error| VoiceFault::Files { path: self.program.clone(), kind: error.kind() })?;
        let program = self.shown();
        match outcome {
            Ok(Ok(bytes)) if bytes.len() > self.output_limit_bytes => {
                Err(VoiceFault::TooMuch { program, limit_bytes: self.output_limit_bytes })
            }
            Ok(Ok(bytes)) if !bytes.is_empty() && status.success() => Ok(bytes),
            Ok(_) => Err(VoiceFault::Program { program, status: status.to_string() }),
            Err(RecvTimeoutError::Timeout) => {
                let limit_ms = u64::try_from(self.time_limit.as_millis()).unwrap_or(u64::MAX);
                Err(VoiceFault::TooSlow { program, limit_ms })
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(VoiceFault::Program { program, status: "no thread".to_owned() })
            }
        }
    }

    fn shown(&self) -> String {
        self.program.display().to_string()
    }
}

impl TextToSpeech for VoiceProgram {
    fn name(&self) -> &str {
        &self.name
    }

    fn speaks(&self, locale: &Locale) -> bool {
        self.manner == Manner::EspeakNg || locale.language() == "en"
    }

    fn render(&mut self, text: &str, locale: &Locale) -> Result<Waveform, VoiceFault> {
        let text = speakable(text)?;
        let child = self.start(&text, locale)?;
        let bytes = self.output_of(child)?;
        wave::read(&bytes, &self.shown())
    }
}

/// The text as it may be given to a program: no control characters (a zero byte ends an argument), not too long.
fn speakable(text: &str) -> Result<String, VoiceFault> {
    if text.len() > LONGEST_TEXT_BYTES {
        return Err(VoiceFault::Text { why: "it is longer than 4000 bytes; say it in parts" });
    }
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if !plain.chars().any(char::is_alphanumeric) {
        return Err(VoiceFault::Text { why: "it has no letter and no digit" });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests;
