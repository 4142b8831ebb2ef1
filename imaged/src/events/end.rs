//! Looking for the event of a container's end in all of the journal.

use std::fs;
use std::io;

use serde::Deserialize;

use super::journal::{Journal, Line, classify};

/// As much of an event as says what it is about.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    actor: Actor,
    #[serde(rename = "timeNano")]
    time_nano: u64,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
}

/// Whether the journal lacks the `die` of container `id` at this time. One that does not reach back so far lacks none.
///
/// # Errors
/// When a file of the journal cannot be read.
pub(super) fn is_missing(journal: &Journal, id: &str, time_nano: u64) -> io::Result<bool> {
    let files = match journal.files() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        files => files?,
    };
    let mut oldest = None;
    for first in &files {
        let text = match fs::read(journal.path(*first)) {
            // It was the oldest, and was removed just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text?,
        };
        for line in text.split(|byte| *byte == b'\n') {
            let relevant = oldest.is_none() || mentions(line, id);
            match classify_if(relevant, line) {
                Line::Seal => break,
                Line::Nothing => {}
                Line::Record(record) => {
                    let Ok(event) = serde_json::from_slice::<Event>(record) else {
                        continue;
                    };
                    if event.action == "die" && event.actor.id == id && event.time_nano == time_nano {
                        return Ok(false);
                    }
                    oldest.get_or_insert(event.time_nano);
                }
            }
        }
    }
    let was_cut = files.first().is_some_and(|first| *first > 1);
    Ok(!was_cut || oldest.is_some_and(|oldest| oldest <= time_nano))
}

fn mentions(line: &[u8], id: &str) -> bool {
    std::str::from_utf8(line).is_ok_and(|line| line.contains(id))
}

/// As [`classify`], but for events that do not matter, which cost no look.
fn classify_if(relevant: bool, line: &[u8]) -> Line<'_> {
    match line {
        [b'{', ..] if !relevant => Line::Nothing,
        line => classify(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str, id: &str, time: u64) -> String {
        format!(r#"{{"Action":"{action}","Actor":{{"ID":"{id}"}},"timeNano":{time}}}"#)
    }

    #[test]
    fn an_end_is_found_wherever_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(&dir.path().join("events")).with_max_size(150);
        assert!(is_missing(&journal, "a", 5).unwrap(), "there is no journal");
        for time in 1..=20 {
            journal
                .append(event("die", "a", time * 10).as_bytes(), false)
                .unwrap();
            journal
                .append(event("start", "b", time * 10).as_bytes(), false)
                .unwrap();
        }
        assert!(journal.files().unwrap().len() > 2);
        for (id, time, missing) in [
            ("a", 10, false),
            ("a", 200, false),
            ("a", 15, true),
            ("b", 10, true),
            ("c", 10, true),
        ] {
            assert_eq!(is_missing(&journal, id, time).unwrap(), missing, "{id} at {time}");
        }
    }

    #[test]
    fn what_is_older_than_the_journal_is_not_missing() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path()).with_max_size(100);
        for time in 1..=100 {
            journal.append(event("die", "a", time).as_bytes(), false).unwrap();
        }
        assert!(journal.files().unwrap()[0] > 1, "it was cut");
        assert!(!is_missing(&journal, "a", 1).unwrap());
        assert!(!is_missing(&journal, "b", 1).unwrap());
        assert!(is_missing(&journal, "b", 100).unwrap());
    }
}
