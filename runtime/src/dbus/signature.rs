//! Which texts are types (D-Bus specification, "Type System").

/// Containers within containers: the specification's limit for arrays, and for structures.
const DEEPEST: usize = 32;

/// The most letters that a signature has, by its one byte of length.
const LONGEST: usize = 255;

/// Whether a text is one complete type.
pub(super) fn is_type(text: &str) -> bool {
    text.len() <= LONGEST && after_type(text.as_bytes(), DEEPEST).is_some_and(<[u8]>::is_empty)
}

/// What follows the first complete type.
fn after_type(text: &[u8], depth: usize) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    match text.split_first()? {
        (b'a', [b'{', key, rest @ ..]) if is_basic(*key) => after_type(rest, depth)?.strip_prefix(b"}"),
        (b'a', [b'{', ..]) => None,
        (b'a', rest) => after_type(rest, depth),
        (b'(', rest) => {
            let mut rest = after_type(rest, depth)?;
            while rest.first()? != &b')' {
                rest = after_type(rest, depth)?;
            }
            Some(&rest[1..])
        }
        (b'v', rest) => Some(rest),
        (letter, rest) => is_basic(*letter).then_some(rest),
    }
}

fn is_basic(letter: u8) -> bool {
    b"ybnqiuxtdsogh".contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::is_type;

    #[test]
    fn one_complete_type_and_nothing_else() {
        for text in ["y", "as", "a{sv}", "(sa(ux)v)", "aa{s(b)}"] {
            assert!(is_type(text), "{text}");
        }
        let deep = "a".repeat(40) + "s";
        let long = format!("({})", "s".repeat(254));
        for text in [
            "", "a", "ss", "()", "(s", "a{vs}", "a{s}", "{sv}", "a\u{1}q", "r", &deep, &long,
        ] {
            assert!(!is_type(text), "{text}");
        }
    }
}
