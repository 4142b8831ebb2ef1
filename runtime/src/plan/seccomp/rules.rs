//! A profile's rules: its words understood and checked, whatever the architecture.

use super::syscall::{self, Syscall};
use super::words::{self, Action, Operator, config};
use crate::error::Result;
use crate::oci;

/// A condition on one argument; for MASKED_EQ only the bits of `mask` count, otherwise it is all ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) argument: u32,
    pub(super) operator: Operator,
    pub(super) mask: u64,
    pub(super) value: u64,
}

/// An action under conditions, all of which must hold; sorted by argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) action: Action,
    pub(super) conditions: Vec<Condition>,
}

/// A rule of the profile with its system calls.
pub(super) struct NamedRule {
    pub(super) syscalls: Vec<&'static Syscall>,
    /// One rule; several alternatives where the profile has more than one condition on an argument.
    pub(super) alternatives: Vec<Rule>,
    /// Says what the default action says anyway: counts only for what the profile knows.
    pub(super) redundant: bool,
}

impl NamedRule {
    pub(super) fn action(&self) -> Action {
        self.alternatives[0].action
    }
}

/// Reads the rules of a profile.
pub(super) fn read(
    profile: &oci::Seccomp<'_>,
    default: Action,
    warnings: &mut Vec<String>,
) -> Result<Vec<NamedRule>> {
    let rules = profile.syscalls.iter().enumerate();
    rules
        .map(|(index, rule)| read_rule(index, rule, default, warnings))
        .collect()
}

fn read_rule(
    index: usize,
    rule: &oci::SeccompRule<'_>,
    default: Action,
    warnings: &mut Vec<String>,
) -> Result<NamedRule> {
    let place = || format!("linux.seccomp.syscalls[{index}]");
    let action = words::action(&rule.action, rule.errno_ret, place)?;
    if rule.names.is_empty() {
        return Err(config(format!("{}: names is empty", place())));
    }
    let mut syscalls = Vec::with_capacity(rule.names.len());
    for name in &rule.names {
        match syscall::by_name(name) {
            _ if action == words::NOTIFY && name == "write" => {
                return Err(config(format!(
                    "{}: SCMP_ACT_NOTIFY cannot be used for the write syscall",
                    place()
                ))
                .hint("the runtime itself writes after the filter is in force, before an agent can answer"));
            }
            Some(row) => syscalls.push(row),
            None if name.is_empty() => return Err(config(format!("{}: a name is empty", place()))),
            None => warnings.push(format!("{}: unknown system call {name:?} is skipped", place())),
        }
    }
    let conditions = read_conditions(index, &rule.args)?;
    let alternatives = alternatives(conditions)
        .map(|conditions| Rule { action, conditions })
        .collect();
    Ok(NamedRule {
        syscalls,
        alternatives,
        redundant: action == default,
    })
}

fn read_conditions(rule: usize, args: &[oci::SeccompArg<'_>]) -> Result<Vec<Condition>> {
    let read = |(index, arg): (usize, &oci::SeccompArg<'_>)| {
        let place = || format!("linux.seccomp.syscalls[{rule}].args[{index}]");
        if arg.index > 5 {
            return Err(config(format!(
                "{}: argument {} of 6 (0 to 5)",
                place(),
                arg.index
            )));
        }
        let operator = words::operator(&arg.op, place)?;
        let (mask, value) = match operator {
            Operator::MaskedEq => (arg.value, arg.value_two & arg.value),
            _ => (u64::MAX, arg.value),
        };
        Ok(Condition {
            argument: arg.index,
            operator,
            mask,
            value,
        })
    };
    args.iter().enumerate().map(read).collect()
}

/// All conditions together; or, where two are on one argument, each on its own: what Docker's first format
/// of profiles meant by it, and runc and crun have kept.
fn alternatives(mut conditions: Vec<Condition>) -> impl Iterator<Item = Vec<Condition>> {
    let count = conditions.len();
    conditions.sort_by_key(|condition| condition.argument);
    let repeated = conditions
        .windows(2)
        .any(|pair| pair[0].argument == pair[1].argument);
    let size = if repeated { 1 } else { count.max(1) };
    let groups = count.div_ceil(size).max(1);
    (0..groups).map(move |group| conditions[group * size..((group + 1) * size).min(count)].to_vec())
}
