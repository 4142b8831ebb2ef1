//! Just enough JSON to write: strings, and objects whose values are JSON already.

/// `text` as a JSON string.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if u32::from(c) < 0x20 => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The values, each JSON already, as a JSON array.
pub(crate) fn array(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(","))
}

/// A JSON object being written.
pub(crate) struct Object(Vec<String>);

impl Object {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, value: &str) {
        self.0.push(format!("{}:{value}", string(key)));
    }

    /// Adds a string.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &string(value));
    }

    pub(crate) fn finish(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}
