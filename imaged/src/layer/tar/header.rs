//! The 512 bytes before each entry.

use super::malformed;
use crate::error::Result;

/// The unit of a tar stream.
pub(super) const BLOCK: usize = 512;

/// One header, checked against its checksum.
pub(super) struct Header<'a>(&'a [u8; BLOCK]);

impl<'a> Header<'a> {
    /// Takes a block as a header.
    pub(super) fn new(block: &'a [u8; BLOCK]) -> Result<Self> {
        let stated = octal(&block[148..156]).ok_or_else(|| malformed("a header's checksum is no number"))?;
        // The checksum counts its own field as spaces. Ancient tars summed signed bytes.
        let (sum, high) = block.iter().fold((0_i64, 0_i64), |(sum, high), byte| {
            (sum + i64::from(*byte), high + i64::from(*byte >> 7))
        });
        let field = &block[148..156];
        let unsigned = sum - field.iter().map(|byte| i64::from(*byte)).sum::<i64>() + 8 * i64::from(b' ');
        let high = high - field.iter().map(|byte| i64::from(*byte >> 7)).sum::<i64>();
        let signed = unsigned - 256 * high;
        match stated == unsigned || stated == signed {
            true => Ok(Self(block)),
            false => Err(malformed("a header's checksum is wrong")),
        }
    }

    pub(super) fn kind(&self) -> u8 {
        self.0[156]
    }

    /// The path; in POSIX archives in two parts.
    pub(super) fn path(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let prefix = if self.is_posix() {
            text(&self.0[345..500])
        } else {
            &[]
        };
        match prefix {
            [] => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        }
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(&self.0[157..257]).to_vec()
    }

    pub(super) fn size(&self) -> Result<u64> {
        let size = self.number("size", 124..136)?;
        u64::try_from(size).map_err(|_| malformed("an entry's size is negative"))
    }

    pub(super) fn mode(&self) -> Result<i64> {
        self.number("mode", 100..108)
    }

    pub(super) fn uid(&self) -> Result<i64> {
        self.number("uid", 108..116)
    }

    pub(super) fn gid(&self) -> Result<i64> {
        self.number("gid", 116..124)
    }

    pub(super) fn mtime(&self) -> Result<i64> {
        self.number("mtime", 136..148)
    }

    /// Major and minor of a device; archives before POSIX have none.
    pub(super) fn device(&self) -> Result<(i64, i64)> {
        Ok((
            self.number("devmajor", 329..337)?,
            self.number("devminor", 337..345)?,
        ))
    }

    /// Old GNU sparse: the four map entries, whether more follow, and the file's real size.
    pub(super) fn gnu_sparse(&self) -> Result<(&'a [u8], bool, u64)> {
        let real = self.number("real size", 483..495)?;
        let real = u64::try_from(real).map_err(|_| malformed("a sparse file's size is negative"))?;
        Ok((&self.0[386..482], self.0[482] != 0, real))
    }

    fn is_posix(&self) -> bool {
        &self.0[257..263] == b"ustar\0"
    }

    fn number(&self, name: &str, range: std::ops::Range<usize>) -> Result<i64> {
        number(&self.0[range]).ok_or_else(|| malformed(format!("an entry's {name} is no number")))
    }
}

/// The bytes up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    &field[..end]
}

/// A numeric field: octal digits, or (GNU) a big-endian two's complement number after a set high bit.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first()? {
        first if first & 0x80 == 0 => octal(field),
        first => {
            // The high bit is the mark, the next one the sign.
            let negative = first & 0x40 != 0;
            let start = i128::from(first & 0x7f) - if negative { 0x80 } else { 0 };
            let mut value = start;
            for byte in &field[1..] {
                value = value.checked_mul(256)?.checked_add(i128::from(*byte))?;
            }
            i64::try_from(value).ok()
        }
    }
}

/// Octal digits between spaces and NULs; nothing at all is zero.
fn octal(field: &[u8]) -> Option<i64> {
    let is_padding = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field
        .iter()
        .position(|byte| !is_padding(byte))
        .unwrap_or(field.len());
    let digits = &field[start..];
    let end = digits.iter().position(is_padding).unwrap_or(digits.len());
    digits[..end].iter().try_fold(0_i64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Header, number};

    #[test]
    fn checksums_of_unsigned_and_of_signed_bytes_are_good() {
        let mut block = [0; BLOCK];
        block[..4].copy_from_slice(b"\xc3\xa4xy");
        let unsigned = 0xc3 + 0xa4 + i64::from(b'x') + i64::from(b'y') + 8 * 32;
        for (sum, good) in [
            (unsigned, true),
            (unsigned - 512, true),
            (unsigned - 256, false),
            (unsigned + 1, false),
        ] {
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert_eq!(Header::new(&block).is_ok(), good, "{sum}");
        }
    }

    #[test]
    fn numbers_are_octal_or_base_256() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b" 644 \0\0\0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"12345678", None),
            (b"7777777 8", Some(0o7777777)),
            (b"\x80\0\0\0\x01\0\0\0", Some(1 << 24)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ] {
            assert_eq!(number(field), value, "{field:?}");
        }
    }
}
