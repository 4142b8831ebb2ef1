//! One entry of a log, in either format that the shim writes.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A line of output, or a part of a long one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What was written, with its newline if it had one.
    pub(crate) text: Vec<u8>,
    /// `stdout` or `stderr`.
    pub(crate) stream: String,
    /// When (RFC 3339).
    pub(crate) time: String,
    /// What the log's options let it carry besides.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// A line of docker's json-file.
#[derive(Deserialize)]
struct Json {
    log: String,
    stream: String,
    time: String,
    #[serde(default)]
    attrs: BTreeMap<String, String>,
}

impl Entry {
    /// The attributes as docker shows them: `name=value,name2=value2`, each escaped as in a query of a URL.
    pub(crate) fn details(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.attributes {
            if !text.is_empty() {
                text.push(',');
            }
            escape(&mut text, name);
            text.push('=');
            escape(&mut text, value);
        }
        text
    }

    /// Reads a line of a log; none if it is not whole.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        match line.first()? {
            b'{' => serde_json::from_slice(line).ok().map(|json: Json| Self {
                text: json.log.into_bytes(),
                stream: json.stream,
                time: json.time,
                attributes: json.attrs,
            }),
            _ => parse_cri(line),
        }
    }
}

/// As Go's `url.QueryEscape` does it.
fn escape(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte.into()),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// `TIME STREAM TAG TEXT`: the tag `F` stands for the newline.
fn parse_cri(line: &[u8]) -> Option<Entry> {
    let mut fields = line.strip_suffix(b"\n")?.splitn(4, |byte| *byte == b' ');
    let mut word = || String::from_utf8(fields.next()?.to_vec()).ok();
    let (time, stream, tag) = (word()?, word()?, word()?);
    let mut text = fields.next()?.to_vec();
    if tag.split(':').next() == Some("F") {
        text.push(b'\n');
    }
    Some(Entry {
        text,
        stream,
        time,
        attributes: BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read() {
        let entry = |text: &[u8]| {
            Some(Entry {
                text: text.to_vec(),
                stream: "stderr".to_owned(),
                time: "2026-01-02T03:04:05Z".to_owned(),
                attributes: BTreeMap::new(),
            })
        };
        let json = br#"{"log":"a <b>\n","stream":"stderr","time":"2026-01-02T03:04:05Z"}"#;
        assert_eq!(Entry::parse(json), entry(b"a <b>\n"));
        let time = b"2026-01-02T03:04:05Z".as_slice();
        let cri = |rest: &[u8]| Entry::parse(&[time, rest].concat());
        assert_eq!(cri(b" stderr F a  \xffb\n"), entry(b"a  \xffb\n"));
        assert_eq!(cri(b" stderr P part\n"), entry(b"part"));
        assert_eq!(cri(b" stderr F \n"), entry(b"\n"));
        assert_eq!(cri(b" stderr F"), None);
        for torn in [&br#"{"log":"a"#[..], b"", b"\n", b"x\n"] {
            assert_eq!(Entry::parse(torn), None);
        }
    }

    #[test]
    fn attributes_are_shown_as_docker_shows_them() {
        let json = br#"{"log":"x\n","stream":"stdout","attrs":{"b":"1, 2","a.b":"\u00e9=~"},"time":"2026-01-02T03:04:05Z"}"#;
        let entry = Entry::parse(json).unwrap();
        assert_eq!(entry.details(), "a.b=%C3%A9%3D~,b=1%2C+2");
    }
}
