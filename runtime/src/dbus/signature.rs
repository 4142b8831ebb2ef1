//! Which texts are types (D-Bus specification, "Type System").

/// Containers within containers: the specification's limit for arrays, and for structures.
const DEEPEST: usize = 32;

/// The most letters that a signature has, by its one byte of length.
const LONGEST: usize = 255;

/// Whether a text is one complete type.
pub(super) fn is_type(text: &str) -> bool {
    text.len() <= LONGEST && after_type(text.as_bytes(), DEEPEST).is_some_and(<[u8]>::is_empty)
}

/// Whether a text is any number of complete types, as a signature is.
pub(super) fn is_signature(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match after_type(rest, DEEPEST) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    text.len() <= LONGEST
}

/// Whether a text is the path of an object: `/`, or names of letters, digits and `_`, each after a `/`.
pub(super) fn is_object_path(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut letters = name.bytes();
        !name.is_empty() && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
    };
    text == "/"
        || text
            .strip_prefix('/')
            .is_some_and(|names| names.split('/').all(is_name))
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
    use super::{is_object_path, is_signature, is_type};

    #[test]
    fn signatures_and_paths() {
        for text in ["", "s", "sa{sv}(ii)"] {
            assert!(is_signature(text), "{text}");
        }
        for text in ["(", "sR", "a", &"s".repeat(256)] {
            assert!(!is_signature(text), "{text}");
        }
        for text in ["/", "/a", "/org/freedesktop/systemd1_"] {
            assert!(is_object_path(text), "{text}");
        }
        for text in ["", "a", "//", "/a/", "/a-b", "/a//b"] {
            assert!(!is_object_path(text), "{text}");
        }
    }

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
