//! The operations on cgroups: one kernel effect each, with complete arguments.

use super::Instruction;
use serde::Serialize;
use std::fmt;

/// One effect. Paths are absolute: cgroup file systems hold no symbolic links, and names come from a checked path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum Op {
    /// Makes a group's directory. One that exists meanwhile is fine above the container's own group only.
    MakeGroup {
        /// The directory.
        path: String,
        /// Whether it is the container's own, which nobody else may have made.
        fresh: bool,
    },
    /// Takes a group that is there already for this container alone, for as long as the runtime lives.
    Claim {
        /// The directory.
        path: String,
    },
    /// Hands controllers down to the children of a v2 group.
    Enable {
        /// The group.
        path: String,
        /// The controllers' names.
        controllers: Vec<String>,
        /// Whether a limit needs them; otherwise they serve statistics, and a refusal is fine.
        required: bool,
    },
    /// Writes a value to a file of a group.
    Set {
        /// The group.
        path: String,
        /// The file's name.
        file: String,
        /// The value.
        value: String,
    },
    /// Writes the value of the first of these files that the kernel has.
    SetFirst {
        /// The group.
        path: String,
        /// Names and values, the preferred first.
        choices: Vec<(String, String)>,
        /// Whether it is an error when the kernel has none of them.
        required: bool,
    },
    /// Writes values that the kernel checks against each other, in whatever order it takes them.
    SetTogether {
        /// The group.
        path: String,
        /// Names and values, in the order that suits a fresh group.
        values: Vec<(String, String)>,
    },
    /// Goes on only if a file's number is below a limit that is about to be set.
    RequireLess {
        /// The group.
        path: String,
        /// The file's name.
        file: String,
        /// The limit.
        limit: i64,
        /// What is to be limited, in words.
        property: &'static str,
    },
    /// Loads a device program and makes it the only one of a v2 group.
    AttachDevices {
        /// The group.
        path: String,
        /// The program.
        program: Vec<Instruction>,
    },
    /// Gives a v2 group, as far as it can be delegated, to a user.
    Own {
        /// The group.
        path: String,
        /// The user.
        uid: u32,
    },
    /// Moves the calling process, which must have one thread, into a v1 group.
    Join {
        /// The group.
        path: String,
    },
}

impl Op {
    /// Whether it may be done while the container's process sets itself up: until it is told to go on, only this
    /// program's code runs in the group, which device rules need not bind. Loading them takes the kernel a while.
    pub fn can_wait(&self) -> bool {
        matches!(self, Self::AttachDevices { .. })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeGroup { path, .. } => write!(f, "make cgroup {path}"),
            Self::Claim { path } => write!(f, "take cgroup {path}"),
            Self::Enable {
                path, controllers, ..
            } => {
                write!(
                    f,
                    "enable cgroup controllers {} below {path}",
                    controllers.join(", ")
                )
            }
            Self::Set { path, file, value } => write!(f, "set {path}/{file} to {value:?}"),
            Self::Own { path, uid } => write!(f, "give cgroup {path} to the user {uid}"),
            Self::SetFirst { path, choices, .. } => {
                let choices: Vec<String> = choices
                    .iter()
                    .map(|(file, value)| format!("{file} to {value:?}"))
                    .collect();
                write!(f, "set {path}/{}, if the kernel has it", choices.join(" or "))
            }
            Self::SetTogether { path, values } => {
                let values: Vec<String> = values
                    .iter()
                    .map(|(file, value)| format!("{file} to {value:?}"))
                    .collect();
                write!(f, "set {path}/{}", values.join(" and "))
            }
            Self::RequireLess {
                path, file, limit, ..
            } => write!(f, "see that {path}/{file} is below {limit}"),
            Self::AttachDevices { path, program } => {
                write!(
                    f,
                    "attach a device program of {} instructions to {path}",
                    program.len()
                )
            }
            Self::Join { path } => write!(f, "join cgroup {path}"),
        }
    }
}
