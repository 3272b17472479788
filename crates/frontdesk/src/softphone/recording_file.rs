//! The files of a telephone's recordings.

use std::path::{Path, PathBuf};

/// The file of the how-manieth recording: `out.wav`, `out-2.wav`, …
pub fn numbered(first: &Path, number: u32) -> PathBuf {
    if number <= 1 {
        return first.to_owned();
    }
    let stem = first.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let end = first.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    first.with_file_name(format!("{stem}-{number}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_call_does_not_overwrite_the_first() {
        let file = |number| numbered(Path::new("folder/out.wav"), number);
        assert_eq!(file(1), Path::new("folder/out.wav"));
        assert_eq!(file(2), Path::new("folder/out-2.wav"));
        assert_eq!(numbered(Path::new("out"), 3), Path::new("out-3"));
    }
}
