//! Whole messages: calls that we make, and what comes back.

use super::Value;
use super::decode::{Decoder, broken};
use super::encode::{Encoder, length};
use crate::error::Result;

/// The size of the part of a message that says how long it is, in bytes.
pub const HEADER: usize = 16;

/// No answer of systemd to us comes near; the specification allows 128 MiB.
const LONGEST: usize = 16 << 20;

/// The numbers of message types.
mod number {
    pub(super) const METHOD_CALL: u8 = 1;
    pub(super) const METHOD_RETURN: u8 = 2;
    pub(super) const ERROR: u8 = 3;
    pub(super) const SIGNAL: u8 = 4;
}

/// The numbers of header fields.
#[expect(missing_docs, reason = "the names are the specification's")]
pub mod field {
    pub const PATH: u8 = 1;
    pub const INTERFACE: u8 = 2;
    pub const MEMBER: u8 = 3;
    pub const ERROR_NAME: u8 = 4;
    pub const REPLY_SERIAL: u8 = 5;
    pub const DESTINATION: u8 = 6;
    pub const SIGNATURE: u8 = 8;
}

/// The bytes of a message of any type; the field of the signature is added where there are arguments.
pub fn encode(kind: u8, serial: u32, mut fields: Vec<(u8, Value)>, arguments: &[Value]) -> Vec<u8> {
    let mut body = Encoder::default();
    arguments.iter().for_each(|value| body.value(value));
    let signature: String = arguments.iter().map(Value::signature).collect();
    if !signature.is_empty() {
        fields.push((field::SIGNATURE, Value::Signature(signature)));
    }
    let fields = fields
        .into_iter()
        .map(|(code, value)| Value::Struct(vec![Value::Byte(code), Value::Variant(Box::new(value))]));
    let mut message = Encoder(vec![b'l', kind, 0, 1]);
    message.u32(length(body.0.len()));
    message.u32(serial);
    message.value(&Value::Array("(yv)".to_owned(), fields.collect()));
    message.align(8);
    message.0.extend(body.0);
    message.0
}

/// A method call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The bus name of the program called; none on a connection to that program itself.
    pub destination: Option<&'a str>,
    /// The object.
    pub path: &'a str,
    /// The interface.
    pub interface: &'a str,
    /// The method.
    pub member: &'a str,
    /// The arguments.
    pub arguments: &'a [Value],
}

impl Call<'_> {
    /// The call's bytes; `serial` is not 0 and identifies its reply.
    pub fn encode(&self, serial: u32) -> Vec<u8> {
        let text = |text: &str| Value::String(text.to_owned());
        let mut fields = vec![
            (field::PATH, Value::ObjectPath(self.path.to_owned())),
            (field::INTERFACE, text(self.interface)),
            (field::MEMBER, text(self.member)),
        ];
        fields.extend(self.destination.map(|name| (field::DESTINATION, text(name))));
        encode(number::METHOD_CALL, serial, fields, self.arguments)
    }
}

/// What a message from the other side is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The answer to the call of that serial number.
    Reply(u32),
    /// The failure of the call of that serial number, by name.
    Failure(u32, String),
    /// News, by interface and member.
    Signal(String, String),
    /// A call, by interface and member.
    Call(String, String),
    /// A type that the specification may get.
    Other,
}

/// A message from the other side.
#[derive(Debug)]
pub struct Incoming {
    /// What it is.
    pub kind: Kind,
    signature: String,
    body: Vec<u8>,
    big_endian: bool,
}

/// The whole length of the message that begins with these bytes.
///
/// # Errors
/// When it does not follow the specification, or is longer than any that we want.
pub fn frame_length(header: &[u8; HEADER]) -> Result<usize> {
    let big_endian = is_big_endian(header[0])?;
    let mut decoder = Decoder::new(header, big_endian);
    let _ = decoder.u32()?;
    let body = decoder.u32()? as usize;
    let _ = decoder.u32()?;
    let fields = decoder.u32()? as usize;
    let whole = HEADER + fields.next_multiple_of(8) + body;
    if whole > LONGEST {
        return Err(broken("it is too long"));
    }
    Ok(whole)
}

impl Incoming {
    /// Reads a message from all of its bytes.
    ///
    /// # Errors
    /// When it does not follow the specification.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let header = bytes
            .first_chunk::<HEADER>()
            .ok_or_else(|| broken("it ends too early"))?;
        let big_endian = is_big_endian(header[0])?;
        let whole = frame_length(header)?;
        let body_size = {
            let mut decoder = Decoder::new(header, big_endian);
            let _ = decoder.u32()?;
            decoder.u32()? as usize
        };
        if bytes.len() != whole {
            return Err(broken("it is longer or shorter than it says"));
        }
        let (head, body) = bytes.split_at(whole - body_size);
        let fields = Fields::read(head, big_endian)?;
        Ok(Self {
            kind: fields.kind(header[1])?,
            signature: fields.signature,
            body: body.to_vec(),
            big_endian,
        })
    }

    /// The message's arguments.
    ///
    /// # Errors
    /// When they do not follow the specification.
    pub fn arguments(&self) -> Result<Vec<Value>> {
        let mut decoder = Decoder::new(&self.body, self.big_endian);
        let values = decoder.values(&self.signature)?;
        if decoder.is_done() {
            Ok(values)
        } else {
            Err(broken("it has more than its signature says"))
        }
    }
}

fn is_big_endian(mark: u8) -> Result<bool> {
    match mark {
        b'l' => Ok(false),
        b'B' => Ok(true),
        _ => Err(broken("it does not begin like one")),
    }
}

/// The header fields that tell what a message is.
#[derive(Debug, Default)]
struct Fields {
    interface: String,
    member: String,
    error: String,
    reply_to: u32,
    signature: String,
}

impl Fields {
    /// `head` is the message without its body.
    fn read(head: &[u8], big_endian: bool) -> Result<Self> {
        let mut decoder = Decoder::new(head, big_endian);
        let head = decoder.values("yyyyuua(yv)")?;
        let Some(Value::Array(_, items)) = head.into_iter().nth(6) else {
            return Err(broken("it has no header fields"));
        };
        let mut fields = Self::default();
        for item in items {
            let Value::Struct(pair) = item else { continue };
            let Ok([Value::Byte(code), Value::Variant(value)]) = <[Value; 2]>::try_from(pair) else {
                continue;
            };
            match (code, *value) {
                (field::INTERFACE, Value::String(text)) => fields.interface = text,
                (field::MEMBER, Value::String(text)) => fields.member = text,
                (field::ERROR_NAME, Value::String(text)) => fields.error = text,
                (field::REPLY_SERIAL, Value::Uint32(serial)) => fields.reply_to = serial,
                (field::SIGNATURE, Value::Signature(text)) => fields.signature = text,
                _ => {}
            }
        }
        Ok(fields)
    }

    fn kind(&self, kind: u8) -> Result<Kind> {
        Ok(match kind {
            0 => return Err(broken("its type is 0")),
            number::METHOD_CALL => Kind::Call(self.interface.clone(), self.member.clone()),
            number::METHOD_RETURN => Kind::Reply(self.reply_to),
            number::ERROR => Kind::Failure(self.reply_to, self.error.clone()),
            number::SIGNAL => Kind::Signal(self.interface.clone(), self.member.clone()),
            _ => Kind::Other,
        })
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
