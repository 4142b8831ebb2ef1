//! JSON text with its parts on lines of their own, as Go's `json.Indent` does it: nothing else of the text changes.

/// The text, one tab for each level.
pub(crate) fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut characters = json.chars().peekable();
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    while let Some(character) = characters.next() {
        if in_text {
            out.push(character);
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                match characters.peek() {
                    Some('}' | ']') => out.extend(characters.next()),
                    _ => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_text = true;
                out.push('"');
            }
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n('\t', depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_get_lines_and_texts_stay() {
        let json = r#"{"a" :[1, {"b":"x, {\"y\\"}],"c":{ }, "d":[]}"#;
        assert_eq!(
            indented(json),
            "{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": \"x, {\\\"y\\\\\"\n\t\t}\n\t],\n\t\"c\": {},\n\t\"d\": []\n}"
        );
    }
}
