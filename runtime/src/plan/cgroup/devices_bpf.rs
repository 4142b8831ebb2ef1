//! Device rules as a BPF program for a v2 group (`BPF_PROG_TYPE_CGROUP_DEVICE`), by a pure function.
//!
//! The program walks the rules from the last to the first. r5 holds the rights still to be decided: an allowing
//! rule for the device takes its rights away, and none left means yes; a denying rule that speaks of one of them
//! means no. What no rule decides is denied.

use super::devices::Rule;
use serde::Serialize;

/// One eBPF instruction as the kernel reads it: opcode, registers, offset, immediate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Instruction {
    /// Class, size or source, and operation.
    pub opcode: u8,
    /// The destination in the low nibble, the source in the high one.
    pub registers: u8,
    /// Of a memory access or a jump.
    pub offset: i16,
    /// The constant.
    pub immediate: i32,
}

impl Instruction {
    /// The instruction's bytes in memory.
    pub fn bytes(self) -> [u8; 8] {
        let [o1, o2] = self.offset.to_ne_bytes();
        let [i1, i2, i3, i4] = self.immediate.to_ne_bytes();
        let registers = if cfg!(target_endian = "big") {
            self.registers.rotate_left(4)
        } else {
            self.registers
        };
        [self.opcode, registers, o1, o2, i1, i2, i3, i4]
    }
}

const LDX_W: u8 = 0x61; // dst = *(u32 *)(src + offset)
const MOV_X: u8 = 0xbf; // dst = src
const MOV_K: u8 = 0xb7; // dst = immediate
const AND_K: u8 = 0x57; // dst &= immediate
const RSH_K: u8 = 0x77; // dst >>= immediate
const JNE_K: u8 = 0x55; // if dst != immediate, skip offset
const JSET_K: u8 = 0x45; // if dst & immediate, skip offset
const JA: u8 = 0x05; // skip offset
const JNE32_K: u8 = 0x56; // the 32-bit form: device numbers may have the highest bit set
const EXIT: u8 = 0x95;

const RESULT: u8 = 0;
const CONTEXT: u8 = 1;
const KIND: u8 = 2;
const MAJOR: u8 = 3;
const MINOR: u8 = 4;
const RIGHTS: u8 = 5;

/// Compiles rules to a program; `None` when they allow everything and no program is needed.
///
/// A rule that denies everything can only be the first (it makes earlier ones void), and needs no code.
pub(super) fn compile(rules: &[Rule]) -> Option<Vec<Instruction>> {
    if matches!(rules, [only] if *only == Rule::everything(true)) {
        return None;
    }
    let mut program = prologue();
    for rule in rules
        .iter()
        .filter(|rule| **rule != Rule::everything(false))
        .rev()
    {
        compile_rule(rule, &mut program);
    }
    leave(false, &mut program);
    Some(program)
}

/// Loads kind, rights, major and minor from `struct bpf_cgroup_dev_ctx`.
fn prologue() -> Vec<Instruction> {
    let load = |register: u8, offset: i16| instruction(LDX_W, register | CONTEXT << 4, offset, 0);
    vec![
        load(KIND, 0),
        instruction(MOV_X, RIGHTS | KIND << 4, 0, 0),
        instruction(AND_K, KIND, 0, 0xffff),
        instruction(RSH_K, RIGHTS, 0, 16),
        load(MAJOR, 4),
        load(MINOR, 8),
    ]
}

fn compile_rule(rule: &Rule, program: &mut Vec<Instruction>) {
    let body = rule_body(rule);
    let mut tests: Vec<(u8, u8, i32)> = Vec::new();
    tests.extend(rule.kind.map(|kind| (JNE_K, KIND, kind as i32)));
    tests.extend(rule.major.map(|major| (JNE32_K, MAJOR, major.cast_signed())));
    tests.extend(rule.minor.map(|minor| (JNE32_K, MINOR, minor.cast_signed())));
    let count = tests.len();
    for (index, (opcode, register, value)) in tests.into_iter().enumerate() {
        let skip = count - index - 1 + body.len();
        program.push(instruction(opcode, register, short(skip), value));
    }
    program.extend(body);
}

/// What a rule does once the device is its own.
fn rule_body(rule: &Rule) -> Vec<Instruction> {
    let mut body = Vec::new();
    if rule.allow {
        body.push(instruction(AND_K, RIGHTS, 0, i32::from(!rule.rights & 7)));
        body.push(instruction(JNE_K, RIGHTS, 2, 0));
        leave(true, &mut body);
    } else {
        body.push(instruction(JSET_K, RIGHTS, 1, i32::from(rule.rights)));
        body.push(instruction(JA, 0, 2, 0));
        leave(false, &mut body);
    }
    body
}

fn leave(allowed: bool, program: &mut Vec<Instruction>) {
    program.push(instruction(MOV_K, RESULT, 0, i32::from(allowed)));
    program.push(instruction(EXIT, 0, 0, 0));
}

fn instruction(opcode: u8, registers: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction {
        opcode,
        registers,
        offset,
        immediate,
    }
}

/// A jump over one rule at most: eight instructions.
fn short(skip: usize) -> i16 {
    i16::try_from(skip).unwrap_or(i16::MAX)
}

#[cfg(test)]
#[path = "devices_bpf_tests.rs"]
mod tests;
