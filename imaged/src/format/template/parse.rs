//! From pieces to a tree.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::lex::{Piece, Token};
use super::wrong;
use crate::error::Result;

/// A node of the tree.
#[derive(Debug)]
pub(super) enum Node {
    Text(String),
    Print(Pipeline),
    Set {
        name: String,
        value: Pipeline,
    },
    If {
        condition: Pipeline,
        then: Vec<Self>,
        otherwise: Vec<Self>,
    },
    With {
        value: Pipeline,
        then: Vec<Self>,
        otherwise: Vec<Self>,
    },
    Range {
        key: Option<String>,
        item: Option<String>,
        over: Pipeline,
        body: Vec<Self>,
        otherwise: Vec<Self>,
    },
}

/// Calls chained by `|`: each result is the last argument of the next.
#[derive(Debug)]
pub(super) struct Pipeline(pub(super) Vec<Call>);

/// A function with its arguments, or a lone value.
#[derive(Debug)]
pub(super) enum Call {
    Function(String, Vec<Operand>),
    Value(Operand),
}

/// A value in a call.
#[derive(Debug)]
pub(super) enum Operand {
    Dot(Vec<String>),
    Variable(String, Vec<String>),
    Text(String),
    Number(i64),
    Bool(bool),
    Nil,
    Group(Pipeline),
}

/// Parses a whole template.
pub(super) fn parse(pieces: Vec<Piece>) -> Result<Vec<Node>> {
    let mut pieces = pieces.into_iter().peekable();
    let (nodes, end) = block(&mut pieces, true)?;
    match end {
        End::Input => Ok(nodes),
        End::Closed => Err(wrong("unexpected {{end}}")),
        End::Else(_) => Err(wrong("unexpected {{else}}")),
    }
}

/// What closed a block.
enum End {
    Input,
    Closed,
    /// `else`, with the tokens behind it (an `if`, or nothing).
    Else(Vec<Token>),
}

type Pieces = Peekable<IntoIter<Piece>>;

fn block(pieces: &mut Pieces, top: bool) -> Result<(Vec<Node>, End)> {
    let mut nodes = Vec::new();
    for_each_piece(pieces, top, &mut nodes).map(|end| (nodes, end))
}

fn for_each_piece(pieces: &mut Pieces, top: bool, nodes: &mut Vec<Node>) -> Result<End> {
    while let Some(piece) = pieces.next() {
        let tokens = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Action(tokens) => tokens,
        };
        match tokens.first() {
            Some(Token::Word(word)) if word == "end" => return Ok(End::Closed),
            Some(Token::Word(word)) if word == "else" => return Ok(End::Else(tokens[1..].to_vec())),
            _ => nodes.push(action(tokens, pieces)?),
        }
    }
    if top {
        Ok(End::Input)
    } else {
        Err(wrong("unexpected end of the template: missing {{end}}"))
    }
}

fn action(tokens: Vec<Token>, pieces: &mut Pieces) -> Result<Node> {
    let keyword = match tokens.first() {
        Some(Token::Word(word)) => word.as_str(),
        Some(_) => "",
        None => return Err(wrong("missing value for command")),
    };
    match keyword {
        "if" => {
            let condition = pipeline(&tokens[1..])?;
            let (then, otherwise) = branches(pieces)?;
            Ok(Node::If {
                condition,
                then,
                otherwise,
            })
        }
        "with" => {
            let value = pipeline(&tokens[1..])?;
            let (then, otherwise) = branches(pieces)?;
            Ok(Node::With {
                value,
                then,
                otherwise,
            })
        }
        "range" => {
            let (key, item, over) = range_head(&tokens[1..])?;
            let (body, otherwise) = branches(pieces)?;
            Ok(Node::Range {
                key,
                item,
                over,
                body,
                otherwise,
            })
        }
        "define" | "template" | "block" | "break" | "continue" => {
            Err(wrong(format_args!("{{{{{keyword}}}}} is not supported")))
        }
        _ => match tokens.as_slice() {
            [Token::Variable(name, fields), Token::Declare, rest @ ..] if fields.is_empty() => {
                Ok(Node::Set {
                    name: name.clone(),
                    value: pipeline(rest)?,
                })
            }
            tokens => Ok(Node::Print(pipeline(tokens)?)),
        },
    }
}

fn branches(pieces: &mut Pieces) -> Result<(Vec<Node>, Vec<Node>)> {
    let (then, end) = block(pieces, false)?;
    let otherwise = match end {
        End::Else(tokens) if tokens.is_empty() => {
            let (otherwise, end) = block(pieces, false)?;
            if matches!(end, End::Else(_)) {
                return Err(wrong("a second {{else}}"));
            }
            otherwise
        }
        End::Else(tokens) => vec![action(tokens, pieces)?],
        End::Closed | End::Input => Vec::new(),
    };
    Ok((then, otherwise))
}

type RangeHead = (Option<String>, Option<String>, Pipeline);

fn range_head(tokens: &[Token]) -> Result<RangeHead> {
    use Token::{Comma, Declare, Variable};
    match tokens {
        [Variable(item, _), Declare, rest @ ..] => Ok((None, Some(item.clone()), pipeline(rest)?)),
        [Variable(key, _), Comma, Variable(item, _), Declare, rest @ ..] => {
            Ok((Some(key.clone()), Some(item.clone()), pipeline(rest)?))
        }
        tokens => Ok((None, None, pipeline(tokens)?)),
    }
}

fn pipeline(tokens: &[Token]) -> Result<Pipeline> {
    let mut tokens = tokens.iter().cloned().peekable();
    let pipeline = pipeline_until_close(&mut tokens)?;
    match tokens.next() {
        None => Ok(pipeline),
        Some(_) => Err(wrong("unexpected right paren")),
    }
}

type Tokens<I> = Peekable<I>;

fn pipeline_until_close(tokens: &mut Tokens<impl Iterator<Item = Token>>) -> Result<Pipeline> {
    let mut calls = Vec::new();
    loop {
        calls.push(call(tokens)?);
        match tokens.peek() {
            Some(Token::Pipe) => drop(tokens.next()),
            _ => return Ok(Pipeline(calls)),
        }
    }
}

fn call(tokens: &mut Tokens<impl Iterator<Item = Token>>) -> Result<Call> {
    let function = match tokens.peek() {
        Some(Token::Word(word)) if !is_literal(word) => {
            let word = word.clone();
            tokens.next();
            Some(word)
        }
        _ => None,
    };
    let mut operands = Vec::new();
    while let Some(token) = tokens.next_if(|token| !matches!(token, Token::Pipe | Token::Close)) {
        operands.push(operand(token, tokens)?);
    }
    match (function, operands.len()) {
        (Some(function), _) => Ok(Call::Function(function, operands)),
        (None, 1) => Ok(Call::Value(operands.swap_remove(0))),
        (None, 0) => Err(wrong("missing value for command")),
        (None, 2) => method(operands),
        (None, _) => Err(wrong("can't give argument to non-function")),
    }
}

/// The one method that docker's listings have: `.Label "key"`.
fn method(mut operands: Vec<Operand>) -> Result<Call> {
    match operands.first_mut() {
        Some(Operand::Dot(fields)) if fields.last().is_some_and(|name| name == "Label") => {
            fields.pop();
            Ok(Call::Function(".Label".to_owned(), operands))
        }
        _ => Err(wrong("can't give argument to non-function")),
    }
}

fn is_literal(word: &str) -> bool {
    matches!(word, "true" | "false" | "nil")
}

fn operand<I: Iterator<Item = Token>>(token: Token, tokens: &mut Tokens<I>) -> Result<Operand> {
    Ok(match token {
        Token::Dot(fields) => Operand::Dot(fields),
        Token::Variable(name, fields) => Operand::Variable(name, fields),
        Token::Text(text) => Operand::Text(text),
        Token::Number(number) => Operand::Number(number),
        Token::Word(word) => match word.as_str() {
            "true" => Operand::Bool(true),
            "false" => Operand::Bool(false),
            "nil" => Operand::Nil,
            // A function without arguments as an argument.
            _ => Operand::Group(Pipeline(vec![Call::Function(word, Vec::new())])),
        },
        Token::Open => {
            // The group's own tokens, so that the recursion is over a plain list.
            let inner = group(tokens)?;
            Operand::Group(pipeline(&inner)?)
        }
        Token::Declare | Token::Comma | Token::Pipe | Token::Close => {
            return Err(wrong("unexpected token in a command"));
        }
    })
}

fn group(tokens: &mut Tokens<impl Iterator<Item = Token>>) -> Result<Vec<Token>> {
    let mut depth = 1;
    let mut inner = Vec::new();
    for token in tokens.by_ref() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(inner);
        }
        inner.push(token);
    }
    Err(wrong("unclosed left paren"))
}
