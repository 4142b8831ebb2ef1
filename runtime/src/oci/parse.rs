//! From the bytes of config.json to the model, with an error that says where.

use super::Spec;
use crate::error::{Error, Kind, Result};

/// Reads config.json.
///
/// # Errors
/// When the text is no JSON, or a property has a wrong type: with its place and what was expected.
pub fn parse(text: &[u8]) -> Result<Spec<'_>> {
    if text.trim_ascii_start().first() == Some(&b'[') {
        // serde would read a list as the properties in their order.
        return Err(wrong("found a list, expected an object".to_owned()));
    }
    serde_json::from_slice(text).map_err(|error| locate(text, &error))
}

/// Reads the text a second time, keeping track of the place: the good path does not pay for that.
fn locate(text: &[u8], plain: &serde_json::Error) -> Error {
    let deserializer = &mut serde_json::Deserializer::from_slice(text);
    let message = match serde_path_to_error::deserialize::<_, Spec<'_>>(deserializer) {
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
        .context("invalid configuration")
        .hint("correct config.json; runtime-spec's config.md says what each property may be")
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
