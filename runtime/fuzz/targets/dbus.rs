//! Any bytes as a D-Bus message, and any text as a GVariant: an error or values that can be told again.
#![no_main]

use corten_runtime::dbus::{self, HEADER, Incoming};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(Ok(header)) = bytes.get(..HEADER).map(<&[u8; HEADER]>::try_from) {
        _ = dbus::frame_length(header);
    }
    if let Ok(message) = Incoming::decode(bytes) {
        _ = message.arguments();
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(value) = dbus::parse(text)
    {
        let message = dbus::encode(1, 1, Vec::new(), std::slice::from_ref(&value));
        let back = Incoming::decode(&message).expect("our own message").arguments();
        assert_eq!(back.expect("our own arguments"), [value]);
    }
});
