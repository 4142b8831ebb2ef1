//! Any text as an image's name: refused, or a reference whose texts mean the same again.
#![no_main]

use corten_imaged::image::Reference;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(reference) = text.parse::<Reference>() else {
        return;
    };
    let complete = reference.to_string();
    let again = complete.parse::<Reference>().expect("our own text");
    assert_eq!(again.to_string(), complete);
    assert_eq!(
        (again.tag(), again.digest()),
        (reference.tag(), reference.digest())
    );
    let familiar = reference.familiar();
    assert_eq!(
        familiar.parse::<Reference>().expect("our own text").to_string(),
        complete,
        "{familiar}"
    );
    // It becomes part of an address.
    assert!(!reference.path().is_empty() && !reference.domain().contains('/'));
    assert!(
        reference
            .path()
            .split('/')
            .all(|part| part != ".." && part != "." && !part.is_empty())
    );
});
