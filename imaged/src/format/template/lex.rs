//! Templates as pieces: plain text, and the tokens of each action.

use super::wrong;
use crate::error::Result;

/// Plain text or one `{{…}}`.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Action(Vec<Token>),
}

/// A token inside an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A keyword or function name.
    Word(String),
    /// `.`, `.A.B`: the names behind the dots.
    Dot(Vec<String>),
    /// `$`, `$x`, `$x.A`: the variable's name and the fields behind it.
    Variable(String, Vec<String>),
    Text(String),
    Number(i64),
    Pipe,
    Open,
    Close,
    Declare,
    Comma,
}

/// Splits a template into its pieces.
pub(super) fn split(source: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = source;
    while let Some((text, behind)) = rest.split_once("{{") {
        let (inside, after) = close(behind)?;
        let trim_before = inside.starts_with("- ");
        let trim_after = inside.ends_with(" -");
        let text = if trim_before { text.trim_end() } else { text };
        push_text(&mut pieces, text);
        let inside = inside.strip_prefix("- ").unwrap_or(inside);
        let inside = inside.strip_suffix(" -").unwrap_or(inside).trim();
        if !(inside.starts_with("/*") && inside.ends_with("*/")) {
            pieces.push(Piece::Action(tokens(inside)?));
        }
        rest = if trim_after { after.trim_start() } else { after };
    }
    push_text(&mut pieces, rest);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// The inside of an action and what follows it; braces inside strings do not count.
fn close(behind: &str) -> Result<(&str, &str)> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in behind.char_indices() {
        match quote {
            Some(q) if c == q && !escaped => quote = None,
            Some('"') => escaped = c == '\\' && !escaped,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if behind[at..].starts_with("}}") => return Ok((&behind[..at], &behind[at + 2..])),
            None => {}
        }
    }
    Err(wrong(if quote.is_some() {
        "unterminated quoted string"
    } else {
        "unclosed action"
    }))
}

fn tokens(inside: &str) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = inside.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, behind) = match first {
            '|' => (Token::Pipe, &rest[1..]),
            '(' => (Token::Open, &rest[1..]),
            ')' => (Token::Close, &rest[1..]),
            ',' => (Token::Comma, &rest[1..]),
            ':' if rest.starts_with(":=") => (Token::Declare, &rest[2..]),
            '"' | '`' => quoted(rest, first)?,
            '.' => {
                let (names, behind) = fields(rest);
                (Token::Dot(names), behind)
            }
            '$' => {
                let (name, behind) = word(&rest[1..]);
                let (names, behind) = if behind.starts_with('.') {
                    fields(behind)
                } else {
                    (Vec::new(), behind)
                };
                (Token::Variable(name.to_owned(), names), behind)
            }
            '-' | '0'..='9' => number(rest)?,
            c if c.is_alphabetic() || c == '_' => {
                let (name, behind) = word(rest);
                (Token::Word(name.to_owned()), behind)
            }
            c => return Err(wrong(format_args!("unexpected {c:?} in an action"))),
        };
        tokens.push(token);
        rest = behind.trim_start();
    }
    Ok(tokens)
}

fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.split_at(end)
}

fn fields(mut text: &str) -> (Vec<String>, &str) {
    let mut names = Vec::new();
    while let Some(behind) = text.strip_prefix('.') {
        let (name, rest) = word(behind);
        text = rest;
        if name.is_empty() {
            break;
        }
        names.push(name.to_owned());
    }
    (names, text)
}

fn number(text: &str) -> Result<(Token, &str)> {
    let end = text[1..]
        .find(|c: char| !c.is_ascii_digit())
        .map_or(text.len(), |at| at + 1);
    let (digits, behind) = text.split_at(end);
    let number = digits
        .parse()
        .map_err(|_| wrong(format_args!("bad number {digits:?}")))?;
    Ok((Token::Number(number), behind))
}

fn quoted(text: &str, quote: char) -> Result<(Token, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Token::Text(out), &text[at + 1..])),
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, c)) => out.push(c),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err(wrong("unterminated quoted string"))
}
