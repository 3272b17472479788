//! `frontdesk recordings`

use super::failed;
use frontdesk_media_engine::{RecordingKey, unseal};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `frontdesk recordings`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Decrypt a recording into a WAV file
    #[command(after_help = "Examples:
  frontdesk recordings decrypt data/tenants/main/recordings/CALL.wav.sealed
  frontdesk recordings decrypt CALL.wav.sealed --key main.recordings.key --output call.wav")]
    Decrypt {
        /// The recording
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The WAV file, which must not be there yet; else beside the recording, without `.sealed`
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// The tenant's key; else `recordings.key` in the folder above the recording's
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
}

/// Does what was asked for.
pub fn run(arguments: &Arguments) -> ExitCode {
    let Command::Decrypt { file, output, key } = &arguments.command;
    let output = output.clone().unwrap_or_else(|| plain_name(file));
    match decrypt(file, &output, key.as_deref()) {
        Ok(told) => {
            println!("{}: {told}", output.display());
            ExitCode::SUCCESS
        }
        Err(error) => failed(format!("{}: {error}", file.display())),
    }
}

fn plain_name(sealed: &Path) -> PathBuf {
    match sealed.extension() {
        Some(suffix) if suffix == RecordingKey::SUFFIX => sealed.with_extension(""),
        _ => sealed.with_extension("wav"),
    }
}

/// What was decrypted, as a phrase. A file that does not become whole is not left behind.
fn decrypt(file: &Path, output: &Path, key: Option<&Path>) -> io::Result<String> {
    let beside = || std::fs::canonicalize(file).map(|file| RecordingKey::file_of(&file));
    let key_file = key.map_or_else(beside, |key| Ok(key.to_owned()))?;
    let key = RecordingKey::read(&key_file)
        .map_err(|error| io::Error::new(error.kind(), format!("the key {}: {error}", key_file.display())))?;
    let mut sealed = BufReader::new(File::open(file)?);
    let wav = OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
    let wav = wav.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", output.display())))?;
    let mut wav = BufWriter::new(wav);
    let unsealed = unseal(&mut sealed, &key, &mut wav).and_then(|unsealed| {
        wav.flush()?;
        Ok(unsealed)
    });
    let unsealed = unsealed.inspect_err(|_| {
        let _ = std::fs::remove_file(output);
    })?;
    let seconds = unsealed.samples as f64 / f64::from(unsealed.rate.hz());
    let end =
        if unsealed.is_whole { "" } else { "; its end is missing: the desk was killed while it recorded" };
    Ok(format!("{seconds:.1} s at {} Hz{end}", unsealed.rate.hz()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_named_by_what_it_becomes() {
        assert_eq!(plain_name(Path::new("a/call.wav.sealed")), Path::new("a/call.wav"));
        assert_eq!(plain_name(Path::new("call")), Path::new("call.wav"));
    }

    #[test]
    fn what_cannot_be_decrypted_says_why_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let recordings = folder.path().join("recordings");
        std::fs::create_dir(&recordings).unwrap();
        let file = recordings.join("call.wav.sealed");
        std::fs::write(&file, b"something else").unwrap();
        let output = folder.path().join("call.wav");
        let why = |key| decrypt(&file, &output, key).unwrap_err().to_string();
        assert!(why(None).contains("recordings.key"), "{}", why(None));
        RecordingKey::of_folder(folder.path()).unwrap();
        assert_eq!(why(None), "it is no encrypted recording");
        assert!(!output.exists());
    }
}
