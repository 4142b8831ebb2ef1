//! From answers to a program: the architecture first, then a search tree over the numbers, then the
//! conditions. Arguments are loaded only for system calls whose answer depends on them: for all others the
//! kernel finds out, when it loads the filter, that it need not run it.

use super::code::{Code, Target, Test};
use super::ranges::{Answer, Range, Section};
use super::rules::{Condition, Rule};
use super::words::{Action, KILL_THREAD, Operator};
use crate::sys::seccomp::Insn;

/// Offsets in `seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// Writes the whole program; calls of other architectures than the sections' kill the thread.
pub(super) fn write(sections: &[Section], default: Action) -> Vec<Insn> {
    let mut code = Code::default();
    let mut entry = Target::Return(KILL_THREAD);
    let starts: Vec<_> = sections
        .iter()
        .rev()
        .map(|section| write_section(&mut code, section, default))
        .collect();
    for (section, start) in sections.iter().rev().zip(starts) {
        entry = code.branch(Test::Eq, section.archs[0].token(), start, entry);
    }
    let entry = code.load(ARCH, entry);
    code.into_program(entry)
}

fn write_section(code: &mut Code, section: &Section, default: Action) -> Target {
    let little_endian = section.archs[0].is_little_endian();
    let lists = vec![None; section.lists.len()];
    let tree = SectionWriter {
        code,
        section,
        little_endian,
        default,
        lists,
    }
    .tree(&section.ranges);
    match tree {
        Target::Return(_) => tree,
        Target::At(_) => code.load(NUMBER, tree),
    }
}

struct SectionWriter<'a> {
    code: &'a mut Code,
    section: &'a Section,
    little_endian: bool,
    default: Action,
    /// Where each list of rules was written.
    lists: Vec<Option<Target>>,
}

impl SectionWriter<'_> {
    /// Finds the range that the accumulator is in.
    fn tree(&mut self, ranges: &[Range]) -> Target {
        if let [range] = ranges {
            return self.answer(range.answer);
        }
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        let yes = self.tree(upper);
        let no = self.tree(lower);
        self.code.branch(Test::Ge, upper[0].start, yes, no)
    }

    fn answer(&mut self, answer: Answer) -> Target {
        match answer {
            Answer::Always(action) => Target::Return(action),
            Answer::First(list) => {
                let target = self.lists[list].unwrap_or_else(|| self.rules(&self.section.lists[list]));
                self.lists[list] = Some(target);
                target
            }
        }
    }

    fn rules(&mut self, rules: &[Rule]) -> Target {
        rules
            .iter()
            .rev()
            .fold(Target::Return(self.default), |otherwise, rule| {
                let action = Target::Return(rule.action);
                rule.conditions.iter().rev().fold(action, |next, condition| {
                    self.condition(condition, next, otherwise)
                })
            })
    }

    /// Compares a 64-bit argument by its halves; of a 32-bit one, the upper half does not count.
    fn condition(&mut self, condition: &Condition, yes: Target, no: Target) -> Target {
        match condition.operator {
            Operator::Eq | Operator::MaskedEq => self.equal(condition, yes, no),
            Operator::Ne => self.equal(condition, no, yes),
            Operator::Ge => self.above(condition, Test::Ge, yes, no),
            Operator::Gt => self.above(condition, Test::Gt, yes, no),
            Operator::Lt => self.above(condition, Test::Ge, no, yes),
            Operator::Le => self.above(condition, Test::Gt, no, yes),
        }
    }

    fn equal(&mut self, condition: &Condition, yes: Target, no: Target) -> Target {
        let lower = self.half_equal(condition, Half::Lower, yes, no);
        self.half_equal(condition, Half::Upper, lower, no)
    }

    fn half_equal(&mut self, condition: &Condition, half: Half, yes: Target, no: Target) -> Target {
        let mask = half.of(condition.mask);
        if mask == 0 {
            return yes;
        }
        let mut test = self.code.branch(Test::Eq, half.of(condition.value), yes, no);
        if mask != u32::MAX {
            test = self.code.and(mask, test);
        }
        self.code.load(self.offset(condition.argument, half), test)
    }

    /// Whether the argument is greater than the value (or, by `test` of the lower half, equal to it).
    fn above(&mut self, condition: &Condition, test: Test, yes: Target, no: Target) -> Target {
        let lower = self.code.branch(test, Half::Lower.of(condition.value), yes, no);
        let lower = self
            .code
            .load(self.offset(condition.argument, Half::Lower), lower);
        if Half::Upper.of(condition.mask) == 0 {
            return lower;
        }
        let value = Half::Upper.of(condition.value);
        let equal = self.code.branch(Test::Eq, value, lower, no);
        let greater = self.code.branch(Test::Gt, value, yes, equal);
        self.code
            .load(self.offset(condition.argument, Half::Upper), greater)
    }

    fn offset(&self, argument: u32, half: Half) -> u32 {
        let second = matches!(half, Half::Upper) == self.little_endian;
        ARGUMENTS + 8 * argument + if second { 4 } else { 0 }
    }
}

#[derive(Clone, Copy)]
enum Half {
    Lower,
    Upper,
}

impl Half {
    #[expect(clippy::cast_possible_truncation, reason = "a half is what is wanted")]
    fn of(self, value: u64) -> u32 {
        match self {
            Self::Lower => value as u32,
            Self::Upper => (value >> 32) as u32,
        }
    }
}
