//! The writes to one group, as operations, in the order in which they are asked for.

use super::Op;

/// The writes to one group.
#[derive(Debug)]
pub(super) struct Writes {
    path: String,
    pub(super) ops: Vec<Op>,
}

impl Writes {
    /// No writes to this group yet.
    pub(super) fn to(path: String) -> Self {
        Self {
            path,
            ops: Vec::new(),
        }
    }

    /// Writes a value.
    pub(super) fn set(&mut self, file: impl Into<String>, value: impl ToString) {
        self.ops.push(Op::Set {
            path: self.path.clone(),
            file: file.into(),
            value: value.to_string(),
        });
    }

    /// Writes a value if there is one.
    pub(super) fn set_some(&mut self, file: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.set(file, value);
        }
    }

    /// Writes a value whose absence changes nothing.
    pub(super) fn set_if_present(&mut self, file: impl Into<String>, value: impl ToString) {
        let choices = vec![(file.into(), value.to_string())];
        self.ops.push(Op::SetFirst {
            path: self.path.clone(),
            choices,
            required: false,
        });
    }

    /// Writes the value of the first of two files that exists.
    pub(super) fn set_either(&mut self, first: (&str, String), second: (&str, String)) {
        let choices = [first, second]
            .map(|(file, value)| (file.to_owned(), value))
            .to_vec();
        self.ops.push(Op::SetFirst {
            path: self.path.clone(),
            choices,
            required: true,
        });
    }

    /// Writes values that the kernel checks against each other; of none, or one, as any other.
    pub(super) fn set_together(&mut self, values: impl IntoIterator<Item = (&'static str, Option<String>)>) {
        let mut values: Vec<(String, String)> = values
            .into_iter()
            .filter_map(|(file, value)| Some((file.to_owned(), value?)))
            .collect();
        if values.len() > 1 {
            self.ops.push(Op::SetTogether {
                path: self.path.clone(),
                values,
            });
        } else if let Some((file, value)) = values.pop() {
            self.set(file, value);
        }
    }

    /// Refuses to go on when a file says that as much is in use already.
    pub(super) fn require_less(&mut self, file: &str, limit: i64, property: &'static str) {
        self.ops.push(Op::RequireLess {
            path: self.path.clone(),
            file: file.to_owned(),
            limit,
            property,
        });
    }
}
