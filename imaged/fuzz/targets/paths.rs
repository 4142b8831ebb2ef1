//! Any bytes as a path of a layer: refused, or a path that leads nowhere but down, and the same when it is cleaned again.
#![no_main]

use corten_imaged::layer::{clean_path, meaning_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &[u8]| {
    let Ok(clean) = clean_path(path) else { return };
    let parts = || clean.split(|byte| *byte == b'/');
    assert!(clean.is_empty() || parts().all(|part| !part.is_empty() && part != b"." && part != b".."));
    assert!(parts().all(|part| part.len() <= 255 && !part.contains(&0)));
    assert_eq!(clean_path(&clean).expect("a clean path"), clean);
    if let Ok(Some(target)) = meaning_of(&clean) {
        assert!(!target.is_empty() && target != b"." && target != b".." && !target.contains(&b'/'));
        assert!(!target.starts_with(b".wh."));
    }
});
