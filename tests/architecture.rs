//! The structure of the project, held by what cargo and the tree say of themselves.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The order of the crates: one may use only crates of a smaller number.
const ORDER: [(&str, u8); 19] = [
    ("frontdesk-identifiers", 0),
    ("frontdesk-audio", 0),
    ("frontdesk-sip-message", 1),
    ("frontdesk-directory", 1),
    ("frontdesk-caller-identity", 1),
    ("frontdesk-call-record", 1),
    ("frontdesk-understanding", 1),
    ("frontdesk-media-protocol", 1),
    ("frontdesk-session-description", 2),
    ("frontdesk-sip-stack", 2),
    ("frontdesk-call-flow", 2),
    ("frontdesk-rtp-session", 2),
    ("frontdesk-switchboard", 3),
    ("frontdesk-media-engine", 3),
    ("frontdesk-speech", 3),
    ("frontdesk-sip-transport", 3),
    ("frontdesk-store", 3),
    ("frontdesk", 6),
    ("frontdesk-benches", 7),
];

/// Crates that decide, or that run on the tick told the time: no clock, socket, thread, chance or async in them.
const PURE: [&str; 13] = [
    "frontdesk-identifiers",
    "frontdesk-audio",
    "frontdesk-sip-message",
    "frontdesk-directory",
    "frontdesk-caller-identity",
    "frontdesk-call-record",
    "frontdesk-understanding",
    "frontdesk-media-protocol",
    "frontdesk-session-description",
    "frontdesk-sip-stack",
    "frontdesk-call-flow",
    "frontdesk-rtp-session",
    "frontdesk-switchboard",
];

/// What a pure crate may not depend on.
const IMPURE: [&str; 10] =
    ["tokio", "rustix", "libc", "nix", "socket2", "mio", "sqlx", "getrandom", "tracing", "rand"];

/// What a pure crate's source may not name, tests included.
const IMPURE_WORDS: [&str; 9] = [
    "Instant::now",
    "SystemTime::now",
    "std::net::UdpSocket",
    "std::net::TcpStream",
    "thread::spawn",
    "thread::sleep",
    "HashMap",
    "HashSet",
    "async fn",
];

/// The words that a planes' crate shares with the other plane.
const SHARED: [&str; 2] = ["frontdesk-identifiers", "frontdesk-media-protocol"];

/// Licences of what is linked.
const LICENCES: [&str; 16] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "Zlib",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "0BSD",
    "BSL-1.0",
    "MIT-0",
    "CDLA-Permissive-2.0",
    "NCSA",
];

const FILE_LINES_MAX: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Of what is linked on machines of this kind: a build brings no other crates, and nothing is asked of the network here.
fn metadata() -> Metadata {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let options = ["--offline", "--filter-platform", &platform].map(str::to_owned);
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(options.to_vec())
        .exec()
        .expect("cargo metadata")
}

fn own_dependencies(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
}

#[test]
fn a_crate_uses_only_crates_of_a_smaller_number() {
    let order: BTreeMap<_, _> = ORDER.into_iter().collect();
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if name == "frontdesk-tests" {
            continue;
        }
        let rank = order.get(name).unwrap_or_else(|| panic!("{name} has no place in the order"));
        for used in own_dependencies(package) {
            if let Some(below) = order.get(used) {
                assert!(below < rank, "{name} ({rank}) may not use {used} ({below})");
            }
        }
    }
}

#[test]
fn the_two_planes_meet_only_in_their_shared_words() {
    let metadata = metadata();
    let plane = |package: &Package| {
        let path = package.manifest_path.as_str().to_owned();
        if path.contains("/crates/") { "crates" } else { "media" }
    };
    let planes: BTreeMap<_, _> =
        metadata.workspace_packages().into_iter().map(|p| (p.name.to_string(), plane(p))).collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if ["frontdesk", "frontdesk-tests", "frontdesk-benches"].contains(&name) {
            continue;
        }
        for used in own_dependencies(package).filter(|used| !SHARED.contains(used)) {
            if let Some(other) = planes.get(used) {
                assert_eq!(plane(package), *other, "{name} reaches into the other plane by {used}");
            }
        }
    }
}

#[test]
fn a_pure_crate_depends_on_nothing_that_has_a_clock_a_socket_or_chance() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if !PURE.contains(&name) {
            continue;
        }
        for used in own_dependencies(package) {
            assert!(!IMPURE.contains(&used), "{name} is pure and may not use {used}");
        }
        let folder = package.manifest_path.parent().expect("a folder");
        let lints = std::fs::read_to_string(folder.join("clippy.toml"))
            .unwrap_or_else(|error| panic!("{name} has no clippy.toml: {error}"));
        assert!(lints.contains("std::time::Instant::now"), "{name}/clippy.toml must forbid the clock");
        for file in rust_files(&folder.join("src").into_std_path_buf()) {
            let text = std::fs::read_to_string(&file).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                for word in IMPURE_WORDS {
                    assert!(
                        !code.contains(word),
                        "{}:{}: {word} in a pure crate",
                        file.display(),
                        number + 1
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_linked_is_under_a_licence_that_allows_it() {
    let metadata = metadata();
    let allowed = |term: &str| LICENCES.contains(&term.trim_matches(|c| " ()".contains(c)));
    for package in &metadata.packages {
        // rsip and rsip-derives name a file instead: it is the MIT licence.
        let by_file = (package.name.starts_with("rsip") && package.license_file.is_some()).then_some("MIT");
        let licence = package.license.as_deref().or(by_file).unwrap_or("");
        let licence = licence.replace('/', " OR ");
        let chosen = licence.split(" OR ").any(|choice| choice.split(" AND ").all(allowed));
        let all = licence.replace(" OR ", " AND ").split(" AND ").all(allowed);
        assert!(chosen || all, "{} {} is under `{licence}`", package.name, package.version);
    }
}

#[test]
fn a_file_is_one_thing_and_says_which() {
    let forbidden =
        ["manager", "util", "utils", "helper", "helpers", "common", "misc", "handler", "inner", "ctx"];
    let own = ["crates", "media", "tests", "benches"].map(|folder| root().join(folder));
    let files: Vec<_> = own.iter().flat_map(|folder| rust_files(folder)).collect();
    assert!(files.len() > 100, "the tree is not where it was: {} files", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "{} has {lines} lines: it is several things", file.display());
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(!forbidden.contains(&stem), "{}: a name that says nothing", file.display());
    }
}

#[test]
fn a_test_owns_its_time_and_never_sleeps() {
    let own = ["crates", "media", "tests"].map(|folder| root().join(folder));
    for file in own.iter().flat_map(|folder| rust_files(folder)) {
        let path = file.to_string_lossy();
        let is_test = path.contains("/tests/") || path.ends_with("tests.rs");
        // What is played with real programs over real sockets goes by the real clock.
        let is_real = ["/interop/", "/soak/", "architecture.rs"].iter().any(|real| path.contains(real));
        if !is_test || is_real {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a source file");
        assert!(!text.contains("sleep("), "{path} sleeps");
        assert!(!text.contains("#[ignore"), "{path} ignores a test");
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
