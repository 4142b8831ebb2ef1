//! The messages of the control socket: one JSON object each.

use serde::{Deserialize, Serialize};

use crate::error::Error;

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

impl Step {
    /// Its word in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Mount => "mount",
            Self::Create => "create",
            Self::Start => "start",
        }
    }
}

/// Why there is no container, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// In the failing program's own words.
    pub message: String,
    /// For the operator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl<T: Into<String>> From<T> for Reason {
    fn from(message: T) -> Self {
        Self {
            message: message.into(),
            hints: Vec::new(),
        }
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        Self {
            message: error.to_string(),
            hints: error.hints().to_vec(),
        }
    }
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
        /// Why.
        #[serde(flatten)]
        reason: Reason,
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
    use crate::error::Kind;

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
        let failed = |reason| {
            json(ToCaller::Failed {
                step: Step::Mount,
                reason,
            })
        };
        assert_eq!(
            failed("no".into()),
            r#"{"type":"failed","step":"mount","message":"no"}"#
        );
        let error = Error::new(Kind::Input, "no").hint("yes");
        assert_eq!(
            failed(Reason::from(&error)),
            r#"{"type":"failed","step":"mount","message":"no","hints":["yes"]}"#
        );
        let start: FromCaller = serde_json::from_str(r#"{"type":"start"}"#).expect("the contract's text");
        assert_eq!(start, FromCaller::Start);
    }
}
