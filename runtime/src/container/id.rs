//! Container ids: what a user may call a container, checked once.

use crate::error::{Error, Kind, Result};
use std::fmt;

/// The longest file name of Linux' file systems: an id names a directory.
const MAX_LENGTH: usize = 255;

/// A valid container id; it is safe as the name of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(String);

impl Id {
    /// Accepts letters, digits, `_`, `+`, `-` and `.`; not `.` and `..`.
    ///
    /// # Errors
    /// When the text is no valid id.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(Kind::Usage, "container id cannot be empty"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+-.".contains(c);
        if text == "." || text == ".." || text.len() > MAX_LENGTH || !text.chars().all(allowed) {
            return Err(
                Error::new(Kind::Usage, format!("invalid container ID format: {text:?}")).hint(
                    "an id has 1 to 255 letters, digits, '_', '+', '-' and '.', and is neither '.' nor '..'",
                ),
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_runc_accepts() {
        for id in ["a", "A-b_c.d+1", "...", "-x", &"x".repeat(255)] {
            assert_eq!(Id::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for id in [
            ".",
            "..",
            "a/b",
            "a b",
            "a\0",
            "ü",
            "a:b",
            "a,b",
            "../x",
            &"x".repeat(256),
        ] {
            let error = Id::parse(id).unwrap_err();
            assert_eq!(error.to_string(), format!("invalid container ID format: {id:?}"));
        }
        assert_eq!(
            Id::parse("").unwrap_err().to_string(),
            "container id cannot be empty"
        );
    }
}
