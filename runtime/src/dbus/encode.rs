//! Values to bytes, little-endian.

use super::Value;

/// Appends values; alignment counts from the start of the bytes, which must be aligned to 8 in the message.
#[derive(Debug, Default)]
pub(super) struct Encoder(pub(super) Vec<u8>);

impl Encoder {
    pub(super) fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.align(4);
        self.0.extend(value.to_le_bytes());
    }

    fn string(&mut self, text: &str) {
        self.u32(length(text.len()));
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    pub(super) fn signature(&mut self, text: &str) {
        // A signature is at most 255 bytes long; a longer one cannot come from the types we make.
        self.0.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    pub(super) fn value(&mut self, value: &Value) {
        self.align(alignment(value.signature().as_bytes().first().copied()));
        match value {
            Value::Byte(value) => self.0.push(*value),
            Value::Boolean(value) => self.0.extend(u32::from(*value).to_le_bytes()),
            Value::Int16(value) => self.0.extend(value.to_le_bytes()),
            Value::Uint16(value) => self.0.extend(value.to_le_bytes()),
            Value::Int32(value) => self.0.extend(value.to_le_bytes()),
            Value::Uint32(value) => self.0.extend(value.to_le_bytes()),
            Value::Int64(value) => self.0.extend(value.to_le_bytes()),
            Value::Uint64(value) => self.0.extend(value.to_le_bytes()),
            Value::Double(value) => self.0.extend(value.to_le_bytes()),
            Value::String(text) | Value::ObjectPath(text) => self.string(text),
            Value::Signature(text) => self.signature(text),
            Value::Array(item, items) => self.array(item, items),
            Value::Struct(fields) => fields.iter().for_each(|field| self.value(field)),
            Value::DictEntry(key, value) => {
                self.value(key);
                self.value(value);
            }
            Value::Variant(inner) => {
                self.signature(&inner.signature());
                self.value(inner);
            }
        }
    }

    /// The length of an array counts neither itself nor the padding before the first item.
    fn array(&mut self, item: &str, items: &[Value]) {
        let at = self.0.len();
        self.u32(0);
        self.align(alignment(item.as_bytes().first().copied()));
        let start = self.0.len();
        items.iter().for_each(|item| self.value(item));
        let size = length(self.0.len() - start);
        self.0[at..at + 4].copy_from_slice(&size.to_le_bytes());
    }
}

/// Where a value of the type that this letter begins may stand.
pub(super) fn alignment(letter: Option<u8>) -> usize {
    match letter {
        Some(b'y' | b'g' | b'v') | None => 1,
        Some(b'n' | b'q') => 2,
        Some(b'x' | b't' | b'd' | b'(' | b'{') => 8,
        Some(_) => 4,
    }
}

/// What is longer than 4 GiB is no message of ours.
pub(super) fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
