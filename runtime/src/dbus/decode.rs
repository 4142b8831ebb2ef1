//! Bytes to values; they come from another program and are believed nothing.

use super::Value;
use super::encode::alignment;
use crate::error::{Error, Kind, Result};

/// The specification's limit is 32 arrays and 32 structures within each other.
const DEPTH: usize = 64;

/// Reads values; alignment counts from the start of the bytes.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
}

/// An error of a message that does not follow the specification.
pub(super) fn broken(what: &str) -> Error {
    Error::new(Kind::System, format!("a D-Bus message is broken: {what}"))
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self {
            bytes,
            at: 0,
            big_endian,
        }
    }

    /// One value for each type of the signature.
    pub(super) fn values(&mut self, signature: &str) -> Result<Vec<Value>> {
        let mut rest = signature;
        let mut values = Vec::new();
        while !rest.is_empty() {
            let (first, others) = split(rest)?;
            values.push(self.value(first, DEPTH)?);
            rest = others;
        }
        Ok(values)
    }

    pub(super) fn value(&mut self, signature: &str, depth: usize) -> Result<Value> {
        let depth = depth.checked_sub(1).ok_or_else(|| broken("too deep"))?;
        let letter = signature.as_bytes().first().copied();
        self.align(alignment(letter))?;
        Ok(match letter {
            Some(b'y') => Value::Byte(self.take::<1>()?[0]),
            Some(b'b') => Value::Boolean(self.u32()? != 0),
            Some(b'n') => Value::Int16(i16::from_le_bytes(self.number()?)),
            Some(b'q') => Value::Uint16(u16::from_le_bytes(self.number()?)),
            Some(b'i') => Value::Int32(i32::from_le_bytes(self.number()?)),
            Some(b'u' | b'h') => Value::Uint32(self.u32()?),
            Some(b'x') => Value::Int64(i64::from_le_bytes(self.number()?)),
            Some(b't') => Value::Uint64(u64::from_le_bytes(self.number()?)),
            Some(b'd') => Value::Double(f64::from_le_bytes(self.number()?)),
            Some(b's') => Value::String(self.string()?),
            Some(b'o') => Value::ObjectPath(self.string()?),
            Some(b'g') => Value::Signature(self.signature()?),
            Some(b'a') => self.array(&signature[1..], depth)?,
            Some(b'(') => Value::Struct(self.fields(inner(signature)?, depth)?),
            Some(b'{') => {
                let fields = self.fields(inner(signature)?, depth)?;
                let [key, value] =
                    <[Value; 2]>::try_from(fields).map_err(|_| broken("an entry is no pair"))?;
                Value::DictEntry(Box::new(key), Box::new(value))
            }
            Some(b'v') => {
                let signature = self.signature()?;
                let (first, rest) = split(&signature)?;
                if !rest.is_empty() {
                    return Err(broken("a variant of several values"));
                }
                Value::Variant(Box::new(self.value(first, depth)?))
            }
            _ => return Err(broken("a type that nobody knows")),
        })
    }

    fn fields(&mut self, mut signature: &str, depth: usize) -> Result<Vec<Value>> {
        if signature.is_empty() {
            return Err(broken("a structure without fields"));
        }
        let mut fields = Vec::new();
        while !signature.is_empty() {
            let (first, rest) = split(signature)?;
            fields.push(self.value(first, depth)?);
            signature = rest;
        }
        Ok(fields)
    }

    fn array(&mut self, item: &str, depth: usize) -> Result<Value> {
        let length = self.u32()? as usize;
        let (item, _) = split(item)?;
        self.align(alignment(item.as_bytes().first().copied()))?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| broken("an array beyond its end"))?;
        let mut items = Vec::new();
        while self.at < end {
            items.push(self.value(item, depth)?);
        }
        if self.at == end {
            Ok(Value::Array(item.to_owned(), items))
        } else {
            Err(broken("an array of another length than it says"))
        }
    }

    fn string(&mut self) -> Result<String> {
        let length = self.u32()? as usize;
        self.text(length)
    }

    fn signature(&mut self) -> Result<String> {
        let length = usize::from(self.take::<1>()?[0]);
        self.text(length)
    }

    fn text(&mut self, length: usize) -> Result<String> {
        let end = self.at.checked_add(length).filter(|end| *end < self.bytes.len());
        let end = end.ok_or_else(|| broken("a text beyond its end"))?;
        let text =
            std::str::from_utf8(&self.bytes[self.at..end]).map_err(|_| broken("a text not in UTF-8"))?;
        self.at = end + 1;
        Ok(text.to_owned())
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.align(4)?;
        Ok(u32::from_le_bytes(self.number()?))
    }

    /// The bytes of a number, in little-endian order.
    fn number<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = self.take::<N>()?;
        if self.big_endian {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        self.at += N;
        bytes.copied().ok_or_else(|| broken("it ends too early"))
    }

    pub(super) fn align(&mut self, to: usize) -> Result<()> {
        self.at = self.at.next_multiple_of(to);
        if self.at <= self.bytes.len() {
            Ok(())
        } else {
            Err(broken("it ends too early"))
        }
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// What stands between the brackets of a signature that is one structure or entry.
fn inner(signature: &str) -> Result<&str> {
    signature
        .get(1..signature.len() - 1)
        .ok_or_else(|| broken("a signature ends too early"))
}

/// The first complete type of a signature, and the rest.
fn split(signature: &str) -> Result<(&str, &str)> {
    let bytes = signature.as_bytes();
    let start = bytes.iter().take_while(|letter| **letter == b'a').count();
    let mut open = 0_usize;
    for (index, letter) in bytes.iter().enumerate().skip(start) {
        match letter {
            b'(' | b'{' => open += 1,
            b')' | b'}' => open = open.checked_sub(1).ok_or_else(|| broken("a signature"))?,
            _ => {}
        }
        if open == 0 {
            return signature
                .split_at_checked(index + 1)
                .ok_or_else(|| broken("a signature"));
        }
    }
    Err(broken("a signature ends too early"))
}
