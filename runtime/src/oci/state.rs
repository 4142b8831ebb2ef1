//! The state of a container as the runtime-spec words it (runtime.md, "State"), with runc's additions.

use super::{Map, Text};
use serde::Serialize;
use std::fmt;

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// `create` is at work.
    Creating,
    /// Set up; the program was not started yet.
    Created,
    /// The program runs.
    Running,
    /// The program runs, but is frozen.
    Paused,
    /// The program ended, or `create` was killed.
    Stopped,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Creating => "creating",
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        })
    }
}

/// The state of the spec: what hooks and seccomp agents receive.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State<'a> {
    /// The version of the spec that this state follows.
    pub oci_version: &'a str,
    /// The container's id.
    pub id: &'a str,
    /// Where it is in its life.
    pub status: Status,
    /// The pid of its init as the reader sees it; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// The absolute path of its bundle.
    pub bundle: &'a str,
    /// The annotations of its config.json.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub annotations: &'a Map<'a, Text<'a>>,
}

/// What `state` and `list` print: the spec's state in runc's order with runc's additions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    /// The version of the spec that this state follows.
    pub oci_version: &'a str,
    /// The container's id.
    pub id: &'a str,
    /// The pid of its init, 0 when there is none.
    pub pid: i32,
    /// Where it is in its life.
    pub status: Status,
    /// The absolute path of its bundle.
    pub bundle: &'a str,
    /// The absolute path of its root file system.
    pub rootfs: &'a str,
    /// When it was created.
    pub created: &'a str,
    /// The annotations of its config.json.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub annotations: &'a Map<'a, Text<'a>>,
    /// The name of the user who created it.
    pub owner: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_runcs_keys_in_runcs_order() {
        let report = Report {
            oci_version: "1.3.0",
            id: "x",
            pid: 0,
            status: Status::Stopped,
            bundle: "/b",
            rootfs: "/b/rootfs",
            created: "2026-01-02T03:04:05.000000006Z",
            annotations: &Map::new(),
            owner: "root",
        };
        assert_eq!(
            serde_json::to_string(&report).unwrap(),
            r#"{"ociVersion":"1.3.0","id":"x","pid":0,"status":"stopped","bundle":"/b","rootfs":"/b/rootfs","created":"2026-01-02T03:04:05.000000006Z","owner":"root"}"#
        );
    }
}
