//! What the journal of events is told of a process beside the container's own.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::Request;
use crate::contract::time::Timestamp;

/// No command line is longer: the kernel's limit, twice.
const MAX_DESCRIPTION: u64 = 4 << 20;
/// So much of a command line is told.
const MAX_COMMAND: usize = 4096;

/// A process that the journal is told of.
pub(super) struct Teller {
    id: String,
    command: String,
}

/// What is read of a process's description.
#[derive(Default, Deserialize)]
struct Description {
    #[serde(default)]
    args: Vec<String>,
}

impl Teller {
    /// For the process that `file` describes; none without a journal.
    pub(super) fn new(request: &Request, id: &str, file: &Path) -> Option<Self> {
        request.events.as_ref()?;
        Some(Self {
            id: id.to_owned(),
            command: command(file),
        })
    }

    /// Somebody asked for it.
    pub(super) fn created(&self, request: &Request) {
        self.tell(request, &format!("exec_create: {}", self.command), None);
    }

    /// It runs.
    pub(super) fn started(&self, request: &Request) {
        self.tell(request, &format!("exec_start: {}", self.command), None);
    }

    /// It ended with this code.
    pub(super) fn ended(&self, request: &Request, code: i32) {
        self.tell(request, "exec_die", Some(("exitCode", code.to_string())));
    }

    fn tell(&self, request: &Request, action: &str, more: Option<(&str, String)>) {
        let Some(events) = &request.events else { return };
        let attributes: Vec<(&str, String)> = [("execID", self.id.clone())].into_iter().chain(more).collect();
        events.tell(&request.id, action, Timestamp::now(), &attributes, false);
    }
}

/// The words of the command with blanks, cut at a character's end. A description that cannot be read the runtime refuses.
fn command(file: &Path) -> String {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MAX_DESCRIPTION).read_to_end(&mut text));
    let description: Description = match read {
        Ok(_) => serde_json::from_slice(&text).unwrap_or_default(),
        Err(_) => Description::default(),
    };
    let mut command = description.args.join(" ");
    command.truncate(command.floor_char_boundary(MAX_COMMAND));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_its_words_as_far_as_they_fit() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("process.json");
        for (text, expected) in [
            (
                r#"{"args":["sh","-c","exit 5"],"cwd":"/"}"#.to_owned(),
                "sh -c exit 5".to_owned(),
            ),
            (r#"{"cwd":"/"}"#.to_owned(), String::new()),
            ("no JSON".to_owned(), String::new()),
            (
                format!(r#"{{"args":["x{}"]}}"#, "é".repeat(3000)),
                format!("x{}", "é".repeat(2047)),
            ),
        ] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(command(&file), expected);
        }
        assert_eq!(command(&dir.path().join("none")), "");
    }
}
