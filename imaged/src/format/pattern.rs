//! Regular expressions as far as filters need them: `^ $ . * + ? |` and `\`; what else there is means itself.

/// Whether a text has a part that fits.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    pattern.split('|').any(|choice| {
        let choice: Vec<char> = choice.chars().collect();
        match choice.split_first() {
            Some(('^', rest)) => here(rest, &text),
            _ => (0..=text.len()).any(|at| here(&choice, &text[at..])),
        }
    })
}

/// Whether the text begins so.
fn here(pattern: &[char], text: &[char]) -> bool {
    let (one, rest) = match pattern {
        [] => return true,
        ['$'] => return text.is_empty(),
        ['\\', escaped, rest @ ..] => (Some(*escaped), rest),
        ['.', rest @ ..] => (None, rest),
        [plain, rest @ ..] => (Some(*plain), rest),
    };
    let is_one = |text: &[char]| {
        text.first()
            .is_some_and(|found| one.is_none_or(|wanted| wanted == *found))
    };
    let (least, most, rest) = match rest {
        ['*', rest @ ..] => (0, usize::MAX, rest),
        ['+', rest @ ..] => (1, usize::MAX, rest),
        ['?', rest @ ..] => (0, 1, rest),
        rest => (1, 1, rest),
    };
    let fitting = (0..text.len())
        .take_while(|at| is_one(&text[*at..]))
        .count()
        .min(most);
    fitting >= least && (least..=fitting).any(|taken| here(rest, &text[taken..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, meant) in [
            ("web", "my-web-1", true),
            ("^web$", "web", true),
            ("^web$", "web1", false),
            ("^web", "my-web", false),
            ("w.b", "wob", true),
            ("we*b", "wb", true),
            ("we+b", "wb", false),
            ("we?b", "web", true),
            ("a|b", "xbx", true),
            (r"a\.b", "axb", false),
            (".*", "", true),
            ("", "x", true),
        ] {
            assert_eq!(fits(pattern, text), meant, "{pattern} {text}");
        }
    }
}
