//! The journal of events: docker's events of containers and images, written by whoever causes them.
//!
//! The shims of containers write to the same journal; its format is docs/contracts/events.md.

mod end;
mod journal;
mod read;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::format::timestamp::Timestamp;
use crate::log;
use journal::Journal;
pub(crate) use read::Reader;

/// The journal's directory below the root.
pub(crate) const DIRECTORY: &str = "events";
/// The most that attributes may take: the names and values of labels are an image's, which may say anything.
const MAX_ATTRIBUTES: usize = 32 << 10;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Container,
    Image,
}

/// Tells the journal of this root that something happened. What already happened does not fail for that.
pub(crate) fn tell(
    root: &Path,
    subject: Subject,
    action: &str,
    id: &str,
    attributes: &BTreeMap<String, String>,
) {
    let event = event(subject, action, id, attributes, Timestamp::now());
    append(root, action, id, &event, false);
}

/// Tells that a container ended at the time `at`, unless the journal says so; on the disk before this returns.
pub(crate) fn late_end(root: &Path, id: &str, attributes: &BTreeMap<String, String>, at: Timestamp) {
    let event = event(Subject::Container, "die", id, attributes, at);
    match end::is_missing(&Journal::new(&root.join(DIRECTORY)), id, nanos(at)) {
        Ok(true) => append(root, "die", id, &event, true),
        Ok(false) => {}
        Err(error) => log::debug(format_args!("the journal of events cannot be read: {error}")),
    }
}

fn append(root: &Path, action: &str, id: &str, event: &Value, durable: bool) {
    let journal = Journal::new(&root.join(DIRECTORY));
    if let Err(error) = journal.append(event.to_string().as_bytes(), durable) {
        log::debug(format_args!(
            "the event {action} of {id} is not in the journal: {error}"
        ));
    }
}

/// A time as events have it.
fn nanos(time: Timestamp) -> u64 {
    let nanos = u128::from(time.seconds) * 1_000_000_000 + u128::from(time.nanos);
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// Tells that something happened to an image; `name` is what docker calls it there.
pub(crate) fn image(root: &Path, action: &str, id: &str, name: &str) {
    let attributes = BTreeMap::from([("name".to_owned(), name.to_owned())]);
    tell(root, Subject::Image, action, id, &attributes);
}

/// A container's attributes, bounded: labels that are too much are left out.
pub(crate) fn attributes(
    image: &str,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut size = 0;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (label, value) in labels {
        size += encoded(label) + encoded(value);
        if size > MAX_ATTRIBUTES {
            break;
        }
        known.insert(label.clone(), value.clone());
    }
    known.insert("image".to_owned(), image.to_owned());
    known.insert("name".to_owned(), name.to_owned());
    known
}

/// The bytes that a text takes in JSON: a control character takes six.
fn encoded(text: &str) -> usize {
    serde_json::to_string(text).map_or(usize::MAX, |text| text.len())
}

fn event(
    subject: Subject,
    action: &str,
    id: &str,
    attributes: &BTreeMap<String, String>,
    now: Timestamp,
) -> Value {
    let (kind, from) = match subject {
        Subject::Container => ("container", attributes.get("image")),
        Subject::Image => ("image", None),
    };
    let mut event = json!({
        "status": action,
        "id": id,
        "Type": kind,
        "Action": action,
        "Actor": {"ID": id, "Attributes": attributes},
        "scope": "local",
        "time": now.seconds,
        "timeNano": nanos(now),
    });
    if let Some(from) = from {
        event["from"] = from.as_str().into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_as_dockers() {
        let attributes = attributes(
            "alpine",
            "one",
            &BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        );
        let now = Timestamp { seconds: 5, nanos: 6 };
        assert_eq!(
            event(Subject::Container, "create", "abc", &attributes, now),
            json!({
                "status": "create", "id": "abc", "from": "alpine", "Type": "container", "Action": "create",
                "Actor": {"ID": "abc", "Attributes": {"a": "b", "image": "alpine", "name": "one"}},
                "scope": "local", "time": 5, "timeNano": 5_000_000_006_u64,
            })
        );
    }

    #[test]
    fn labels_without_end_are_cut() {
        let labels = (0..100)
            .map(|number| (format!("label{number:03}"), "x".repeat(1000)))
            .collect();
        let attributes = attributes("i", "n", &labels);
        assert!(attributes.len() < 40 && attributes.contains_key("label000"));
        assert_eq!(attributes["name"], "n");
    }

    /// Shims read 64 KiB of them.
    #[test]
    fn labels_count_as_they_are_written() {
        let labels = BTreeMap::from([("label".to_owned(), "\u{1}".repeat(32_700))]);
        let attributes = attributes("i", "n", &labels);
        assert!(serde_json::to_vec(&attributes).unwrap().len() < 64 << 10);
        assert_eq!(attributes["name"], "n");
    }
}
