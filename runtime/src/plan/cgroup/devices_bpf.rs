//! Device rules as a BPF program for a v2 group (`BPF_PROG_TYPE_CGROUP_DEVICE`), by a pure function.
//!
//! The program walks the rules from the last to the first. r5 holds the rights still to be decided: an allowing
//! rule for the device takes its rights away, and none left means yes; a denying rule that speaks of one of them
//! means no. What no rule decides is denied.
//!
//! Neighbours of the same kind and major share their tests: the kernel verifies each instruction on each path, and a
//! program of 30 instructions loads in a third of the time that 80 need.

use super::devices::{ALL_RIGHTS, Rule};
use crate::error::{Error, Kind, Result};
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
const JEQ_K: u8 = 0x15; // if dst == immediate, skip offset
const JNE_K: u8 = 0x55; // if dst != immediate, skip offset
const JSET_K: u8 = 0x45; // if dst & immediate, skip offset
const JEQ32_K: u8 = 0x16; // the 32-bit forms: device numbers may have the highest bit set
const JNE32_K: u8 = 0x56;
const JA: u8 = 0x05; // skip offset
const EXIT: u8 = 0x95;

const RESULT: u8 = 0;
const CONTEXT: u8 = 1;
const KIND: u8 = 2;
const MAJOR: u8 = 3;
const MINOR: u8 = 4;
const RIGHTS: u8 = 5;

/// Offsets that stand for the two ends of the program until its length is known.
const TO_ALLOW: i16 = i16::MAX;
const TO_DENY: i16 = i16::MAX - 1;

/// Compiles rules to a program; `None` when they allow everything and no program is needed.
///
/// # Errors
/// When there are more rules than jumps can span.
pub(super) fn compile(rules: &[Rule]) -> Result<Option<Vec<Instruction>>> {
    if matches!(rules, [only] if *only == Rule::everything(true)) {
        return Ok(None);
    }
    // A rule that denies everything can only be the first (it makes earlier ones void), and is how it ends anyway.
    let rules: Vec<&Rule> = rules
        .iter()
        .rev()
        .filter(|rule| **rule != Rule::everything(false))
        .collect();
    let mut program = prologue();
    for same_kind in rules.chunk_by(|a, b| a.kind == b.kind) {
        let mut inner = Vec::new();
        for same_major in same_kind.chunk_by(|a, b| a.major == b.major) {
            let body = same_major.iter().flat_map(|rule| rule_body(rule)).collect();
            inner.extend(when(
                JNE32_K,
                MAJOR,
                same_major[0].major.map(u32::cast_signed),
                body,
            ));
        }
        program.extend(when(
            JNE_K,
            KIND,
            same_kind[0].kind.map(|kind| kind as i32),
            inner,
        ));
    }
    finish(program).map(Some)
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

/// Code that runs only when a register has a value; always, when any value will do.
fn when(unless: u8, register: u8, value: Option<i32>, code: Vec<Instruction>) -> Vec<Instruction> {
    let Some(value) = value else { return code };
    // A span beyond the reach of a jump is caught by the length of the whole.
    let skip = i16::try_from(code.len()).unwrap_or_default();
    std::iter::once(instruction(unless, register, skip, value))
        .chain(code)
        .collect()
}

/// What a rule does once kind and major are its own.
fn rule_body(rule: &Rule) -> Vec<Instruction> {
    let minor = rule.minor.map(u32::cast_signed);
    let end = if rule.allow { TO_ALLOW } else { TO_DENY };
    match (rule.rights, rule.allow) {
        (ALL_RIGHTS, _) => vec![match minor {
            Some(minor) => instruction(JEQ32_K, MINOR, end, minor),
            None => instruction(JA, 0, end, 0),
        }],
        (rights, true) => {
            let left = i32::from(!rights & ALL_RIGHTS);
            let take = vec![
                instruction(AND_K, RIGHTS, 0, left),
                instruction(JEQ_K, RIGHTS, end, 0),
            ];
            when(JNE32_K, MINOR, minor, take)
        }
        (rights, false) => when(
            JNE32_K,
            MINOR,
            minor,
            vec![instruction(JSET_K, RIGHTS, end, i32::from(rights))],
        ),
    }
}

/// Adds the two ends and lets the jumps to them reach them.
fn finish(mut program: Vec<Instruction>) -> Result<Vec<Instruction>> {
    let deny = i16::try_from(program.len())
        .ok()
        .filter(|length| *length < TO_DENY - 4)
        .ok_or_else(|| {
            Error::new(
                Kind::Unsupported,
                "linux.resources.devices has too many rules for one device program",
            )
        })?;
    for (at, jump) in (0_i16..).zip(&mut program) {
        match jump.offset {
            TO_DENY => jump.offset = deny - at - 1,
            TO_ALLOW => jump.offset = deny + 2 - at - 1,
            _ => {}
        }
    }
    for allowed in [0, 1] {
        program.push(instruction(MOV_K, RESULT, 0, allowed));
        program.push(instruction(EXIT, 0, 0, 0));
    }
    Ok(program)
}

fn instruction(opcode: u8, registers: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction {
        opcode,
        registers,
        offset,
        immediate,
    }
}

#[cfg(test)]
#[path = "devices_bpf_tests.rs"]
mod tests;
