//! Runs the tree over a value.

use serde_json::Value;

use super::functions;
use super::parse::{Call, Node, Operand, Pipeline};
use super::wrong;
use crate::error::Result;

/// The variables that are visible, innermost last.
pub(super) struct Scope {
    variables: Vec<(String, Value)>,
}

impl Scope {
    /// The outermost scope: `$` is the value itself.
    pub(super) fn new(root: &Value) -> Self {
        Self {
            variables: vec![(String::new(), root.clone())],
        }
    }

    /// Appends what the nodes print.
    pub(super) fn run(&mut self, nodes: &[Node], dot: &Value, out: &mut String) -> Result<()> {
        let depth = self.variables.len();
        for node in nodes {
            self.node(node, dot, out)?;
        }
        self.variables.truncate(depth);
        Ok(())
    }

    fn node(&mut self, node: &Node, dot: &Value, out: &mut String) -> Result<()> {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Print(pipeline) => out.push_str(&functions::plain(&self.pipeline(pipeline, dot)?)),
            Node::Set { name, value } => {
                let value = self.pipeline(value, dot)?;
                self.variables.push((name.clone(), value));
            }
            Node::If {
                condition,
                then,
                otherwise,
            } => {
                let chosen = if functions::truth(&self.pipeline(condition, dot)?) {
                    then
                } else {
                    otherwise
                };
                self.run(chosen, dot, out)?;
            }
            Node::With {
                value,
                then,
                otherwise,
            } => {
                let value = self.pipeline(value, dot)?;
                if functions::truth(&value) {
                    self.run(then, &value, out)?;
                } else {
                    self.run(otherwise, dot, out)?;
                }
            }
            Node::Range {
                key,
                item,
                over,
                body,
                otherwise,
            } => {
                let items = items(self.pipeline(over, dot)?)?;
                if items.is_empty() {
                    self.run(otherwise, dot, out)?;
                }
                for (index, value) in items {
                    let depth = self.variables.len();
                    self.variables
                        .extend(key.iter().map(|name| (name.clone(), index.clone())));
                    self.variables
                        .extend(item.iter().map(|name| (name.clone(), value.clone())));
                    self.run(body, &value, out)?;
                    self.variables.truncate(depth);
                }
            }
        }
        Ok(())
    }

    fn pipeline(&self, pipeline: &Pipeline, dot: &Value) -> Result<Value> {
        let mut previous: Option<Value> = None;
        for call in &pipeline.0 {
            previous = Some(match call {
                Call::Value(operand) if previous.is_none() => self.operand(operand, dot)?,
                Call::Value(_) => return Err(wrong("a value in a pipeline that is not a function")),
                Call::Function(name, operands) => {
                    let mut arguments = Vec::with_capacity(operands.len() + 1);
                    for operand in operands {
                        arguments.push(self.operand(operand, dot)?);
                    }
                    arguments.extend(previous);
                    functions::call(name, &arguments)?
                }
            });
        }
        previous.ok_or_else(|| wrong("missing value for command"))
    }

    fn operand(&self, operand: &Operand, dot: &Value) -> Result<Value> {
        match operand {
            Operand::Dot(fields) => field(dot, fields),
            Operand::Variable(name, fields) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                let (_, value) =
                    found.ok_or_else(|| wrong(format_args!("undefined variable \"${name}\"")))?;
                field(value, fields)
            }
            Operand::Text(text) => Ok(Value::from(text.as_str())),
            Operand::Number(number) => Ok(Value::from(*number)),
            Operand::Bool(bool) => Ok(Value::from(*bool)),
            Operand::Nil => Ok(Value::Null),
            Operand::Group(pipeline) => self.pipeline(pipeline, dot),
        }
    }
}

/// Walks fields. A missing one is an error that lists what there is, unless it is a key of a user's own map
/// (labels and the like, whose names rarely begin with a capital): those print as `<no value>`.
fn field(value: &Value, names: &[String]) -> Result<Value> {
    let mut value = value;
    for name in names {
        value = match value {
            Value::Object(map) => match map.get(name) {
                Some(value) => value,
                None if name.starts_with(char::is_uppercase) => {
                    let known: Vec<&str> = map.keys().map(String::as_str).collect();
                    let known = known.join(", ");
                    return Err(wrong(format_args!(
                        "can't evaluate field {name} (there are {known})"
                    )));
                }
                None => return Ok(Value::Null),
            },
            Value::Null => return Ok(Value::Null),
            other => {
                return Err(wrong(format_args!(
                    "can't evaluate field {name} in {}",
                    functions::plain(other)
                )));
            }
        };
    }
    Ok(value.clone())
}

fn items(value: Value) -> Result<Vec<(Value, Value)>> {
    match value {
        Value::Array(items) => Ok(items
            .into_iter()
            .enumerate()
            .map(|(at, item)| (Value::from(at), item))
            .collect()),
        Value::Object(map) => Ok(map
            .into_iter()
            .map(|(key, item)| (Value::from(key), item))
            .collect()),
        Value::Null => Ok(Vec::new()),
        other => Err(wrong(format_args!(
            "range can't iterate over {}",
            functions::plain(&other)
        ))),
    }
}
