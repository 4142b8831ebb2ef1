//! Any text as what a registry asks for in WWW-Authenticate: understood or not.
#![no_main]

use corten_imaged::registry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    _ = registry::reads_challenge(text);
});
