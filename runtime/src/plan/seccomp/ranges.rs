//! The rules sorted out per architecture: for each range of system call numbers, what is answered.
//!
//! Where several rules name one system call, the first without conditions decides alone. Otherwise they are
//! tried in libseccomp's order, most telling conditions first: of rules that begin with a condition on a
//! later argument before those on an earlier one, equality before upper bounds before lower bounds, then
//! the narrower bound. The order matters only where rules with different actions overlap.

use super::arch::{Arch, X32_BIT};
use super::rules::{Condition, NamedRule, Rule};
use super::syscall;
use super::words::{self, Action, Operator, config};
use crate::error::Result;
use std::cmp::Reverse;

/// The answers for the architectures of one token (x86_64 and x32 share theirs), over all numbers.
pub(super) struct Section {
    pub(super) archs: Vec<Arch>,
    /// Sorted; the first starts at 0.
    pub(super) ranges: Vec<Range>,
    /// What the answers refer to.
    pub(super) lists: Vec<Vec<Rule>>,
}

/// System calls from `start` up to the next range's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) answer: Answer,
}

/// What is answered to a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Always(Action),
    /// The first rule of a list whose conditions hold; otherwise the default action.
    First(usize),
}

/// Sorts out what the rules say of the architectures of one token.
pub(super) fn section(archs: Vec<Arch>, rules: &[NamedRule], default: Action) -> Result<Section> {
    let (calls, boundaries) = collect(&archs, rules, default);
    let mut section = Section {
        archs,
        ranges: Vec::with_capacity(calls.len()),
        lists: Vec::new(),
    };
    let mut groups = calls.chunk_by(|a, b| a.number == b.number).peekable();
    for (index, &(start, around)) in boundaries.iter().enumerate() {
        let end = boundaries
            .get(index + 1)
            .map_or(u64::MAX, |(start, _)| u64::from(*start));
        let mut next = Some(start);
        while let Some(group) = groups.next_if(|group| u64::from(group[0].number) < end) {
            let number = group[0].number;
            if let Some(start) = next.filter(|start| *start < number) {
                section.push(start, Answer::Always(around));
            }
            let answer = section.answer(group, rules)?;
            section.push(number, answer);
            next = number.checked_add(1);
        }
        if let Some(start) = next.filter(|start| u64::from(*start) < end) {
            section.push(start, Answer::Always(around));
        }
    }
    Ok(section)
}

/// One rule for one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    number: u32,
    /// Where the rule is: among the profile's, and among its alternatives.
    rule: u32,
    alternative: u32,
    /// The first argument by which a multiplexer tells it apart.
    selector: Option<u8>,
    /// Whether the architecture's arguments have 64 bits.
    wide: bool,
}

/// What the rules say of each number, sorted; and what is answered apart from them, from which number on.
///
/// Where the default action refuses, numbers beyond all that the profile names answer ENOSYS, so that
/// programs fall back from system calls that are newer than the profile.
fn collect(archs: &[Arch], rules: &[NamedRule], default: Action) -> (Vec<Call>, Vec<(u32, Action)>) {
    let mut calls = Vec::with_capacity(512);
    let mut boundaries = boundaries(archs, default);
    for &arch in archs {
        let last = collect_arch(arch, rules, &mut calls);
        if let Some(last) = last.filter(|_| !words::is_permissive(default)) {
            boundaries.push((last + 1, words::ERRNO | libc::ENOSYS.cast_unsigned()));
        }
    }
    sort(&mut calls);
    boundaries.sort_unstable();
    (calls, boundaries)
}

/// Sorts, at first by the number alone, which nearly every call has to itself: one machine word is compared five times as
/// fast as all of a call, and there are a thousand.
fn sort(calls: &mut Vec<Call>) {
    let word = |(index, call): (usize, &Call)| u64::from(call.number) << 32 | index as u64;
    let mut order: Vec<u64> = calls.iter().enumerate().map(word).collect();
    order.sort_unstable();
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    let index = |word: &u64| *word as u32 as usize;
    *calls = order.iter().map(|word| calls[index(word)]).collect();
    for several in calls
        .chunk_by_mut(|a, b| a.number == b.number)
        .filter(|group| group.len() > 1)
    {
        several.sort_unstable();
    }
}

/// Returns the greatest number that the profile names.
fn collect_arch(arch: Arch, rules: &[NamedRule], calls: &mut Vec<Call>) -> Option<u32> {
    let mut last = None;
    let wide = arch.is_wide();
    for (rule, named) in (0..).zip(rules) {
        for syscall in &named.syscalls {
            let number = arch.number(syscall);
            last = last.max(number);
            if named.redundant {
                continue;
            }
            for (alternative, _) in (0..).zip(&named.alternatives) {
                let call = |number, selector| Call {
                    number,
                    rule,
                    alternative,
                    selector,
                    wide,
                };
                if let Some((through, value)) = arch.multiplexed(syscall) {
                    calls.push(call(through, Some(value)));
                }
                if let Some(number) = number {
                    calls.push(call(number, None));
                }
            }
        }
    }
    last
}

fn boundaries(archs: &[Arch], default: Action) -> Vec<(u32, Action)> {
    match (archs.contains(&Arch::X86_64), archs.contains(&Arch::X32)) {
        (true, true) => vec![(0, default), (X32_BIT, default)],
        (false, true) => vec![(0, words::KILL_THREAD), (X32_BIT, default)],
        // -1 is what a tracer sets to skip a system call.
        (true, false) => vec![(0, default), (X32_BIT, words::KILL_THREAD), (u32::MAX, default)],
        (false, false) => vec![(0, default)],
    }
}

impl Section {
    fn push(&mut self, start: u32, answer: Answer) {
        if self.ranges.last().is_none_or(|last| last.answer != answer) {
            self.ranges.push(Range { start, answer });
        }
    }

    /// The answer to one system call, from all that the profile says of it.
    fn answer(&mut self, calls: &[Call], rules: &[NamedRule]) -> Result<Answer> {
        let mut list = Vec::new();
        for call in calls {
            let rule = &rules[call.rule as usize].alternatives[call.alternative as usize];
            if rule.conditions.is_empty() && call.selector.is_none() {
                return Ok(Answer::Always(rule.action));
            }
            let conditions = conditions(call, &rule.conditions);
            if conditions.is_empty() {
                return Ok(Answer::Always(rule.action));
            }
            list.push(Rule {
                action: rule.action,
                conditions,
            });
        }
        list.sort_by_cached_key(|rule| rule.conditions.iter().map(precedence).collect::<Vec<_>>());
        let contradict = |a: &Rule, b: &Rule| a.conditions == b.conditions && a.action != b.action;
        // Behind a multiplexer the rules differ in what cannot be seen: there the first one counts.
        if calls[0].selector.is_none() && list.windows(2).any(|pair| contradict(&pair[0], &pair[1])) {
            return Err(self.contradiction(calls[0].number));
        }
        list.dedup_by(|rule, before| rule.conditions == before.conditions);
        let known = self.lists.iter().position(|known| *known == list);
        Ok(Answer::First(known.unwrap_or_else(|| {
            self.lists.push(list);
            self.lists.len() - 1
        })))
    }

    fn contradiction(&self, number: u32) -> crate::error::Error {
        let is_it =
            |syscall: &&syscall::Syscall| self.archs.iter().any(|arch| arch.number(syscall) == Some(number));
        let name = syscall::all().find(is_it).map_or("?", |syscall| syscall.name);
        config(format!(
            "linux.seccomp.syscalls: two actions for {name} under the same conditions"
        ))
    }
}

/// The conditions of a rule as the call's architecture sees them.
fn conditions(call: &Call, of_rule: &[Condition]) -> Vec<Condition> {
    let visible = if call.wide { u64::MAX } else { u64::from(u32::MAX) };
    let select = |value: u8| Condition {
        argument: 0,
        operator: Operator::Eq,
        mask: u64::MAX,
        value: value.into(),
    };
    let selector = call.selector.map(select);
    let own = of_rule
        .iter()
        .filter(|own| selector.is_none() || own.argument != 0);
    let seen = |condition: &Condition| Condition {
        mask: condition.mask & visible,
        value: condition.value & visible,
        ..*condition
    };
    selector
        .iter()
        .chain(own)
        .map(seen)
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
