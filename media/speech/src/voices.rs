//! The voice thread: renders one text after the other, ahead of the call that will need it.

use crate::prompt_cache::{Folder, Memory, PromptKey};
use crate::voice::{TextToSpeech, VoiceFault};
use crate::voice_program::VoiceProgram;
use crate::voice_recorded::RecordedPrompts;
use crate::wave;
use frontdesk_audio::Prompt;
use frontdesk_identifiers::Locale;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Texts that may wait for the voice thread; one more is answered with [`VoiceFault::Busy`] at once.
const WAITING_TEXTS: usize = 1_024;

/// How the desk speaks.
#[derive(Debug, Clone)]
pub struct VoiceSettings {
    /// A folder of recorded prompts with an index (see [`RecordedPrompts`]); they win over every voice.
    pub prompts_folder: Option<PathBuf>,
    /// Where rendered prompts are kept; made if it is not there.
    pub cache_folder: PathBuf,
    /// The voice of flite for English: `slt`, `rms`, `awb`, `kal`, `kal16`.
    pub english_voice: String,
    /// The program flite; a name is looked for in `PATH`.
    pub flite: PathBuf,
    /// The program espeak-ng.
    pub espeak_ng: PathBuf,
}

impl VoiceSettings {
    /// The usual programs from `PATH`, flite's `slt` for English, no recorded prompts.
    pub fn new(cache_folder: PathBuf) -> Self {
        VoiceSettings {
            prompts_folder: None,
            cache_folder,
            english_voice: "slt".to_owned(),
            flite: PathBuf::from("flite"),
            espeak_ng: PathBuf::from("espeak-ng"),
        }
    }
}

/// A text that was rendered, or could not be.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The text.
    pub text: Arc<str>,
    /// Its language.
    pub locale: Locale,
    /// The prompt; it also stands in [`Voices::cached`] from now on.
    pub result: Result<Arc<Prompt>, VoiceFault>,
}

/// What is called with each text that is done.
type Report = Arc<Mutex<Box<dyn Fn(Rendered) + Send>>>;

/// The voices of a node. Dropping them ends the voice thread after the text it is at.
pub struct Voices {
    orders: Option<SyncSender<(Arc<str>, Locale)>>,
    memory: Arc<Mutex<Memory>>,
    report: Report,
    thread: Option<JoinHandle<()>>,
}

impl Voices {
    /// Starts the voice thread with the voices of the settings: flite for English, espeak-ng for other languages
    /// and where flite fails. `rendered` is called from that thread and must not wait.
    pub fn start(
        settings: VoiceSettings,
        rendered: impl Fn(Rendered) + Send + 'static,
    ) -> Result<Voices, VoiceFault> {
        let voices: Vec<Box<dyn TextToSpeech>> = vec![
            Box::new(VoiceProgram::flite(&settings.flite, &settings.english_voice)),
            Box::new(VoiceProgram::espeak_ng(&settings.espeak_ng, "")),
        ];
        Voices::with_voices(settings, voices, rendered)
    }

    /// Starts the voice thread with these voices; the first that speaks a language and does not fail serves.
    pub fn with_voices(
        settings: VoiceSettings,
        voices: Vec<Box<dyn TextToSpeech>>,
        rendered: impl Fn(Rendered) + Send + 'static,
    ) -> Result<Voices, VoiceFault> {
        let recorded = settings.prompts_folder.as_deref().map(RecordedPrompts::open).transpose()?;
        let folder = Folder::open(&settings.cache_folder)?;
        let memory: Arc<Mutex<Memory>> = Arc::default();
        let report: Report = Arc::new(Mutex::new(Box::new(rendered)));
        let (orders, taken) = sync_channel(WAITING_TEXTS);
        let studio = Studio { recorded: recorded.unwrap_or_default(), folder, voices };
        let (shared, told) = (memory.clone(), report.clone());
        let thread = std::thread::Builder::new()
            .name("voice".to_owned())
            .spawn(move || work(studio, &taken, &shared, &told))
            .map_err(|error| VoiceFault::Files { path: settings.cache_folder, kind: error.kind() })?;
        Ok(Voices { orders: Some(orders), memory, report, thread: Some(thread) })
    }

    /// The prompt of a text, if it is in memory. Never waits for a voice or a disk.
    pub fn cached(&self, text: &str, locale: &Locale) -> Option<Arc<Prompt>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).get(text, locale)
    }

    /// Has a text rendered; answered once by the callback, at once from memory or disk if it was rendered before.
    pub fn render(&self, text: impl Into<Arc<str>>, locale: Locale) {
        let order = (text.into(), locale);
        let Some(orders) = &self.orders else { return };
        if let Err(refused) = orders.try_send(order) {
            let (text, locale) = match refused {
                std::sync::mpsc::TrySendError::Full(order) => order,
                std::sync::mpsc::TrySendError::Disconnected(order) => order,
            };
            tell(&self.report, Rendered { text, locale, result: Err(VoiceFault::Busy) });
        }
    }
}

impl Drop for Voices {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Voices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voices").finish_non_exhaustive()
    }
}

fn tell(report: &Report, rendered: Rendered) {
    let call = report.lock().unwrap_or_else(PoisonError::into_inner);
    call(rendered);
}

fn work(mut studio: Studio, orders: &Receiver<(Arc<str>, Locale)>, memory: &Mutex<Memory>, report: &Report) {
    while let Ok((text, locale)) = orders.recv() {
        let known = memory.lock().unwrap_or_else(PoisonError::into_inner).get(&text, &locale);
        let result = match known {
            Some(prompt) => Ok(prompt),
            // A voice that panics fails its text; the next one finds it as it is.
            None => catch_unwind(AssertUnwindSafe(|| studio.make(&text, &locale)))
                .unwrap_or_else(|_| {
                    Err(VoiceFault::Program { program: "voice".to_owned(), status: "panic".to_owned() })
                })
                .map(Arc::new),
        };
        if let Ok(prompt) = &result {
            let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.put(text.clone(), locale.clone(), prompt.clone());
        }
        tell(report, Rendered { text, locale, result });
    }
}

/// What makes prompts.
struct Studio {
    recorded: RecordedPrompts,
    folder: Folder,
    voices: Vec<Box<dyn TextToSpeech>>,
}

impl Studio {
    /// Recorded, else the first voice that speaks the language: from disk, else rendered, else the next voice.
    fn make(&mut self, text: &str, locale: &Locale) -> Result<Prompt, VoiceFault> {
        if let Some(recording) = self.recorded.read(text, locale) {
            return recording.map(|waveform| wave::prompt_of(wave::prepare(&waveform)));
        }
        let mut fault = VoiceFault::Language { locale: locale.to_string() };
        let mut failed = false;
        for voice in self.voices.iter_mut().filter(|voice| voice.speaks(locale)) {
            let key = PromptKey::new(text, locale, voice.name());
            if let Some(samples) = self.folder.read(&key) {
                return Ok(wave::prompt_of(samples));
            }
            match voice.render(text, locale) {
                Ok(waveform) => {
                    let samples = wave::prepare(&waveform);
                    if let Err(unkept) = self.folder.write(&key, &samples) {
                        tracing::warn!(%unkept, "a rendered prompt could not be kept on disk");
                    }
                    return Ok(wave::prompt_of(samples));
                }
                // The first voice is the one that was meant: its fault is the one to mend.
                Err(first) if !failed => (fault, failed) = (first, true),
                Err(later) => {
                    tracing::warn!(voice = voice.name(), %later, "the voice in its stead failed too")
                }
            }
        }
        Err(fault)
    }
}

#[cfg(test)]
mod tests;
