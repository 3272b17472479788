//! The folder, the disk, the ears and the voice.

use super::Finding;
use crate::settings::Settings;
use frontdesk_identifiers::Locale;
use frontdesk_speech::{Rendered, VoiceSettings, Voices, models};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Less free than this, and recordings will soon fail: G.711 in stereo takes about 115 MB an hour of each call.
const FREE_WARN: u64 = 2 << 30;
const FREE_FAIL: u64 = 200 << 20;
const RENDERING: Duration = Duration::from_secs(20);

pub(super) fn data_folder(settings: &Settings) -> Vec<Finding> {
    let data = &settings.node.data;
    let what = format!("data folder {}", data.display());
    let writable = |folder: &Path| {
        rustix::fs::access(folder, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK).is_ok()
    };
    vec![match (data.is_dir(), nearest_there(data)) {
        (true, Some(folder)) if writable(folder) => Finding::ok(what, "there, and can be written"),
        (false, Some(folder)) if writable(folder) => Finding::ok(what, "made when the desk opens"),
        _ => Finding::fail(
            what,
            "cannot be written by this user",
            "give it to the user who runs the desk, or set [node] data",
        ),
    }]
}

fn nearest_there(path: &Path) -> Option<&Path> {
    let there = path.ancestors().find(|folder| folder.is_dir());
    if path.is_absolute() { there } else { there.or(Some(Path::new("."))) }
}

pub(super) fn disk(settings: &Settings) -> Vec<Finding> {
    let folder = nearest_there(&settings.node.data).filter(|folder| !folder.as_os_str().is_empty());
    let Ok(space) = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))) else { return Vec::new() };
    let free = space.f_bavail * space.f_frsize;
    let found =
        format!("{:.1} GB free, room for {} hours of recorded calls", free as f64 / 1e9, free / 115_200_000);
    vec![match free {
        FREE_WARN.. => Finding::ok("disk", found),
        FREE_FAIL.. => {
            Finding::warn("disk", found, "make room: recordings and records are lost on a full disk")
        }
        _ => Finding::fail("disk", found, "make room: recordings and records are lost on a full disk"),
    }]
}

pub(super) fn ears(settings: &Settings) -> Vec<Finding> {
    vec![match models::find(&settings.node.data, settings.model.as_deref()) {
        Ok(model) => Finding::ok("ears", model.name),
        Err(fault) => Finding::fail(
            "ears",
            fault.to_string(),
            "see [ears] model; without the key the small one inside serves",
        ),
    }]
}

/// A voice is there when it says something.
pub(super) fn voice(settings: &Settings) -> Vec<Finding> {
    let advice = "install flite or espeak-ng, or record the prompts ([voice] prompts)";
    let (done, rendered) = sync_channel::<Rendered>(4);
    let cache = std::env::temp_dir().join(format!("frontdesk-doctor-{}", std::process::id()));
    let voice =
        VoiceSettings { prompts_folder: settings.prompts.clone(), ..VoiceSettings::new(cache.clone()) };
    let said = match Voices::start(voice, move |prompt| {
        let _ = done.send(prompt);
    }) {
        Ok(voices) => {
            let locale =
                settings.tenants.first().map_or_else(Locale::default, |tenant| tenant.locale.clone());
            voices.render("This is a test of the voice.", locale);
            let rendered = rendered.recv_timeout(RENDERING);
            rendered
                .map_err(|_| "it does not answer".to_owned())
                .and_then(|done| done.result.map_err(|fault| fault.to_string()))
        }
        Err(fault) => Err(fault.to_string()),
    };
    let _ = std::fs::remove_dir_all(cache);
    vec![match said {
        Ok(_) => Finding::ok("voice", "speaks"),
        Err(why) => Finding::fail("voice", why, advice),
    }]
}
