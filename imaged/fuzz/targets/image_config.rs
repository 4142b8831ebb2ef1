//! Any bytes as an image's configuration: an error, or a document that is the same when it is written and read again.
#![no_main]

use corten_imaged::oci::ImageConfig;
use corten_imaged::oci::manifest::read_json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = read_json::<ImageConfig>(bytes, "configuration") else {
        return;
    };
    let text = serde_json::to_vec(&config).expect("a configuration as JSON");
    let again: ImageConfig = read_json(&text, "configuration").expect("our own text");
    assert_eq!(serde_json::to_vec(&again).expect("a configuration as JSON"), text);
});
