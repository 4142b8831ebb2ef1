//! A profile's rules, sorted out per architecture: for each range of system call numbers, what is answered.
//!
//! Where several rules name one system call, the first without conditions decides alone. Otherwise they are
//! tried in libseccomp's order, most telling conditions first: of rules that begin with a condition on a
//! later argument before those on an earlier one, equality before upper bounds before lower bounds, then
//! the narrower bound. The order matters only where rules with different actions overlap.

use super::arch::{Arch, X32_BIT};
use super::table::{Row, SYSCALLS};
use super::words::{self, Action, Operator, config};
use crate::error::Result;
use crate::oci;
use std::cmp::Reverse;

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
    pub(super) syscalls: Vec<&'static Row>,
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

/// What is answered to a system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Always(Action),
    /// The first rule whose conditions hold; otherwise the default action.
    First(Vec<Rule>),
}

/// System calls from `start` up to the next range's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) answer: Answer,
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
        match lookup(name) {
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

fn lookup(name: &str) -> Option<&'static Row> {
    SYSCALLS
        .binary_search_by(|row| row.name.cmp(name))
        .ok()
        .map(|index| &SYSCALLS[index])
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

/// The answers of a profile for the architectures of one token (x86_64 and x32 share theirs), over all
/// numbers. Where the default action refuses, numbers beyond all that the profile names answer ENOSYS, so
/// that programs fall back from system calls that are newer than the profile.
pub(super) fn ranges(archs: &[Arch], rules: &[NamedRule], default: Action) -> Result<Vec<Range>> {
    let mut calls = Vec::with_capacity(512);
    for &arch in archs {
        collect(arch, rules, &mut calls);
    }
    // Stable: the rules of a system call stay in the profile's order.
    calls.sort_by_key(|call| call.number);
    let mut ranges = Vec::with_capacity(2 * calls.len() + 8);
    for group in calls.chunk_by(|a, b| a.number == b.number) {
        let number = group[0].number;
        ranges.push((number, Rank::Call, answer(group)?));
        ranges.push((number + 1, Rank::Gap, Answer::Always(default)));
    }
    for (start, action) in boundaries(archs, rules, default) {
        ranges.push((start, Rank::Boundary, Answer::Always(action)));
    }
    ranges.sort_by_key(|(start, rank, _)| (*start, *rank));
    ranges.dedup_by_key(|(start, ..)| *start);
    ranges.dedup_by(|(.., answer), (.., before)| answer == before);
    Ok(ranges
        .into_iter()
        .map(|(start, _, answer)| Range { start, answer })
        .collect())
}

/// Which of several ranges with one start counts: the first in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Call,
    Boundary,
    Gap,
}

/// What is answered apart from all rules, from which number on.
fn boundaries(archs: &[Arch], rules: &[NamedRule], default: Action) -> Vec<(u32, Action)> {
    let mut boundaries = vec![(0, default)];
    if archs.contains(&Arch::X32) {
        let foreign = if archs.contains(&Arch::X86_64) {
            default
        } else {
            words::KILL_THREAD
        };
        boundaries = vec![(0, foreign), (X32_BIT, default)];
    } else if archs.contains(&Arch::X86_64) {
        // -1 is what a tracer sets to skip a system call.
        boundaries.extend([(X32_BIT, words::KILL_THREAD), (u32::MAX, default)]);
    }
    if !words::is_permissive(default) {
        for &arch in archs {
            let numbers = rules
                .iter()
                .flat_map(|rule| &rule.syscalls)
                .filter_map(|row| arch.number(row));
            if let Some(last) = numbers.max() {
                boundaries.push((last + 1, words::ERRNO | libc::ENOSYS.cast_unsigned()));
            }
        }
    }
    boundaries
}

/// One rule for one number; `selector` is the first argument by which a multiplexer is told apart.
struct Call<'a> {
    arch: Arch,
    number: u32,
    name: &'static str,
    rule: &'a Rule,
    selector: Option<u64>,
}

fn collect<'a>(arch: Arch, rules: &'a [NamedRule], calls: &mut Vec<Call<'a>>) {
    for named in rules.iter().filter(|named| !named.redundant) {
        for row in &named.syscalls {
            for rule in &named.alternatives {
                let call = |number, selector| Call {
                    arch,
                    number,
                    name: row.name,
                    rule,
                    selector,
                };
                calls.extend(
                    arch.multiplexed(row.name)
                        .map(|(number, call_)| call(number, Some(call_))),
                );
                calls.extend(arch.number(row).map(|number| call(number, None)));
            }
        }
    }
}

/// The answer to one system call, from all that the profile says of it.
fn answer(calls: &[Call<'_>]) -> Result<Answer> {
    let mut rules = Vec::new();
    for call in calls {
        let conditions = conditions(call);
        if conditions.is_empty() {
            return Ok(Answer::Always(call.rule.action));
        }
        rules.push(Rule {
            action: call.rule.action,
            conditions,
        });
    }
    rules.sort_by_cached_key(|rule| rule.conditions.iter().map(precedence).collect::<Vec<_>>());
    let contradict = |pair: &[Rule]| pair[0].conditions == pair[1].conditions && pair[0].action != pair[1].action;
    // Behind a multiplexer the rules differ in what cannot be seen: there the first one counts.
    if calls[0].selector.is_none() && rules.windows(2).any(contradict) {
        let name = calls[0].name;
        return Err(config(format!("linux.seccomp.syscalls: two actions for {name} under the same conditions")));
    }
    rules.dedup_by(|rule, before| rule.conditions == before.conditions);
    Ok(Answer::First(rules))
}

/// The conditions of a rule as the architecture sees them.
fn conditions(call: &Call<'_>) -> Vec<Condition> {
    let visible = if call.arch.is_wide() {
        u64::MAX
    } else {
        u64::from(u32::MAX)
    };
    let selector = call.selector.map(|value| Condition {
        argument: 0,
        operator: Operator::Eq,
        mask: u64::MAX,
        value,
    });
    let own = call
        .rule
        .conditions
        .iter()
        .filter(|own| selector.is_none() || own.argument != 0);
    let all = selector.iter().chain(own);
    all.map(|condition| Condition {
        mask: condition.mask & visible,
        value: condition.value & visible,
        ..*condition
    })
    .filter(|condition| condition.mask != 0)
    .collect()
}

/// Sorts conditions by libseccomp's order.
fn precedence(condition: &Condition) -> (Reverse<u32>, u8, u64) {
    let (class, value) = match condition.operator {
        Operator::Eq | Operator::Ne | Operator::MaskedEq => (0, !condition.value),
        Operator::Lt | Operator::Le => (1, condition.value),
        Operator::Ge | Operator::Gt => (2, !condition.value),
    };
    (Reverse(condition.argument), class, value)
}
