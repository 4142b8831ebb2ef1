//! `linux.seccomp` of config.json (config-linux.md, "Seccomp").

use super::{Text, spec::null_is_empty};
use serde::{Deserialize, Serialize};

/// A system call filter.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct Seccomp<'a> {
    /// `SCMP_ACT_…` for every call that no rule names.
    pub default_action: Text<'a>,
    /// The errno of the default action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_errno_ret: Option<u32>,
    /// `SCMP_ARCH_…`, beside the native one.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub architectures: Vec<Text<'a>>,
    /// `SECCOMP_FILTER_FLAG_…`; none is not the same as an empty list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<Text<'a>>>,
    /// The socket that receives the notify descriptor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener_path: Option<Text<'a>>,
    /// What is sent along with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener_metadata: Option<Text<'a>>,
    /// The rules.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub syscalls: Vec<SeccompRule<'a>>,
}

/// One action for some system calls under some conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct SeccompRule<'a> {
    /// System calls by name.
    pub names: Vec<Text<'a>>,
    /// `SCMP_ACT_…`.
    pub action: Text<'a>,
    /// The errno (or trace message) of the action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errno_ret: Option<u32>,
    /// Conditions on the arguments; all must hold.
    #[serde(
        default,
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub args: Vec<SeccompArg<'a>>,
}

/// A condition on one argument.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub struct SeccompArg<'a> {
    /// Which argument, from 0.
    pub index: u32,
    /// What it is compared with (or the mask).
    pub value: u64,
    /// The second operand of SCMP_CMP_MASKED_EQ.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub value_two: u64,
    /// `SCMP_CMP_…`.
    pub op: Text<'a>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
