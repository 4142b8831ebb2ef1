//! Values from GVariant's text, as people write them in annotations: `uint64 5`, `'text'`, `@as []`, `[1, 2]`.

use super::Value;
use super::signature::{is_object_path, is_signature, is_type};
use std::str::Chars;

/// The words that say the type of the value after them.
const KEYWORDS: [(&str, &str); 13] = [
    ("boolean", "b"),
    ("byte", "y"),
    ("int16", "n"),
    ("uint16", "q"),
    ("int32", "i"),
    ("handle", "i"),
    ("uint32", "u"),
    ("int64", "x"),
    ("uint64", "t"),
    ("double", "d"),
    ("string", "s"),
    ("objectpath", "o"),
    ("signature", "g"),
];

/// Brackets within brackets; nobody writes more.
const DEPTH: usize = 32;

/// Reads one value.
///
/// # Errors
/// What is wrong with the text, as a sentence.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut parser = Parser {
        rest: text.trim(),
        depth: DEPTH,
    };
    let value = parser.complete()?;
    parser.skip_blanks();
    if parser.rest.is_empty() {
        Ok(value)
    } else {
        Err(format!("found {:?} after the value", parser.rest))
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

type Parsed<T = Value> = Result<T, String>;

impl<'a> Parser<'a> {
    /// One value; `expected` is its type if that is known. Whatever the text says of itself, the value has that type.
    fn value(&mut self, expected: Option<&str>) -> Parsed {
        self.skip_blanks();
        let first = self
            .rest
            .chars()
            .next()
            .ok_or("found nothing, expected a value")?;
        let value = match first {
            '@' => self.annotated(),
            '[' => self.nested(|parser| parser.array(expected)),
            '{' => self.nested(|parser| parser.dictionary(expected)),
            '(' => self.nested(Self::tuple),
            '<' => self.nested(Self::variant),
            '\'' | '"' => self.string(expected),
            'b' if self.rest[1..].starts_with(['\'', '"']) => self.byte_string(),
            '+' | '-' | '.' | '0'..='9' => self.number(expected),
            _ => self.word(expected),
        }?;
        match expected {
            Some(signature) if value.signature() != signature => {
                Err(format!("found {value}, expected the type {signature}"))
            }
            _ => Ok(value),
        }
    }

    /// A value that says its own type, where that stands alone.
    fn complete(&mut self) -> Parsed {
        let value = self.value(None)?;
        if is_type(&value.signature()) {
            Ok(value)
        } else {
            Err("found a value whose type is longer, or deeper, than those of D-Bus".to_owned())
        }
    }

    /// `@TYPE VALUE`.
    fn annotated(&mut self) -> Parsed {
        self.rest = &self.rest[1..];
        let signature = self.take_while(|c| !c.is_whitespace() && c != '@');
        if !is_type(signature) {
            return Err(format!("found @{signature}, expected a type such as @as"));
        }
        self.nested(|parser| parser.value(Some(signature)))
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or("too many brackets within brackets")?;
        let value = inner(self)?;
        self.depth += 1;
        Ok(value)
    }

    fn word(&mut self, expected: Option<&str>) -> Parsed {
        let word = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        match word {
            "true" | "false" => Ok(Value::Boolean(word == "true")),
            "inf" | "nan" => self.number_from(word, expected),
            _ => match KEYWORDS.iter().find(|(keyword, _)| *keyword == word) {
                Some((_, signature)) => self.nested(|parser| parser.value(Some(signature))),
                None if word.is_empty() => Err(format!("found {:?}, expected a value", self.rest)),
                None => Err(format!(
                    "found {word}, expected a value; texts stand in quotes: '{word}'"
                )),
            },
        }
    }

    fn number(&mut self, expected: Option<&str>) -> Parsed {
        let text = self.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        self.number_from(text, expected)
    }

    fn number_from(&self, text: &str, expected: Option<&str>) -> Parsed {
        let hexadecimal = text.trim_start_matches(['+', '-']).starts_with("0x");
        let float = text.contains(['.', 'i', 'n']) || (text.contains(['e', 'E']) && !hexadecimal);
        let signature = expected.unwrap_or(if float { "d" } else { "i" });
        let bad = || format!("{text} is no number of the type {signature}");
        if signature == "d" {
            return text.parse().map(Value::Double).map_err(|_| bad());
        }
        let number = integer(text).ok_or_else(bad)?;
        let made = match signature {
            "y" => u8::try_from(number).map(Value::Byte),
            "n" => i16::try_from(number).map(Value::Int16),
            "q" => u16::try_from(number).map(Value::Uint16),
            "i" => i32::try_from(number).map(Value::Int32),
            "u" => u32::try_from(number).map(Value::Uint32),
            "x" => i64::try_from(number).map(Value::Int64),
            "t" => u64::try_from(number).map(Value::Uint64),
            _ => return Err(bad()),
        };
        made.map_err(|_| bad())
    }

    fn string(&mut self, expected: Option<&str>) -> Parsed {
        let text = self.quoted()?;
        match expected {
            None | Some("s") => Ok(Value::String(text)),
            Some("o") if is_object_path(&text) => Ok(Value::ObjectPath(text)),
            Some("o") => Err(format!(
                "{text:?} is no path of an object, such as '/org/example'"
            )),
            Some("g") if is_signature(&text) => Ok(Value::Signature(text)),
            Some("g") => Err(format!("{text:?} is no signature, such as 'a{{sv}}'")),
            Some(other) => Err(format!("found the text {text:?}, expected the type {other}")),
        }
    }

    /// `b'text'`: its bytes with a NUL at the end.
    fn byte_string(&mut self) -> Parsed {
        self.rest = &self.rest[1..];
        let mut bytes = self.quoted()?.into_bytes();
        bytes.push(0);
        Ok(Value::bytes(&bytes))
    }

    fn quoted(&mut self) -> Parsed<String> {
        let mut chars = self.rest.chars();
        let quote = chars.next();
        let mut text = String::new();
        loop {
            match chars.next() {
                None => return Err("a text has no closing quote".to_owned()),
                Some('\\') => text.push(escape(&mut chars)?),
                Some(c) if Some(c) == quote => break,
                Some(c) => text.push(c),
            }
        }
        self.rest = chars.as_str();
        if text.contains('\0') {
            return Err("found a text with a NUL, which D-Bus's texts cannot hold".to_owned());
        }
        Ok(text)
    }

    fn array(&mut self, expected: Option<&str>) -> Parsed {
        let mut item = match expected {
            None => None,
            Some(signature) => match signature.strip_prefix('a') {
                Some(item) => Some(item.to_owned()),
                None => return Err(format!("found an array, expected the type {signature}")),
            },
        };
        let mut items = Vec::new();
        self.list(']', |parser| {
            let value = parser.value(item.as_deref())?;
            item.get_or_insert_with(|| value.signature());
            items.push(value);
            Ok(())
        })?;
        let item = item.ok_or("an empty array needs its type before it, such as @as []")?;
        Ok(Value::Array(item, items))
    }

    fn dictionary(&mut self, expected: Option<&str>) -> Parsed {
        let mut types = expected.map(entry_types).transpose()?;
        let mut entries = Vec::new();
        self.list('}', |parser| {
            let key = parser.value(types.as_ref().map(|(key, _)| key.as_str()))?;
            parser.expect(':')?;
            let value = parser.value(types.as_ref().map(|(_, value)| value.as_str()))?;
            types.get_or_insert_with(|| (key.signature(), value.signature()));
            entries.push(Value::DictEntry(Box::new(key), Box::new(value)));
            Ok(())
        })?;
        let (key, value) = types.ok_or("an empty dictionary needs its type before it, such as @a{sv} {}")?;
        let entry = format!("{{{key}{value}}}");
        if is_type(&format!("a{entry}")) {
            Ok(Value::Array(entry, entries))
        } else {
            Err(format!(
                "found a dictionary whose keys have the type {key}, expected a basic one"
            ))
        }
    }

    /// The fields of a tuple say their own types.
    fn tuple(&mut self) -> Parsed {
        let mut fields = Vec::new();
        self.list(')', |parser| {
            fields.push(parser.value(None)?);
            Ok(())
        })?;
        if fields.is_empty() {
            return Err("D-Bus has no empty tuple".to_owned());
        }
        Ok(Value::Struct(fields))
    }

    fn variant(&mut self) -> Parsed {
        self.expect('<')?;
        let value = self.complete()?;
        self.expect('>')?;
        Ok(Value::Variant(Box::new(value)))
    }

    /// What stands between brackets, separated by commas; one after the last is fine.
    fn list(&mut self, close: char, mut item: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.rest = &self.rest[1..];
        loop {
            self.skip_blanks();
            if let Some(rest) = self.rest.strip_prefix(close) {
                self.rest = rest;
                return Ok(());
            }
            item(self)?;
            self.skip_blanks();
            if !self.rest.starts_with(close) {
                self.expect(',')?;
            }
        }
    }

    fn expect(&mut self, wanted: char) -> Parsed<()> {
        self.skip_blanks();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(format!("found {:?}, expected {wanted}", self.rest)),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

/// The types of `a{KV}`.
fn entry_types(signature: &str) -> Parsed<(String, String)> {
    let inner = signature
        .strip_prefix("a{")
        .and_then(|rest| rest.strip_suffix('}'));
    match inner.and_then(|inner| inner.split_at_checked(1)) {
        Some((key, value)) if !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("found a dictionary, expected the type {signature}")),
    }
}

/// Decimal, `0x` hexadecimal, or octal with a leading 0, as C and GVariant have them.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = if let Some(digits) = digits.strip_prefix("0x") {
        i128::from_str_radix(digits, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(if negative { -value } else { value })
}

fn escape(chars: &mut Chars<'_>) -> Parsed<char> {
    Ok(match chars.next() {
        Some('a') => '\u{7}',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\u{b}',
        Some('u') => unicode(chars, 4)?,
        Some('U') => unicode(chars, 8)?,
        Some(other) => other,
        None => return Err("a text ends in a backslash".to_owned()),
    })
}

fn unicode(chars: &mut Chars<'_>, digits: usize) -> Parsed<char> {
    let text: String = chars.by_ref().take(digits).collect();
    let code = u32::from_str_radix(&text, 16).ok().and_then(char::from_u32);
    code.ok_or_else(|| format!("\\u{text} is no character"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_typed_by_words_and_signatures() {
        for (text, value) in [
            ("true", Value::Boolean(true)),
            ("42", Value::Int32(42)),
            ("-0x10", Value::Int32(-16)),
            ("uint64 18446744073709551615", Value::Uint64(u64::MAX)),
            ("@t 010", Value::Uint64(8)),
            ("byte 255", Value::Byte(255)),
            ("1.5", Value::Double(1.5)),
            ("double 3", Value::Double(3.0)),
            ("'it\\'s \\u00e9'", Value::String("it's é".into())),
            ("\"two\"", Value::String("two".into())),
            ("objectpath '/a'", Value::ObjectPath("/a".into())),
            ("<'x'>", Value::Variant(Box::new(Value::String("x".into())))),
            ("b'ab'", Value::bytes(b"ab\0")),
            (" ['a', 'b' ,] ", Value::strings(["a", "b"])),
            ("@as []", Value::strings::<String>([])),
            (
                "[uint64 1, 2]",
                Value::Array("t".into(), vec![Value::Uint64(1), Value::Uint64(2)]),
            ),
            (
                "('a', uint32 1)",
                Value::Struct(vec![Value::String("a".into()), Value::Uint32(1)]),
            ),
        ] {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
        assert_eq!(parse("{'k': <1>}").unwrap().signature(), "a{sv}");
        assert_eq!(parse("@a{su} {'k': 7}").unwrap().signature(), "a{su}");
        assert_eq!(parse("[('a', true)]").unwrap().signature(), "a(sb)");
    }

    #[test]
    fn what_is_no_value_is_told() {
        for (text, word) in [
            ("", "nothing"),
            ("name", "'name'"),
            ("'open", "closing quote"),
            ("[]", "@as []"),
            ("[1, 'a']", "expected the type i"),
            ("{'a': 1, objectpath '/b': 2}", "expected the type s"),
            ("['a', @g 'u']", "expected the type s"),
            // Found by fuzzing: such values were told to systemd in broken messages.
            ("{'a': 1, b'': 2}", "expected the type s"),
            ("['a', b'']", "expected the type s"),
            ("@s b''", "expected the type s"),
            ("[uint16 1, <2>]", "expected the type q"),
            ("'\\u0000'", "NUL"),
            ("@g 'R'", "no signature"),
            ("objectpath 'a'", "no path"),
            ("{[1]: 2}", "expected a basic one"),
            ("{<1>: 2}", "expected a basic one"),
            ("byte 256", "type y"),
            ("uint64 -1", "type t"),
            ("5 6", "after the value"),
            ("uint32", "nothing"),
            ("{'a' 1}", "expected :"),
            ("()", "empty tuple"),
            ("'\\u12'", "no character"),
            ("é", "expected a value"),
            ("b", "expected a value"),
            ("@ab\u{1}q []", "expected a type"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
        let long = format!("<({})>", "1,".repeat(254));
        assert!(parse(&long).unwrap_err().contains("longer"));
        assert!(parse(&"<".repeat(100_000)).unwrap_err().contains("brackets"));
        assert!(parse(&"int32 ".repeat(100_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}()<>@'\"a-z0-9 .:,é\\\\-]{0,40}") {
            drop(parse(&text));
        }
    }
}
