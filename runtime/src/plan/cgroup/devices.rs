//! Device rules: what `linux.resources.devices` means, independent of the kernel interface.
//!
//! A group starts with nothing allowed. Rules apply in order: for each single right (read, write, mknod) on a
//! device the last rule that speaks of it decides, and an access needs all its rights. After the container's own
//! rules come those that every container has.

use crate::error::{Error, Kind, Result};
use crate::oci::DeviceRule;
use std::fmt;

/// Rights on a device; the values are the kernel's (`BPF_DEVCG_ACC_*`).
pub(super) const MKNOD: u8 = 1;
pub(super) const READ: u8 = 2;
pub(super) const WRITE: u8 = 4;
pub(super) const ALL_RIGHTS: u8 = MKNOD | READ | WRITE;

/// The kind of a device; the values are the kernel's (`BPF_DEVCG_DEV_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviceKind {
    Block = 1,
    Char = 2,
}

/// One rule; `None` stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) allow: bool,
    pub(super) kind: Option<DeviceKind>,
    pub(super) major: Option<u32>,
    pub(super) minor: Option<u32>,
    pub(super) rights: u8,
}

impl Rule {
    /// The rule that decides about everything.
    pub(super) const fn everything(allow: bool) -> Self {
        Self {
            allow,
            kind: None,
            major: None,
            minor: None,
            rights: ALL_RIGHTS,
        }
    }

    /// A character device that every container may use.
    const fn default_char(major: u32, minor: Option<u32>) -> Self {
        Self {
            allow: true,
            kind: Some(DeviceKind::Char),
            major: Some(major),
            minor,
            rights: ALL_RIGHTS,
        }
    }

    /// Making nodes of any device of a kind; using them is another matter.
    const fn default_mknod(kind: DeviceKind) -> Self {
        Self {
            allow: true,
            kind: Some(kind),
            major: None,
            minor: None,
            rights: MKNOD,
        }
    }

    /// Whether every device that `other` speaks of is also this rule's.
    pub(super) fn covers(&self, other: &Self) -> bool {
        fn all_of<T: PartialEq>(mine: Option<T>, theirs: Option<T>) -> bool {
            mine.is_none() || mine == theirs
        }
        all_of(self.kind, other.kind) && all_of(self.major, other.major) && all_of(self.minor, other.minor)
    }

    /// Whether some device is this rule's and `other`'s.
    pub(super) fn meets(&self, other: &Self) -> bool {
        fn some_of<T: PartialEq>(mine: Option<T>, theirs: Option<T>) -> bool {
            mine.is_none() || theirs.is_none() || mine == theirs
        }
        some_of(self.kind, other.kind) && some_of(self.major, other.major) && some_of(self.minor, other.minor)
    }
}

impl fmt::Display for Rule {
    /// The form of v1's `devices.allow`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            None => 'a',
            Some(DeviceKind::Block) => 'b',
            Some(DeviceKind::Char) => 'c',
        };
        let number = |n: Option<u32>| n.map_or_else(|| "*".to_owned(), |n| n.to_string());
        write!(f, "{kind} {}:{} ", number(self.major), number(self.minor))?;
        let names = [(READ, "r"), (WRITE, "w"), (MKNOD, "m")];
        names
            .iter()
            .filter(|(right, _)| self.rights & right != 0)
            .try_for_each(|(_, name)| f.write_str(name))
    }
}

/// What every container may do beside its own rules, as other runtimes have it.
const DEFAULTS: [Rule; 11] = [
    Rule::default_mknod(DeviceKind::Char),
    Rule::default_mknod(DeviceKind::Block),
    Rule::default_char(1, Some(3)),    // null
    Rule::default_char(1, Some(5)),    // zero
    Rule::default_char(1, Some(7)),    // full
    Rule::default_char(1, Some(8)),    // random
    Rule::default_char(1, Some(9)),    // urandom
    Rule::default_char(5, Some(0)),    // tty
    Rule::default_char(5, Some(2)),    // ptmx
    Rule::default_char(136, None),     // pts/*
    Rule::default_char(10, Some(200)), // net/tun
];

/// The container's rules and the default ones, without those that later ones make void.
///
/// # Errors
/// For a rule that the specification does not know.
pub(super) fn rules(asked: &[DeviceRule<'_>]) -> Result<Vec<Rule>> {
    let mut rules = vec![Rule::everything(false)];
    for (index, rule) in asked.iter().enumerate() {
        let rule = parse(rule)
            .map_err(|why| Error::new(Kind::Config, format!("linux.resources.devices[{index}]: {why}")))?;
        add(&mut rules, rule);
    }
    for rule in DEFAULTS {
        add(&mut rules, rule);
    }
    Ok(rules)
}

/// Appends a rule that changes something, and takes its rights from the earlier rules that it covers.
fn add(rules: &mut Vec<Rule>, rule: Rule) {
    if is_decided(rules, &rule) {
        return;
    }
    for earlier in rules.iter_mut().filter(|earlier| rule.covers(earlier)) {
        earlier.rights &= !rule.rights;
    }
    rules.retain(|earlier| earlier.rights != 0);
    rules.push(rule);
}

/// Whether a rule says only what an earlier one says already, with nothing against it in between.
fn is_decided(rules: &[Rule], rule: &Rule) -> bool {
    let relevant = |earlier: &&Rule| {
        let same = earlier.allow == rule.allow;
        if same {
            earlier.covers(rule) && rule.rights & !earlier.rights == 0
        } else {
            earlier.meets(rule) && rule.rights & earlier.rights != 0
        }
    };
    rules
        .iter()
        .rev()
        .find(relevant)
        .is_some_and(|earlier| earlier.allow == rule.allow)
}

/// Reads one rule of config.json.
fn parse(rule: &DeviceRule<'_>) -> Result<Rule, String> {
    let kind = match rule.kind.as_deref() {
        None | Some("a") => None,
        Some("b") => Some(DeviceKind::Block),
        Some("c") => Some(DeviceKind::Char),
        Some(other) => return Err(format!("type \"{other}\" is none of a, b, c")),
    };
    let rights = match rule.access.as_deref() {
        None => ALL_RIGHTS,
        Some(access) => parse_access(access)?,
    };
    let (major, minor) = (number("major", rule.major)?, number("minor", rule.minor)?);
    Ok(Rule {
        allow: rule.allow,
        kind,
        major,
        minor,
        rights,
    })
}

fn parse_access(access: &str) -> Result<u8, String> {
    let rights = access.chars().try_fold(0, |rights, letter| match letter {
        'r' => Ok(rights | READ),
        'w' => Ok(rights | WRITE),
        'm' => Ok(rights | MKNOD),
        _ => Err(format!("access \"{access}\" has a letter other than r, w, m")),
    })?;
    if rights == 0 {
        Err("access is empty".to_owned())
    } else {
        Ok(rights)
    }
}

/// A device number; absent and -1 stand for all.
fn number(name: &str, value: Option<i64>) -> Result<Option<u32>, String> {
    match value {
        None | Some(-1) => Ok(None),
        Some(value) => u32::try_from(value)
            .map(Some)
            .map_err(|_| format!("{name} {value} is not a device number")),
    }
}

#[cfg(test)]
#[path = "devices_tests.rs"]
pub(super) mod tests;
