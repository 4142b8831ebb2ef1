//! Device rules as writes to v1's `devices.deny` and `devices.allow`.
//!
//! That interface knows one default and a list of exceptions to it. A rule that takes a part out of a wider
//! exception cannot be written, and is refused rather than kept wrongly.

use super::devices::{ALL_RIGHTS, DeviceKind, Rule};
use crate::error::{Error, Kind, Result};

/// The writes, in order, that make a fresh group keep the rules: `(file, value)`.
///
/// # Errors
/// For a rule that v1 cannot express.
pub(super) fn writes(rules: &[Rule]) -> Result<Vec<(&'static str, String)>> {
    let start = rules
        .iter()
        .rposition(|rule| rule.covers(&Rule::everything(true)) && rule.rights == ALL_RIGHTS);
    let allowed = start.is_some_and(|start| rules[start].allow);
    let later = &rules[start.map_or(0, |start| start + 1)..];
    let exceptions = exceptions(later, allowed)?;
    if allowed && exceptions.is_empty() {
        return Ok(Vec::new()); // what a fresh group has from its parent
    }
    let (default, exception) = if allowed {
        ("devices.allow", "devices.deny")
    } else {
        ("devices.deny", "devices.allow")
    };
    let first = (!allowed).then(|| (default, "a".to_owned()));
    Ok(first
        .into_iter()
        .chain(exceptions.iter().map(|rule| (exception, rule.to_string())))
        .collect())
}

/// The exceptions to the default that rules in order leave.
fn exceptions(rules: &[Rule], default: bool) -> Result<Vec<Rule>> {
    let mut exceptions: Vec<Rule> = Vec::new();
    for rule in rules.iter().flat_map(by_kind) {
        if rule.allow != default {
            exceptions.push(rule);
            continue;
        }
        for exception in exceptions
            .iter_mut()
            .filter(|e| e.meets(&rule) && e.rights & rule.rights != 0)
        {
            if !rule.covers(exception) {
                return Err(inexpressible(&rule, exception));
            }
            exception.rights &= !rule.rights;
        }
    }
    exceptions.retain(|exception| exception.rights != 0);
    Ok(exceptions)
}

/// v1 takes the letter `a` for everything, whatever numbers follow: a rule for both kinds is two.
fn by_kind(rule: &Rule) -> Vec<Rule> {
    match rule.kind {
        Some(_) => vec![*rule],
        None => [DeviceKind::Block, DeviceKind::Char]
            .map(|kind| Rule {
                kind: Some(kind),
                ..*rule
            })
            .to_vec(),
    }
}

fn inexpressible(rule: &Rule, exception: &Rule) -> Error {
    let word = |allow: bool| if allow { "allow" } else { "deny" };
    Error::new(
        Kind::Unsupported,
        format!(
            "linux.resources.devices: cgroup v1 cannot {} \"{rule}\" as a part of {} \"{exception}\"",
            word(rule.allow),
            word(exception.allow)
        ),
    )
    .hint("order the rules from wide to narrow without holes, or use a machine with cgroup v2")
}

#[cfg(test)]
#[path = "devices_v1_tests.rs"]
mod tests;
