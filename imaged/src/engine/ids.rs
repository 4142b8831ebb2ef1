//! Container ids: 64 hexadecimal digits from the kernel's random numbers.

use std::fs::File;
use std::io::Read;

use crate::error::{Error, Result};

/// Random bytes.
///
/// # Errors
/// When /dev/urandom cannot be read.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Error::io("read /dev/urandom", &error))?;
    Ok(bytes)
}

/// A new id.
///
/// # Errors
/// As [`random`].
pub(crate) fn new() -> Result<String> {
    loop {
        let id: String = random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        // A short id that is a number could be taken for a size or a port.
        if !id[..12].bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(id);
        }
    }
}

/// Whether this could come from [`new`].
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The twelve digits that people see.
pub(crate) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
