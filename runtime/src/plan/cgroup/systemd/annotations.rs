//! Annotations that are properties of the scope: `org.systemd.property.TimeoutStopUSec: "uint64 5"`.

use super::Property;
use crate::dbus::{self, Value};
use crate::error::{Error, Kind, Result};
use crate::oci::{Map, Text};

const PREFIX: &str = "org.systemd.property.";

/// The properties among the annotations.
///
/// # Errors
/// For a name that cannot be one, and a value that is not GVariant text.
pub(super) fn properties(annotations: &Map<'_, Text<'_>>) -> Result<Vec<Property>> {
    let named = annotations
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, value)));
    named.map(|(name, value)| property(name, value)).collect()
}

fn property(name: &str, text: &str) -> Result<Property> {
    let wrong = |why: String| Error::new(Kind::Config, format!("annotations[\"{PREFIX}{name}\"] {why}"));
    if name.len() < 3 || !name.chars().all(|c| c.is_ascii_alphabetic()) {
        return Err(wrong(
            "does not end in the name of a property, such as TimeoutStopUSec".to_owned(),
        ));
    }
    let value = dbus::parse(text).map_err(|why| {
        wrong(format!("is {text:?}: {why}"))
            .hint("the value is GVariant text, such as uint64 5, true or 'text'")
    })?;
    match name
        .strip_suffix("Sec")
        .filter(|stem| stem.ends_with(|c: char| c.is_ascii_lowercase()))
    {
        None => Ok(Property::new(name, value)),
        Some(stem) => {
            let value =
                microseconds(&value).ok_or_else(|| wrong(format!("is {text:?}, expected seconds")))?;
            Ok(Property::new(&format!("{stem}USec"), Value::Uint64(value)))
        }
    }
}

/// Seconds, as unit files say them, in microseconds, as D-Bus does.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fraction is checked to be positive and small enough"
)]
fn microseconds(seconds: &Value) -> Option<u64> {
    let whole = match *seconds {
        Value::Byte(n) => u64::from(n),
        Value::Uint16(n) => u64::from(n),
        Value::Uint32(n) => u64::from(n),
        Value::Uint64(n) => n,
        Value::Int16(n) => u64::try_from(n).ok()?,
        Value::Int32(n) => u64::try_from(n).ok()?,
        Value::Int64(n) => u64::try_from(n).ok()?,
        Value::Double(n) if (0.0..1e12).contains(&n) => return Some((n * 1e6) as u64),
        _ => return None,
    };
    whole.checked_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<Vec<Property>> {
        let annotations = Map::from([
            (
                Text::from(format!("{PREFIX}{name}")),
                Text::from(value.to_owned()),
            ),
            (Text::from("org.example.other"), Text::from("not a value")),
        ]);
        properties(&annotations)
    }

    #[test]
    fn annotations_become_properties() {
        for (name, text, property) in [
            (
                "TimeoutStopUSec",
                "uint64 5",
                Property::new("TimeoutStopUSec", Value::Uint64(5)),
            ),
            (
                "TimeoutStopSec",
                "5",
                Property::new("TimeoutStopUSec", Value::Uint64(5_000_000)),
            ),
            (
                "TimeoutStopSec",
                "1.5",
                Property::new("TimeoutStopUSec", Value::Uint64(1_500_000)),
            ),
            (
                "CollectMode",
                "'inactive-or-failed'",
                Property::text("CollectMode", "inactive-or-failed"),
            ),
            (
                "Before",
                "['a.service']",
                Property::new("Before", Value::strings(["a.service"])),
            ),
        ] {
            assert_eq!(of(name, text).unwrap(), [property], "{name}");
        }
    }

    #[test]
    fn what_is_no_property_is_told() {
        for (name, text, word) in [
            ("x", "1", "name of a property"),
            ("With-Dash", "1", "name of a property"),
            ("Good", "bad", "'bad'"),
            ("StopSec", "'a'", "expected seconds"),
            ("StopSec", "-1", "expected seconds"),
            ("StopSec", "uint64 18446744073709551615", "expected seconds"),
        ] {
            let error = of(name, text).unwrap_err();
            assert!(error.to_string().contains(word), "{name}: {error}");
            assert!(error.to_string().contains(PREFIX));
        }
    }
}
