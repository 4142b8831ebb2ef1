//! Writing classic BPF backwards: what is jumped to is written before what jumps, so that every distance is
//! known at once. An instruction reaches at most 255 ahead; what is further gets a stepping stone.

use super::words::Action;
use crate::sys::seccomp::Insn;

/// Where execution goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The filter answers.
    Return(Action),
    /// The instruction that was written as the n-th.
    At(usize),
}

/// The condition of a jump on the accumulator.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    Eq = 0x15,
    Gt = 0x25,
    Ge = 0x35,
}

const LOAD_WORD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

/// One less than an instruction reaches: making the other of its two targets reachable may take one more.
const REACH: usize = 254;

/// A program under way.
#[derive(Default)]
pub(super) struct Code {
    /// Last instruction first.
    written: Vec<Insn>,
    /// Where each action was last written.
    returns: Vec<(Action, usize)>,
}

impl Code {
    /// The program, in its proper order.
    pub(super) fn into_program(mut self, entry: Target) -> Vec<Insn> {
        if let Target::Return(action) = entry {
            self.write(RETURN, 0, 0, action);
        }
        self.written.reverse();
        self.written
    }

    /// Loads a word of `seccomp_data` into the accumulator and goes on with `next`.
    pub(super) fn load(&mut self, offset: u32, next: Target) -> Target {
        self.flow_into(next);
        self.write(LOAD_WORD, 0, 0, offset)
    }

    /// Masks the accumulator and goes on with `next`.
    pub(super) fn and(&mut self, mask: u32, next: Target) -> Target {
        self.flow_into(next);
        self.write(AND, 0, 0, mask)
    }

    /// Goes on with `yes` or `no`.
    pub(super) fn branch(&mut self, test: Test, value: u32, yes: Target, no: Target) -> Target {
        if yes == no {
            return yes;
        }
        let yes = self.bring_near(yes);
        let no = self.bring_near(no);
        let (jt, jf) = (self.distance(yes), self.distance(no));
        self.write(test as u16, jt, jf, value)
    }

    /// Makes `next` the instruction that follows.
    fn flow_into(&mut self, next: Target) {
        match next {
            Target::At(index) if index + 1 == self.written.len() => {}
            Target::At(index) => self.jump(index),
            Target::Return(action) => self.write_return(action),
        }
    }

    /// A place within reach that leads to `target`.
    fn bring_near(&mut self, target: Target) -> usize {
        let is_near = |index: usize| self.written.len() - index <= REACH;
        match target {
            Target::At(index) if is_near(index) => return index,
            Target::At(index) => self.jump(index),
            Target::Return(action) => match self.returns.iter().find(|(a, _)| *a == action) {
                Some(&(_, index)) if is_near(index) => return index,
                _ => self.write_return(action),
            },
        }
        self.written.len() - 1
    }

    fn jump(&mut self, index: usize) {
        // Programs are refused long before they outgrow 32 bits.
        let distance = u32::try_from(self.written.len() - index - 1).unwrap_or(u32::MAX);
        self.write(JUMP, 0, 0, distance);
    }

    fn write_return(&mut self, action: Action) {
        let index = self.written.len();
        match self.returns.iter_mut().find(|(a, _)| *a == action) {
            Some(known) => known.1 = index,
            None => self.returns.push((action, index)),
        }
        self.write(RETURN, 0, 0, action);
    }

    fn distance(&self, index: usize) -> u8 {
        u8::try_from(self.written.len() - index - 1).expect("what was brought near is within reach")
    }

    fn write(&mut self, code: u16, jt: u8, jf: u8, k: u32) -> Target {
        self.written.push(Insn { code, jt, jf, k });
        Target::At(self.written.len() - 1)
    }
}
