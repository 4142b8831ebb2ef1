//! The messages of the control socket: one JSON object each.

use serde::{Deserialize, Serialize};

/// Where starting a container can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The shim's own directory, its lock, its sockets.
    Setup,
    /// The mount list.
    Mount,
    /// The runtime's `create`.
    Create,
    /// The runtime's `start`.
    Start,
}

/// What the shim tells its caller.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ToCaller {
    /// With `--debug`: the runtime is called.
    Calling {
        /// Word by word; bytes that are not UTF-8 are U+FFFD.
        command: Vec<String>,
    },
    /// `create` is done.
    Created {
        /// The container's init.
        pid: i32,
    },
    /// `start` is done.
    Started,
    /// There is no container, and nothing is left behind.
    Failed {
        /// What failed.
        step: Step,
        /// Why, in the failing program's own words.
        message: String,
    },
}

/// What the caller tells the shim.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum FromCaller {
    /// Start the container that is held.
    Start,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_the_contract() {
        let json = |message| serde_json::to_string(&message).expect("plain data");
        assert_eq!(
            json(ToCaller::Created { pid: 123 }),
            r#"{"type":"created","pid":123}"#
        );
        assert_eq!(json(ToCaller::Started), r#"{"type":"started"}"#);
        let calling = ToCaller::Calling {
            command: vec!["runc".to_owned(), "start".to_owned()],
        };
        assert_eq!(json(calling), r#"{"type":"calling","command":["runc","start"]}"#);
        let failed = ToCaller::Failed {
            step: Step::Mount,
            message: "no".to_owned(),
        };
        assert_eq!(json(failed), r#"{"type":"failed","step":"mount","message":"no"}"#);
        let start: FromCaller = serde_json::from_str(r#"{"type":"start"}"#).expect("the contract's text");
        assert_eq!(start, FromCaller::Start);
    }
}
