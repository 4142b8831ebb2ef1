//! From the bytes of config.json to the model, with an error that says where.

use super::{Process, Resources, Spec};
use crate::error::{Error, Kind, Result};
use serde::Deserialize;

/// Reads config.json.
///
/// # Errors
/// When the text is no JSON, or a property has a wrong type: with its place and what was expected.
pub fn parse(text: &[u8]) -> Result<Spec<'_>> {
    read(text).map_err(|error| {
        error
            .context("invalid configuration")
            .hint("correct config.json; runtime-spec's config.md says what each property may be")
    })
}

/// Reads what has the form of config.json's `linux.resources`.
///
/// # Errors
/// As [`parse`].
pub fn parse_resources(text: &[u8]) -> Result<Resources<'_>> {
    read(text).map_err(|error| {
        error
            .context("invalid resources")
            .hint("they have the form of linux.resources in config.json: {\"memory\": {\"limit\": 1048576}}")
    })
}

/// Reads the process of `exec --process`.
///
/// # Errors
/// As [`parse`].
pub fn parse_process(text: &[u8]) -> Result<Process<'_>> {
    read(text).map_err(|error| {
        error
            .context("invalid configuration of the process")
            .hint("correct the file of --process, which holds what `process` of config.json may hold")
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T> {
    if text.trim_ascii_start().first() == Some(&b'[') {
        // serde would read a list as the properties in their order.
        return Err(wrong("found a list, expected an object".to_owned()));
    }
    // Once for all of it: each string by itself takes a fifth of the whole reading.
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = 1 + text[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        wrong(format!("found bytes that are not UTF-8 in line {line}"))
    })?;
    serde_json::from_str(text).map_err(|error| locate::<T>(text, &error))
}

/// Reads the text a second time, keeping track of the place: the good path does not pay for that.
fn locate<'a, T: Deserialize<'a>>(text: &'a str, plain: &serde_json::Error) -> Error {
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    let message = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(error) if error.inner().is_data() && error.path().iter().next().is_some() => {
            let place = error.path().to_string();
            format!("{place}: {}", describe(&error.into_inner()))
        }
        _ => describe(plain),
    };
    wrong(message)
}

fn wrong(message: String) -> Error {
    Error::new(Kind::Config, message)
}

/// serde's `invalid type: X, expected Y at line L column C` in our words.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    for what in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = text.strip_prefix(what) {
            return format!("found {rest}");
        }
    }
    if let Some(rest) = text.strip_prefix("missing field `")
        && let Some((field, rest)) = rest.split_once('`')
    {
        return format!("found no {field}, expected one{rest}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_by_their_line() {
        let error = parse(b"{\n  \"hostname\": \"\xff\"}").unwrap_err();
        let text = error.to_string();
        assert_eq!(
            text,
            "invalid configuration: found bytes that are not UTF-8 in line 2"
        );
    }
}
