//! The pipes to the caller, whose numbers are in the environment: it says when to begin, and is told how it went.

use std::fs::File;
use std::io::{Read, Write};

use serde_json::{Map, Value};

use crate::error::{Call, Error, Kind, Result};
use crate::sys::process;

const START: &str = "_OCI_STARTPIPE";
const SYNC: &str = "_OCI_SYNCPIPE";
const ATTACH: &str = "_OCI_ATTACHPIPE";

/// All of them; each may be missing.
#[derive(Debug, Default)]
pub struct Pipes {
    /// A message on it lets this program go on.
    start: Option<File>,
    /// Numbers and messages for the caller.
    sync: Option<File>,
    /// The caller is told here that it may attach.
    attach: Option<File>,
}

/// The numbers that the environment names.
///
/// # Errors
/// One is not a number of a descriptor.
pub fn numbers() -> Result<[Option<i32>; 3]> {
    let number = |name: &str| match std::env::var(name) {
        Err(_) => Ok(None),
        Ok(text) => match text.parse() {
            Ok(number) if number > 2 => Ok(Some(number)),
            _ => Err(Error::new(Kind::Usage, format!("{name}={text} is no descriptor"))),
        },
    };
    Ok([number(START)?, number(SYNC)?, number(ATTACH)?])
}

impl Pipes {
    /// Takes over what the environment names; no child of this process inherits it, nor the names.
    ///
    /// # Errors
    /// There is no such descriptor.
    pub fn inherit([start, sync, attach]: [Option<i32>; 3]) -> Result<Self> {
        let take = |number: Option<i32>, name: &str| {
            number
                .map(|number| process::inherit(number).map_err(|error| error.context(name)))
                .transpose()
        };
        let pipes = Self {
            start: take(start, START)?,
            sync: take(sync, SYNC)?,
            attach: take(attach, ATTACH)?,
        };
        process::forget_variables(&[START, SYNC, ATTACH]);
        Ok(pipes)
    }

    /// Waits until the caller has put this process where it belongs (its cgroup).
    ///
    /// # Errors
    /// The pipe cannot be read.
    pub fn wait_for_start(&mut self) -> Result<()> {
        self.next_message().map(drop)
    }

    /// Tells the caller that it may attach, and waits until it has.
    ///
    /// # Errors
    /// The caller has gone: nobody wants the process any more.
    pub fn wait_for_attached(&mut self, key: &'static str) -> Result<()> {
        if let Some(mut pipe) = self.attach.take() {
            let _ = pipe.write_all(&message(key, 0, None));
        }
        match self.next_message()? {
            true => Ok(()),
            false => Err(Error::new(Kind::State, "the caller went away before it attached")),
        }
    }

    /// Nothing more is waited for.
    pub fn close_start(&mut self) {
        self.start = None;
    }

    /// Says whether there was a message, or no such pipe; not, if it has ended.
    fn next_message(&mut self) -> Result<bool> {
        let Some(pipe) = &mut self.start else {
            return Ok(true);
        };
        let mut buffer = [0; 64];
        loop {
            match pipe.read(&mut buffer) {
                Ok(length) => return Ok(length > 0),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).call(|| "read(_OCI_STARTPIPE)"),
            }
        }
    }

    /// Tells the caller a number, perhaps with words. That the caller has gone is its own affair.
    pub fn tell(&mut self, key: &'static str, number: i32, words: Option<&str>) {
        if let Some(pipe) = &mut self.sync
            && pipe.write_all(&message(key, number, words)).is_err()
        {
            self.sync = None;
        }
    }

    /// Tells the caller of a failure, before there is a process.
    ///
    /// # Errors
    /// That very failure.
    pub fn told<T>(&mut self, key: &'static str, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| self.tell(key, -1, Some(&error.to_string())))
    }
}

fn message(key: &str, number: i32, words: Option<&str>) -> Vec<u8> {
    let mut object = Map::from_iter([(key.to_owned(), Value::from(number))]);
    if let Some(words) = words {
        object.insert("message".to_owned(), words.into());
    }
    let mut text = Value::Object(object).to_string().into_bytes();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_lines_of_json() {
        assert_eq!(message("data", 12, None), b"{\"data\":12}\n");
        assert_eq!(
            message("pid", -1, Some("a \"b\"\n")),
            b"{\"message\":\"a \\\"b\\\"\\n\",\"pid\":-1}\n"
        );
    }
}
