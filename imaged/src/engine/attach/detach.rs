//! The keys that detach: typed in sequence, they leave the container running.

use crate::error::{Error, Kind, Result};

/// Looks for a sequence of keys in what is typed.
#[derive(Debug)]
pub(crate) struct Keys {
    sequence: Vec<u8>,
    matched: usize,
}

impl Keys {
    /// Docker's way to write keys: `ctrl-p,ctrl-q`, `ctrl-@,x`; empty switches detaching off.
    ///
    /// # Errors
    /// When a key is not written so.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut sequence = Vec::new();
        for key in text.split(',').filter(|key| !key.is_empty()) {
            let code = match (key.strip_prefix("ctrl-"), key.as_bytes()) {
                (Some(letter), _) => match letter.as_bytes() {
                    [letter @ (b'a'..=b'z' | b'@' | b'[' | b'\\' | b']' | b'^' | b'_')] => {
                        Some(letter & 0x1f)
                    }
                    _ => None,
                },
                (None, [byte]) => Some(*byte),
                _ => None,
            };
            sequence.push(code.ok_or_else(|| {
                Error::new(
                    Kind::Usage,
                    format!("invalid detach keys ({text}): Unknown character: '{key}'"),
                )
            })?);
        }
        Ok(Self { sequence, matched: 0 })
    }

    /// What of the input goes to the container, and whether the sequence is complete: what is behind it goes
    /// nowhere. A beginning of the sequence is held back until it is clear what becomes of it.
    pub(crate) fn filter(&mut self, input: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(input.len() + self.matched);
        for &byte in input {
            if self.sequence.get(self.matched) == Some(&byte) {
                self.matched += 1;
                if self.matched == self.sequence.len() {
                    return (out, true);
                }
                continue;
            }
            out.extend_from_slice(&self.sequence[..self.matched]);
            self.matched = usize::from(self.sequence.first() == Some(&byte));
            if self.matched == 0 {
                out.push(byte);
            }
        }
        (out, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_may_come_in_pieces() {
        let mut keys = Keys::parse("ctrl-p,ctrl-q").unwrap();
        assert_eq!(keys.filter(b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(keys.filter(b"\x11"), (vec![], true));
    }

    #[test]
    fn what_was_typed_just_before_the_sequence_is_not_lost() {
        let mut keys = Keys::parse("ctrl-p,ctrl-q").unwrap();
        assert_eq!(keys.filter(b"exit\r\x10\x11more"), (b"exit\r".to_vec(), true));
    }

    #[test]
    fn a_broken_sequence_is_passed_on() {
        let mut keys = Keys::parse("ctrl-p,ctrl-q").unwrap();
        assert_eq!(keys.filter(b"\x10x"), (b"\x10x".to_vec(), false));
        assert_eq!(keys.filter(b"\x10\x10"), (b"\x10".to_vec(), false));
        assert_eq!(keys.filter(b"\x11"), (vec![], true));
    }

    #[test]
    fn keys_of_ones_own() {
        assert_eq!(Keys::parse("ctrl-a,d").unwrap().filter(b"\x01d"), (vec![], true));
        assert_eq!(
            Keys::parse("").unwrap().filter(b"\x10\x11"),
            (b"\x10\x11".to_vec(), false)
        );
        assert!(Keys::parse("ctrl-").is_err());
        assert!(Keys::parse("shift-a").is_err());
    }
}
