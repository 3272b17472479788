//! Whisper as an engine that hears, through whisper.cpp.

use crate::models::{EngineSettings, Model, ModelFault};
use crate::recognition::{RecogniseError, Recognised, SpeechToText};
use crate::words::plain_words;
use frontdesk_identifiers::Locale;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState,
};

/// Samples at 16 kHz that one frame of the encoder's context stands for.
const SAMPLES_PER_CONTEXT_FRAME: usize = 320;
/// The code with which whisper.cpp says that it has freed the state itself.
const STATE_IS_FREED: i32 = -7;
/// The lowest mean log probability that is reported; what is no number at all becomes this.
const LEAST_LOG_PROBABILITY: f32 = -100.0;

/// One loaded model with one state: hears one utterance at a time.
pub struct WhisperEngine {
    name: String,
    settings: EngineSettings,
    context: WhisperContext,
    state: Option<WhisperState>,
    prepared: BTreeMap<&'static str, Prepared>,
}

/// Parameters for one language. whisper-rs never frees the name of a language that it was given, so they are made
/// once a language and kept.
struct Prepared(FullParams<'static, 'static>);

// SAFETY: the raw pointers inside are the language's name, which is never freed or written, and callbacks, which are
// only set on a clone that does not leave `recognise`.
unsafe impl Send for Prepared {}

impl std::fmt::Debug for WhisperEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhisperEngine").field("name", &self.name).finish_non_exhaustive()
    }
}

impl WhisperEngine {
    /// Loads a model. whisper.cpp's own words go to the log (`tracing`, targets `whisper_rs::…`).
    pub fn load(model: &Model) -> Result<Self, ModelFault> {
        whisper_rs::install_logging_hooks();
        let refused = |_: WhisperError| ModelFault::Refused { name: model.name.clone() };
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(false).flash_attn(model.settings.flash_attention);
        let context =
            WhisperContext::new_from_buffer_with_params(&model.bytes, parameters).map_err(refused)?;
        let state = Some(context.create_state().map_err(refused)?);
        let name = format!("whisper {}", model.name);
        Ok(WhisperEngine {
            name,
            settings: model.settings.clone(),
            context,
            state,
            prepared: BTreeMap::new(),
        })
    }

    /// The language to hear in, if the model knows it.
    fn language_of(&self, locale: &Locale) -> Result<&'static str, RecogniseError> {
        let wanted = locale.language();
        let only = match &self.settings.language {
            Some(only) => Some(only.as_str()),
            None => (!self.context.is_multilingual()).then_some("en"),
        };
        let known = whisper_rs::get_lang_id(wanted).and_then(whisper_rs::get_lang_str);
        known
            .filter(|_| only.is_none_or(|only| only == wanted))
            .ok_or_else(|| RecogniseError::Language { model: self.name.clone(), language: wanted.to_owned() })
    }

    fn prepare(&self, language: &'static str) -> Prepared {
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(i32::from(self.settings.threads));
        params.set_language(Some(language));
        params.set_translate(false);
        params.set_no_context(true);
        params.set_no_timestamps(true);
        params.set_single_segment(true);
        params.set_temperature(0.0);
        params.set_temperature_inc(0.0);
        params.set_print_special(false);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_timestamps(false);
        Prepared(params)
    }

    /// The model's context, cut to the utterance: the encoder's cost grows with it.
    fn audio_context(&self, samples: usize) -> usize {
        let needed =
            samples.div_ceil(SAMPLES_PER_CONTEXT_FRAME) + usize::from(self.settings.audio_context_spare);
        needed.min(self.context_frames())
    }

    fn context_frames(&self) -> usize {
        usize::try_from(self.context.n_audio_ctx()).unwrap_or(0)
    }

    /// The samples as the encoder wants them: zeros up to the least length, no more than the context holds.
    fn padded(&self, speech_16k: &[f32]) -> Vec<f32> {
        let most = self.context_frames() * SAMPLES_PER_CONTEXT_FRAME;
        let mut padded = speech_16k[..speech_16k.len().min(most)].to_vec();
        padded.resize(padded.len().max(self.settings.least_samples as usize), 0.0);
        padded
    }

    fn run(
        &mut self,
        samples: &[f32],
        language: &'static str,
        cancel: &AtomicBool,
    ) -> Result<(), RecogniseError> {
        if !self.prepared.contains_key(language) {
            let prepared = self.prepare(language);
            self.prepared.insert(language, prepared);
        }
        let audio_context = self.audio_context(samples.len());
        let mut state = match self.state.take() {
            Some(state) => state,
            None => self.context.create_state().map_err(|error| failed(error, cancel))?,
        };
        let Some(Prepared(prepared)) = self.prepared.get(language) else {
            return Err(RecogniseError::Engine { code: 0 });
        };
        let mut params = prepared.clone();
        params.set_audio_ctx(i32::try_from(audio_context).unwrap_or(0));
        // SAFETY: `is_set` reads the flag behind this pointer; `full` calls it only while it runs, and `cancel` is
        // borrowed for longer than that. `params` is dropped with this call.
        unsafe {
            params.set_abort_callback(Some(is_set));
            params.set_abort_callback_user_data(std::ptr::from_ref(cancel).cast_mut().cast::<c_void>());
        }
        match state.full(params, samples) {
            Ok(()) => self.state = Some(state),
            // It has freed the state; dropping it would free it twice.
            Err(WhisperError::GenericError(STATE_IS_FREED)) => {
                std::mem::forget(state);
                return Err(RecogniseError::Engine { code: STATE_IS_FREED });
            }
            // What a broken-off run leaves in the state is dropped with it.
            Err(error) => return Err(failed(error, cancel)),
        }
        Ok(())
    }

    fn harvest(&self) -> Recognised {
        let Some(state) = &self.state else {
            return Recognised { text: String::new(), mean_log_probability: LEAST_LOG_PROBABILITY };
        };
        let (mut text, mut sum, mut tokens) = (String::new(), 0.0f32, 0u16);
        for segment in state.as_iter() {
            text.push_str(&segment.to_str_lossy().unwrap_or_default());
            for token in (0..segment.n_tokens()).filter_map(|at| segment.get_token(at)) {
                sum += token.token_data().plog;
                tokens = tokens.saturating_add(1);
            }
        }
        let mean = if tokens == 0 { LEAST_LOG_PROBABILITY } else { sum / f32::from(tokens) };
        let mean = if mean.is_nan() { LEAST_LOG_PROBABILITY } else { mean.clamp(LEAST_LOG_PROBABILITY, 0.0) };
        Recognised { text: plain_words(&text), mean_log_probability: mean }
    }
}

/// Where a text becomes doubtful, on the scale of `Recognised::mean_log_probability`.
const DOUBTFUL: f32 = -0.35;

impl SpeechToText for WhisperEngine {
    fn name(&self) -> &str {
        &self.name
    }

    /// Cancelling takes effect between the encoder and each token: at worst after one run of the encoder.
    fn recognise(
        &mut self,
        speech_16k: &[f32],
        locale: &Locale,
        cancel: &AtomicBool,
    ) -> Result<Recognised, RecogniseError> {
        let language = self.language_of(locale)?;
        if cancel.load(Ordering::Relaxed) {
            return Err(RecogniseError::Cancelled);
        }
        let samples = self.padded(speech_16k);
        self.run(&samples, language, cancel)?;
        let mut recognised = self.harvest();
        if recognised.mean_log_probability < self.settings.reject_below {
            recognised.text.clear();
        }
        recognised.mean_log_probability =
            on_common_scale(recognised.mean_log_probability, self.settings.reject_below);
        Ok(recognised)
    }
}

/// Each model is sure of itself in its own way: whoever reads the certainty further on wants one scale, on which a
/// model's own threshold stands at [`DOUBTFUL`].
fn on_common_scale(mean_log_probability: f32, reject_below: f32) -> f32 {
    if reject_below < 0.0 { mean_log_probability * (DOUBTFUL / reject_below) } else { mean_log_probability }
}

fn failed(error: WhisperError, cancel: &AtomicBool) -> RecogniseError {
    if cancel.load(Ordering::Relaxed) {
        return RecogniseError::Cancelled;
    }
    let code = match error {
        WhisperError::GenericError(code) => code,
        WhisperError::UnableToCalculateSpectrogram => -1,
        _ => 0,
    };
    RecogniseError::Engine { code }
}

/// Whether the flag behind the pointer is set; whisper.cpp asks between its steps.
unsafe extern "C" fn is_set(flag: *mut c_void) -> bool {
    // SAFETY: set beside this function in `run`, to a flag that is borrowed while whisper.cpp runs.
    let flag = unsafe { &*flag.cast_const().cast::<AtomicBool>() };
    flag.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
