//! The functions templates may call, and how values print.

use std::cmp::Ordering;

use serde_json::Value;

use super::wrong;
use crate::error::Result;

/// Calls a function by name.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value> {
    let text = |at: usize| -> Result<String> {
        arguments
            .get(at)
            .map(plain)
            .ok_or_else(|| wrong(format_args!("wrong number of args for {name}")))
    };
    Ok(match name {
        "json" => serde_json::to_string(one(name, arguments)?)
            .map_err(wrong)?
            .into(),
        "join" => join(one_of_two(name, arguments)?, &text(1)?).into(),
        "split" => text(0)?.split(text(1)?.as_str()).map(Value::from).collect(),
        "upper" => text(0)?.to_uppercase().into(),
        "lower" => text(0)?.to_lowercase().into(),
        "title" => title(&text(0)?).into(),
        "truncate" => text(0)?
            .chars()
            .take(count(name, arguments.get(1))?)
            .collect::<String>()
            .into(),
        "pad" => pad(
            &text(0)?,
            count(name, arguments.get(1))?,
            count(name, arguments.get(2))?,
        )
        .into(),
        "print" => arguments.iter().map(plain).collect::<String>().into(),
        "println" => (arguments.iter().map(plain).collect::<Vec<_>>().join(" ") + "\n").into(),
        "printf" => printf(&text(0)?, arguments.get(1..).unwrap_or_default()).into(),
        "len" => length(one(name, arguments)?)?.into(),
        "index" => index(arguments)?,
        ".Label" => label(one_of_two(name, arguments)?, &text(1)?).into(),
        "not" => (!truth(one(name, arguments)?)).into(),
        "and" => chosen(name, arguments, |value| !truth(value))?,
        "or" => chosen(name, arguments, truth)?,
        "eq" => {
            let (first, rest) = arguments
                .split_first()
                .ok_or_else(|| wrong("missing argument for comparison"))?;
            rest.iter().any(|other| equal(first, other)).into()
        }
        "ne" => (!equal(one_of_two(name, arguments)?, &arguments[1])).into(),
        "lt" => compare(name, arguments)?.is_lt().into(),
        "le" => compare(name, arguments)?.is_le().into(),
        "gt" => compare(name, arguments)?.is_gt().into(),
        "ge" => compare(name, arguments)?.is_ge().into(),
        _ => return Err(wrong(format_args!("function \"{name}\" not defined"))),
    })
}

fn one<'a>(name: &str, arguments: &'a [Value]) -> Result<&'a Value> {
    match arguments {
        [value] => Ok(value),
        _ => Err(wrong(format_args!(
            "wrong number of args for {name}: want 1 got {}",
            arguments.len()
        ))),
    }
}

fn one_of_two<'a>(name: &str, arguments: &'a [Value]) -> Result<&'a Value> {
    match arguments {
        [first, _] => Ok(first),
        _ => Err(wrong(format_args!(
            "wrong number of args for {name}: want 2 got {}",
            arguments.len()
        ))),
    }
}

/// The first argument that decides, or else the last one.
fn chosen(name: &str, arguments: &[Value], decides: impl Fn(&Value) -> bool) -> Result<Value> {
    let found = arguments
        .iter()
        .find(|value| decides(value))
        .or_else(|| arguments.last());
    found.cloned().ok_or_else(|| {
        wrong(format_args!(
            "wrong number of args for {name}: want at least 1 got 0"
        ))
    })
}

fn count(name: &str, value: Option<&Value>) -> Result<usize> {
    let number = value
        .and_then(Value::as_u64)
        .and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| wrong(format_args!("{name} wants a number")))
}

/// One of the labels that a row shows as `key=value,…`; empty if it is not there.
fn label(row: &Value, key: &str) -> String {
    let labels = row["Labels"].as_str().unwrap_or_default().split(',');
    let value = labels
        .filter_map(|label| label.split_once('='))
        .find(|(known, _)| *known == key);
    value.map_or_else(String::new, |(_, value)| value.to_owned())
}

fn join(list: &Value, separator: &str) -> String {
    match list {
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(separator),
        other => plain(other),
    }
}

fn title(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

fn pad(text: &str, before: usize, after: usize) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("{:before$}{text}{:after$}", "", "")
}

/// The verbs %s %v %d %q and %%.
fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('%') => out.push('%'),
            Some('q') => out.push_str(
                &arguments
                    .next()
                    .map_or_else(missing, |value| format!("{:?}", plain(value))),
            ),
            Some('s' | 'v' | 'd') => out.push_str(&arguments.next().map_or_else(missing, plain)),
            Some(verb) => {
                out.push_str("%!");
                out.push(verb);
            }
            None => out.push_str("%!(NOVERB)"),
        }
    }
    out
}

fn missing() -> String {
    "%!(MISSING)".to_owned()
}

fn length(value: &Value) -> Result<usize> {
    match value {
        Value::Array(items) => Ok(items.len()),
        Value::Object(map) => Ok(map.len()),
        Value::String(text) => Ok(text.len()),
        Value::Null => Ok(0),
        other => Err(wrong(format_args!("len of {}", plain(other)))),
    }
}

fn index(arguments: &[Value]) -> Result<Value> {
    let (value, keys) = arguments.split_first().ok_or_else(|| wrong("index of nothing"))?;
    let mut value = value.clone();
    for key in keys {
        value = match (value, key) {
            (Value::Object(mut map), Value::String(name)) => map.remove(name).unwrap_or_else(|| "".into()),
            (Value::Array(mut items), Value::Number(_)) => {
                let at = count("index", Some(key))?;
                if at >= items.len() {
                    return Err(wrong(format_args!("index out of range: {at}")));
                }
                items.swap_remove(at)
            }
            (Value::Null, _) => "".into(),
            (value, key) => {
                return Err(wrong(format_args!(
                    "can't index {} with {}",
                    plain(&value),
                    plain(key)
                )));
            }
        };
    }
    Ok(value)
}

fn equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => one == other,
    }
}

fn compare(name: &str, arguments: &[Value]) -> Result<Ordering> {
    let one = one_of_two(name, arguments)?;
    let other = &arguments[1];
    match (one, other) {
        (Value::String(one), Value::String(other)) => Ok(one.cmp(other)),
        _ => match (one.as_f64(), other.as_f64()) {
            (Some(one), Some(other)) => Ok(one.total_cmp(&other)),
            _ => Err(wrong(format_args!("{name}: incompatible types for comparison"))),
        },
    }
}

/// What Go calls true: anything that is not the zero value of its type.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// A value as Go prints it.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}:{}", plain(value)))
                .collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}
