//! PAX extended headers: `LENGTH KEY=VALUE\n`, again and again.

use std::collections::BTreeMap;

use super::{excessive, malformed};
use crate::error::Result;

/// The longest name and value of an extended attribute (xattr(7)).
const MAX_XATTR_NAME: usize = 255;
const MAX_XATTR_VALUE: usize = 64 << 10;

/// What a PAX header says about the entry after it. Unknown keys mean nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) mtime: Option<(i64, u32)>,
    pub(super) atime: Option<(i64, u32)>,
    pub(super) xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) sparse: PaxSparse,
}

/// The three ways of GNU tar to say that a file has holes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PaxSparse {
    pub(super) version: (u32, u32),
    pub(super) name: Option<Vec<u8>>,
    pub(super) real_size: Option<u64>,
    /// Version 0.0 and 0.1: offsets and lengths by turns.
    pub(super) map: Option<Vec<u64>>,
}

impl Pax {
    /// Reads the records of one header; later ones win.
    pub(super) fn read(mut bytes: &[u8]) -> Result<Self> {
        let mut pax = Self::default();
        while !bytes.is_empty() {
            let (record, rest) = split_record(bytes)?;
            let equals = record
                .iter()
                .position(|byte| *byte == b'=')
                .ok_or_else(bad_record)?;
            pax.set(&record[..equals], &record[equals + 1..])?;
            bytes = rest;
        }
        Ok(pax)
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        match key {
            b"path" => self.path = name(value)?,
            b"linkpath" => self.link = name(value)?,
            b"size" => self.size = number(value)?,
            b"uid" => self.uid = id(value)?,
            b"gid" => self.gid = id(value)?,
            b"mtime" => self.mtime = time(value)?,
            b"atime" => self.atime = time(value)?,
            b"GNU.sparse.major" => self.sparse.version.0 = version(value)?,
            b"GNU.sparse.minor" => self.sparse.version.1 = version(value)?,
            b"GNU.sparse.name" => self.sparse.name = name(value)?,
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse.real_size = number(value)?,
            b"GNU.sparse.map" => self.sparse.map = Some(numbers(value)?),
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                let number = number(value)?.ok_or_else(bad_record)?;
                self.sparse.map.get_or_insert_default().push(number);
            }
            _ => {
                if let Some(xattr) = key.strip_prefix(b"SCHILY.xattr.") {
                    if xattr.len() > MAX_XATTR_NAME || value.len() > MAX_XATTR_VALUE {
                        return Err(excessive("an extended attribute is longer than the kernel takes"));
                    }
                    self.xattrs.insert(xattr.to_vec(), value.to_vec());
                }
            }
        }
        Ok(())
    }
}

fn bad_record() -> crate::error::Error {
    malformed("a PAX record is not LENGTH KEY=VALUE")
}

/// The first record without its length and line feed, and what follows it.
fn split_record(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let space = bytes
        .iter()
        .take(20)
        .position(|byte| *byte == b' ')
        .ok_or_else(bad_record)?;
    let length = decimal(&bytes[..space])
        .and_then(|length| usize::try_from(length).ok())
        .ok_or_else(bad_record)?;
    if length <= space + 1 || length > bytes.len() || bytes[length - 1] != b'\n' {
        return Err(bad_record());
    }
    Ok((&bytes[space + 1..length - 1], &bytes[length..]))
}

/// A name; empty means that the ordinary header's counts.
fn name(value: &[u8]) -> Result<Option<Vec<u8>>> {
    match value.contains(&0) {
        true => Err(malformed("a PAX name contains a NUL byte")),
        false => Ok((!value.is_empty()).then(|| value.to_vec())),
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, digit| match digit {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

fn number(value: &[u8]) -> Result<Option<u64>> {
    match value {
        [] => Ok(None),
        value => decimal(value)
            .map(Some)
            .ok_or_else(|| malformed("a PAX number is none")),
    }
}

fn numbers(value: &[u8]) -> Result<Vec<u64>> {
    value
        .split(|byte| *byte == b',')
        .map(|text| decimal(text).ok_or_else(bad_record))
        .collect()
}

fn id(value: &[u8]) -> Result<Option<i64>> {
    let number = number(value)?;
    number
        .map(|id| i64::try_from(id).map_err(|_| malformed("a PAX id is too large")))
        .transpose()
}

fn version(value: &[u8]) -> Result<u32> {
    decimal(value)
        .and_then(|version| u32::try_from(version).ok())
        .ok_or_else(bad_record)
}

/// Seconds with an optional fraction, possibly negative, as seconds and nanoseconds after them.
fn time(value: &[u8]) -> Result<Option<(i64, u32)>> {
    if value.is_empty() {
        return Ok(None);
    }
    let bad = || malformed("a PAX time is none");
    let (negative, digits) = match value.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let mut parts = digits.splitn(2, |byte| *byte == b'.');
    let seconds = parts
        .next()
        .and_then(decimal)
        .and_then(|seconds| i64::try_from(seconds).ok())
        .ok_or_else(bad)?;
    let mut nanos = 0_u32;
    let fraction = parts.next().unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(bad());
    }
    for place in 0..9 {
        nanos = nanos * 10 + fraction.get(place).map_or(0, |digit| u32::from(digit - b'0'));
    }
    Ok(Some(match (negative, nanos) {
        (false, _) => (seconds, nanos),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - nanos),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(key: &str, value: &str) -> Vec<u8> {
        let body = key.len() + value.len() + 3;
        let length = (1..6)
            .map(|digits| body + digits)
            .find(|length| length.to_string().len() + body == *length);
        format!("{} {key}={value}\n", length.unwrap()).into_bytes()
    }

    #[test]
    fn records_are_read() {
        let text = [
            record("path", "a/ü"),
            record("mtime", "-1.25"),
            record("size", "9000000000"),
            record("SCHILY.xattr.user.x", "a=b\nc"),
            record("unknown", "x"),
            record("GNU.sparse.map", "0,5,10,2"),
        ]
        .concat();
        let pax = Pax::read(&text).unwrap();
        assert_eq!(pax.path.as_deref(), Some("a/ü".as_bytes()));
        assert_eq!(pax.mtime, Some((-2, 750_000_000)));
        assert_eq!(pax.size, Some(9_000_000_000));
        assert_eq!(
            pax.xattrs,
            BTreeMap::from([(b"user.x".to_vec(), b"a=b\nc".to_vec())])
        );
        assert_eq!(pax.sparse.map.as_deref(), Some(&[0, 5, 10, 2][..]));
    }

    #[test]
    fn malformed_records_are_refused() {
        for bad in [
            &b"x"[..],
            b"5 a=b",
            b"6 a=b\n\n",
            b"99 a=b\n",
            b"0 a=b\n",
            b"2 \n",
            b"5 ab\n",
            b"-6 a=b\n",
            b"99999999999999999999999 a=b\n",
        ] {
            assert!(Pax::read(bad).is_err(), "{bad:?}");
        }
        for (key, value) in [
            ("size", "-1"),
            ("size", "1x"),
            ("mtime", "1.x"),
            ("path", "a\0b"),
            ("uid", "99999999999999999999"),
        ] {
            assert!(Pax::read(&record(key, value)).is_err(), "{key}={value}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Pax::read(&bytes);
        }
    }
}
