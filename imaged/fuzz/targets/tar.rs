//! Any bytes as a tar stream: an error or entries within the limits, whose data are as long as they say.
#![no_main]

mod checksums;

use corten_imaged::layer::Limits;
use corten_imaged::layer::tar::{Kind, Reader};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    entries: 200,
    bytes: 1 << 20,
    path: 300,
    meta: 4096,
    ..Limits::DEFAULT
};

fuzz_target!(|stream: &[u8]| {
    for stream in [stream, &checksums::repaired(stream)] {
        let mut reader = Reader::new(stream, LIMITS);
        let (mut entries, mut bytes) = (0, 0);
        while let Ok(Some(entry)) = reader.next_entry() {
            entries += 1;
            assert!(entries <= LIMITS.entries && entry.path.len() <= LIMITS.path && entry.mode <= 0o7777);
            assert!(entry.mtime.1 < 1_000_000_000 && entry.atime.1 < 1_000_000_000);
            let Kind::File { size, segments } = entry.kind else {
                continue;
            };
            let stored = segments.map_or(size, |map| map.iter().map(|segment| segment.length).sum());
            bytes += stored;
            assert!(
                bytes <= LIMITS.bytes,
                "the files accepted so far exceed the limit"
            );
            let mut left = stored;
            while let Ok(piece) = reader.data() {
                let bite = piece.len().min(1000);
                assert!(bite > 0 || left == 0, "{left} bytes of {stored} are missing");
                // Now and then some is not taken, and skipped.
                if bite == 0 || stored % 7 == 3 {
                    break;
                }
                reader.consume(bite);
                left -= bite as u64;
            }
        }
    }
});
