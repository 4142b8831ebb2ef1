//! What others are told through the journal of events: docker's events of one container.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::contract::time::Timestamp;
use crate::journal::Journal;

/// More than any file of attributes.
const MAX_ACTOR: u64 = 64 << 10;

/// Where events go, and what they say of the container.
#[derive(Debug)]
pub struct Events {
    /// The journal.
    pub(crate) journal: Journal,
    /// A JSON object with the container's attributes, read anew for each event: names change.
    pub(crate) actor: PathBuf,
}

#[derive(Serialize)]
struct Event<'a> {
    status: &'a str,
    id: &'a str,
    from: &'a str,
    #[serde(rename = "Type")]
    kind: &'a str,
    #[serde(rename = "Action")]
    action: &'a str,
    #[serde(rename = "Actor")]
    actor: Actor<'a>,
    scope: &'a str,
    time: u64,
    #[serde(rename = "timeNano")]
    time_nano: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Actor<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    attributes: &'a BTreeMap<String, String>,
}

impl Events {
    /// Tells that `action` happened to container `id` at the time `at`. A journal that cannot be written must not hold
    /// the container up.
    pub fn tell(&self, id: &str, action: &str, at: Timestamp, attributes: &[(&str, String)], durable: bool) {
        let mut known = self.attributes();
        known.extend(
            attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        let event = Event {
            status: action,
            id,
            from: known.get("image").map_or("", String::as_str),
            kind: "container",
            action,
            actor: Actor {
                id,
                attributes: &known,
            },
            scope: "local",
            time: at.since_1970().as_secs(),
            time_nano: u64::try_from(at.since_1970().as_nanos()).unwrap_or(u64::MAX),
        };
        let text = serde_json::to_vec(&event).unwrap_or_default();
        let _ = self.journal.append(&text, durable);
    }

    fn attributes(&self) -> BTreeMap<String, String> {
        use std::io::Read;
        let mut text = Vec::new();
        let read =
            std::fs::File::open(&self.actor).and_then(|file| file.take(MAX_ACTOR).read_to_end(&mut text));
        match read {
            Ok(_) => serde_json::from_slice(&text).unwrap_or_default(),
            Err(_) => BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn events_read_as_dockers() {
        let dir = tempfile::tempdir().expect("a directory");
        let actor = dir.path().join("actor.json");
        std::fs::write(&actor, r#"{"image":"alpine","name":"one"}"#).expect("written");
        let events = Events {
            journal: Journal::new(&dir.path().join("events")),
            actor,
        };
        let at = Timestamp::new(Duration::new(5, 6));
        events.tell("abc", "die", at, &[("exitCode", "3".to_owned())], true);
        let text = std::fs::read_to_string(events.journal.path(1)).expect("written");
        assert_eq!(
            text,
            concat!(
                "\n",
                r#"{"status":"die","id":"abc","from":"alpine","Type":"container","Action":"die","#,
                r#""Actor":{"ID":"abc","Attributes":{"exitCode":"3","image":"alpine","name":"one"}},"#,
                r#""scope":"local","time":5,"timeNano":5000000006}"#,
                "\n"
            )
        );
    }
}
