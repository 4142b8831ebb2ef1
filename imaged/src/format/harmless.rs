//! Text of others that is shown to people: nothing in it steers a terminal.

/// The text with its control characters written out, but for ends of lines.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() && character != '\n' {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    out
}

/// The same, and it is one line.
pub(crate) fn harmless_line(text: &str) -> String {
    harmless(text).replace('\n', "\\n")
}
