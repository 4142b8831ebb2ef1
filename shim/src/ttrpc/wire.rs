//! Protobuf's wire format (protobuf.dev/programming-guides/encoding): as much as proto3 messages need.
//!
//! A message is read field by field: unknown fields are passed over, the last of a repeated scalar wins, nothing is
//! allocated that is not there. What is written leaves out default values, as proto3 does.

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// It ends within a field.
    Truncated,
    /// A number has more than 64 bits.
    Overlong,
    /// A field has number 0 or a wire type that proto3 does not use.
    Field,
    /// A string is not UTF-8.
    Text,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the message ends within a field",
            Self::Overlong => "a number of the message is too long",
            Self::Field => "the message has a field of no known type",
            Self::Text => "a text of the message is not UTF-8",
        })
    }
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number, a truth value or an enumeration's.
    Number(u64),
    /// A text, bytes or a message.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The number; 0 for anything else.
    pub fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(_) => 0,
        }
    }

    /// The number's low half, as the field's type says.
    pub fn number32(self) -> u32 {
        u32::try_from(self.number() & u64::from(u32::MAX)).unwrap_or_default()
    }

    /// Whether the number is not 0.
    pub fn truth(self) -> bool {
        self.number() != 0
    }

    /// The bytes; none for anything else.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(_) => &[],
        }
    }

    /// The text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(self) -> Result<String, Malformed> {
        match std::str::from_utf8(self.bytes()) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(Malformed::Text),
        }
    }
}

/// Reads a message's fields in order; after an error nothing follows.
pub struct Fields<'a>(&'a [u8]);

/// The fields of a message.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields(message)
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed::Field)?;
        if number == 0 {
            return Err(Malformed::Field);
        }
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Number(self.fixed::<8>()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed::Truncated)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Number(self.fixed::<4>()?),
            _ => return Err(Malformed::Field),
        };
        Ok((number, value))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<u64, Malformed> {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(self.take(N)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed::Overlong);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed::Overlong)
    }
}

/// A message that is being written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a number, unless it is 0.
    #[must_use]
    pub fn number(mut self, field: u32, number: impl Into<u64>) -> Self {
        let number = number.into();
        if number != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(number);
        }
        self
    }

    /// Adds a text, unless it is empty.
    #[must_use]
    pub fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    /// Adds bytes, unless there are none.
    #[must_use]
    pub fn bytes(self, field: u32, bytes: &[u8]) -> Self {
        match bytes {
            [] => self,
            bytes => self.field(field, bytes),
        }
    }

    /// Adds a message, even an empty one.
    #[must_use]
    pub fn message(self, field: u32, message: &Self) -> Self {
        self.field(field, &message.0)
    }

    /// Adds messages to a repeated field.
    #[must_use]
    pub fn messages(self, field: u32, messages: impl IntoIterator<Item = Self>) -> Self {
        messages
            .into_iter()
            .fold(self, |message, part| message.message(field, &part))
    }

    /// Adds the numbers of a repeated field in one piece, as proto3 does; none leave nothing.
    #[must_use]
    pub fn packed(self, field: u32, numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut packed = Self::new();
        numbers.into_iter().for_each(|number| packed.varint(number));
        self.bytes(field, &packed.0)
    }

    fn field(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn varint(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low & 0x7f);
            }
            self.0.push(low | 0x80);
        }
    }

    /// The encoded message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A message of any type: its type's name in an address, and its encoding (google.protobuf.Any).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Any {
    /// The type; what stands after the last slash is its name.
    pub type_url: String,
    /// The encoding.
    pub value: Vec<u8>,
}

impl Any {
    /// Reads one.
    ///
    /// # Errors
    /// It is malformed.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut any = Self::default();
        for field in fields(message) {
            match field? {
                (1, value) => any.type_url = value.text()?,
                (2, value) => any.value = value.bytes().to_vec(),
                _ => {}
            }
        }
        Ok(any)
    }

    /// Writes it.
    pub fn encode(&self) -> Message {
        Message::new().text(1, &self.type_url).bytes(2, &self.value)
    }

    /// The type's name.
    pub fn type_name(&self) -> &str {
        self.type_url.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodes_as_the_format_s_own_examples() {
        assert_eq!(Message::new().number(1, 150u32).into_bytes(), [8, 0x96, 1]);
        assert_eq!(Message::new().text(2, "testing").into_bytes(), b"\x12\x07testing");
        let inner = Message::new().number(1, 150u32);
        assert_eq!(
            Message::new().message(3, &inner).into_bytes(),
            [0x1a, 3, 8, 0x96, 1]
        );
        assert_eq!(Message::new().number(1, 0u32).text(2, ""), Message::new());
        assert_eq!(
            Message::new().number(1, u64::MAX).into_bytes(),
            [8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
        );
    }

    fn one(message: &[u8]) -> Result<(u32, Value<'_>), Malformed> {
        fields(message).next().expect("a field")
    }

    #[test]
    fn what_is_malformed_is_said() {
        assert_eq!(one(&[8]), Err(Malformed::Truncated));
        assert_eq!(one(&[0x12, 5, 1]), Err(Malformed::Truncated));
        assert_eq!(one(&[0x0d, 1, 2]), Err(Malformed::Truncated));
        assert_eq!(
            one(&[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2]),
            Err(Malformed::Overlong)
        );
        assert_eq!(one(&[0, 1]), Err(Malformed::Field));
        assert_eq!(one(&[0x0b]), Err(Malformed::Field));
        assert_eq!(Any::decode(&[0x0a, 1, 0xff]), Err(Malformed::Text));
        let huge = [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(one(&huge), Err(Malformed::Truncated));
    }

    #[test]
    fn fixed_width_fields_are_numbers() {
        assert_eq!(one(&[0x0d, 1, 2, 0, 0]), Ok((1, Value::Number(0x201))));
        assert_eq!(one(&[0x09, 1, 0, 0, 0, 0, 0, 0, 0]), Ok((1, Value::Number(1))));
    }

    #[test]
    fn a_type_s_name_is_after_the_last_slash() {
        let any = |url: &str| Any {
            type_url: url.to_owned(),
            value: Vec::new(),
        };
        assert_eq!(any("types.containerd.io/a.B").type_name(), "a.B");
        assert_eq!(any("a.B").type_name(), "a.B");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(number in any::<u64>(), text in ".*", bytes: Vec<u8>, field in 1u32..1000) {
            let message = Message::new().number(field, number).text(field + 1, &text).bytes(field + 2, &bytes).into_bytes();
            let mut expected = vec![
                (field, Value::Number(number)),
                (field + 1, Value::Bytes(text.as_bytes())),
                (field + 2, Value::Bytes(&bytes)),
            ];
            expected.retain(|(_, value)| !matches!(value, Value::Number(0) | Value::Bytes([])));
            let read: Result<Vec<_>, _> = fields(&message).collect();
            prop_assert_eq!(read, Ok(expected));
        }

        #[test]
        fn nothing_makes_the_reader_panic_or_read_too_much(bytes: Vec<u8>) {
            let total: usize = fields(&bytes).flatten().map(|(_, value)| value.bytes().len()).sum();
            prop_assert!(total <= bytes.len());
            let _ = Any::decode(&bytes);
        }
    }
}
