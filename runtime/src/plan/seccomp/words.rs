//! The words of a profile, as numbers: actions, operators, flags.

use crate::error::{Error, Kind, Result};
use crate::sys::seccomp::{FLAG_LOG, FLAG_SPEC_ALLOW, FLAG_TSYNC, FLAG_WAIT_KILLABLE_RECV};

/// What a filter answers, with its data: `SECCOMP_RET_…`.
pub(super) type Action = u32;

pub(super) const KILL_THREAD: Action = 0;
pub(super) const ERRNO: Action = 0x0005_0000;
pub(super) const NOTIFY: Action = 0x7fc0_0000;
const TRACE: Action = 0x7ff0_0000;
const LOG: Action = 0x7ffc_0000;
const ALLOW: Action = 0x7fff_0000;

static ACTIONS: [(&str, Action); 9] = [
    ("SCMP_ACT_ALLOW", ALLOW),
    ("SCMP_ACT_ERRNO", ERRNO),
    ("SCMP_ACT_KILL", KILL_THREAD),
    ("SCMP_ACT_KILL_PROCESS", 0x8000_0000),
    ("SCMP_ACT_KILL_THREAD", KILL_THREAD),
    ("SCMP_ACT_LOG", LOG),
    ("SCMP_ACT_NOTIFY", NOTIFY),
    ("SCMP_ACT_TRACE", TRACE),
    ("SCMP_ACT_TRAP", 0x0003_0000),
];

static OPERATORS: [(&str, Operator); 7] = [
    ("SCMP_CMP_EQ", Operator::Eq),
    ("SCMP_CMP_GE", Operator::Ge),
    ("SCMP_CMP_GT", Operator::Gt),
    ("SCMP_CMP_LE", Operator::Le),
    ("SCMP_CMP_LT", Operator::Lt),
    ("SCMP_CMP_MASKED_EQ", Operator::MaskedEq),
    ("SCMP_CMP_NE", Operator::Ne),
];

static FLAGS: [(&str, u32); 4] = [
    ("SECCOMP_FILTER_FLAG_LOG", FLAG_LOG),
    ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", FLAG_SPEC_ALLOW),
    ("SECCOMP_FILTER_FLAG_TSYNC", FLAG_TSYNC),
    ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", FLAG_WAIT_KILLABLE_RECV),
];

/// The comparison of an argument with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Ne,
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    MaskedEq,
}

/// The names of the actions that a profile may use.
pub fn known_actions() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|(name, _)| *name)
}

/// The names of the operators that a profile may use.
pub fn known_operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, _)| *name)
}

/// The names of the flags that a profile may use.
pub fn known_flags() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().map(|(name, _)| *name)
}

/// The action of that name; `place` is the JSON path of the object that holds it.
pub(super) fn action(name: &str, errno: Option<u32>, place: impl Fn() -> String) -> Result<Action> {
    let Some(action) = find(&ACTIONS, name) else {
        return Err(unknown(&place(), "seccomp action", name, known_actions()));
    };
    let limit = match action {
        ERRNO => 4095,
        TRACE => 0xffff,
        _ if errno.is_none() => return Ok(action),
        _ => return Err(config(format!("{}: {name} takes no errno", place()))),
    };
    match errno.unwrap_or(libc::EPERM.cast_unsigned()) {
        errno if errno <= limit => Ok(action | errno),
        errno => Err(config(format!(
            "{}: errno {errno} is greater than {limit}",
            place()
        ))),
    }
}

/// Whether a system call that the filter answers so takes place all the same, or is a tracer's to decide.
pub(super) fn is_permissive(action: Action) -> bool {
    matches!(action & 0xffff_0000, ALLOW | LOG | TRACE)
}

pub(super) fn operator(name: &str, place: impl Fn() -> String) -> Result<Operator> {
    find(&OPERATORS, name).ok_or_else(|| unknown(&place(), "seccomp operator", name, known_operators()))
}

pub(super) fn flag(name: &str) -> Result<u32> {
    find(&FLAGS, name).ok_or_else(|| unknown("linux.seccomp.flags", "seccomp flag", name, known_flags()))
}

fn find<T: Copy>(words: &[(&str, T)], name: &str) -> Option<T> {
    words
        .iter()
        .find(|(word, _)| *word == name)
        .map(|(_, value)| *value)
}

/// The error for a word that means nothing.
pub(super) fn unknown<'a>(
    place: &str,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Error {
    let known: Vec<_> = known.collect();
    config(format!("{place}: unknown {what} {name:?}")).hint(format!("known are {}", known.join(", ")))
}

pub(super) fn config(message: String) -> Error {
    Error::new(Kind::Config, message)
}
