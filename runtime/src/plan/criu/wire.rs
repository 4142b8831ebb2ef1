//! Protocol buffers, as far as CRIU's messages need them: numbers, strings and messages, by field number.

/// A message being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

/// Wire types of the encoding.
const NUMBER: u64 = 0;
const BYTES: u64 = 2;

impl Message {
    /// A number, a flag or a word of an enum.
    pub(super) fn number(&mut self, field: u32, value: i64) -> &mut Self {
        self.varint(u64::from(field) << 3 | NUMBER);
        // Negative numbers are written in two's complement.
        self.varint(value.cast_unsigned());
        self
    }

    /// A flag that is left out when it is false.
    pub(super) fn flag(&mut self, field: u32, value: bool) -> &mut Self {
        if value { self.number(field, 1) } else { self }
    }

    /// A string.
    pub(super) fn text(&mut self, field: u32, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    /// A string, if there is one.
    pub(super) fn some_text(&mut self, field: u32, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(field, value),
            None => self,
        }
    }

    /// A message in this one.
    pub(super) fn message(&mut self, field: u32, message: &Self) -> &mut Self {
        self.bytes(field, &message.0)
    }

    /// The bytes written so far.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn bytes(&mut self, field: u32, value: &[u8]) -> &mut Self {
        self.varint(u64::from(field) << 3 | BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }
}

/// One field's value, as it stands in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number.
    Number(u64),
    /// A string, or a message.
    Bytes(&'a [u8]),
    /// Anything else, which no message of CRIU has.
    Other,
}

impl<'a> Value<'a> {
    /// The number; 0 for anything else.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Number(value) => value.cast_signed(),
            _ => 0,
        }
    }

    /// The bytes; none for anything else.
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The string.
    pub(super) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// The fields of a message, in order; none when it is broken.
pub(super) fn fields(mut message: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = take_varint(&mut message)?;
        let value = match key & 7 {
            NUMBER => Value::Number(take_varint(&mut message)?),
            BYTES => {
                let length = take_varint(&mut message)?;
                Value::Bytes(take(&mut message, usize::try_from(length).ok()?)?)
            }
            1 => take(&mut message, 8).map(|_| Value::Other)?,
            5 => take(&mut message, 4).map(|_| Value::Other)?,
            _ => return None,
        };
        fields.push((key >> 3, value));
    }
    Some(fields)
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(taken)
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(message, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut inner = Message::default();
        inner.text(1, "key").number(2, -1);
        let mut message = Message::default();
        message
            .number(1, 300)
            .flag(2, false)
            .flag(3, true)
            .message(40, &inner);
        let bytes = message.into_bytes();
        assert_eq!(bytes[..3], [0x08, 0xac, 0x02]);
        let read = fields(&bytes).unwrap();
        assert_eq!(read[0], (1, Value::Number(300)));
        assert_eq!(read[1], (3, Value::Number(1)));
        let inner = fields(read[2].1.bytes()).unwrap();
        assert_eq!(
            (read[2].0, inner[0].1.text().as_str(), inner[1].1.number()),
            (40, "key", -1)
        );
    }

    #[test]
    fn broken_messages_are_refused() {
        for bytes in [&[0x08][..], &[0x0a, 5, 1], &[0x0b], &[0xff; 12], &[0x0d, 1, 2]] {
            assert_eq!(fields(bytes), None, "{bytes:?}");
        }
        assert_eq!(fields(&[0x0d, 1, 2, 3, 4]), Some(vec![(1, Value::Other)]));
    }
}
