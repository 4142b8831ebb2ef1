//! Any bytes as a layer, really unpacked: an error or files, and nothing outside the layer's directory is touched.
//! Needs root; run it where TMPDIR is a tmpfs.
#![no_main]

mod checksums;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

use corten_imaged::layer::{self, Limits};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    entries: 100,
    bytes: 1 << 20,
    meta: 8192,
    memory: 64 << 10,
    ..Limits::DEFAULT
};

fn place() -> &'static Path {
    static PLACE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        layer::own_umask().expect("a umask of our own");
        let place = tempfile::tempdir().expect("a directory");
        fs::write(place.path().join("outside"), "untouched").expect("a file");
        fs::create_dir(place.path().join("below")).expect("a directory");
        fs::write(place.path().join("below/file"), "below").expect("a file");
        place
    });
    place.path()
}

/// What is beside the layer's directory, with everything that an archive could have changed of it.
fn outside() -> Vec<(std::ffi::OsString, u32, u32, u64, i64)> {
    let mut all: Vec<_> = fs::read_dir(place())
        .expect("our directory")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let stat = fs::symlink_metadata(entry.path()).expect("its attributes");
            let time = if stat.is_dir() { 0 } else { stat.mtime_nsec() };
            (entry.file_name(), stat.mode(), stat.uid(), stat.nlink(), time)
        })
        .collect();
    all.sort();
    all
}

fuzz_target!(|stream: &[u8]| {
    let stream = checksums::repaired(stream);
    let before = outside();
    let root = place().join("layer");
    fs::create_dir(&root).expect("the layer's directory");
    if let Ok(unpacked) = layer::unpack(&mut &stream[..], &root, LIMITS) {
        _ = unpacked.settle(&root, &[place().join("below")]);
    }
    fs::remove_dir_all(&root).expect("what was unpacked can be removed");
    assert_eq!(outside(), before);
    assert_eq!(
        fs::read_to_string(place().join("outside")).expect("the file outside"),
        "untouched"
    );
});
