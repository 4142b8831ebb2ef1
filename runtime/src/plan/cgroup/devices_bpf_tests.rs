//! Device programs run in a small machine and compared with the definition of the rules.

use super::super::devices::tests::{allows, any_access, any_rule};
use super::super::devices::{ALL_RIGHTS, DeviceKind, rules};
use super::*;
use proptest::prelude::*;

/// Runs a program for one access: a machine for exactly the instructions that the compiler may use.
fn run(program: &[Instruction], kind: DeviceKind, major: u32, minor: u32, rights: u8) -> u64 {
    let context = [u32::from(rights) << 16 | kind as u32, major, minor];
    let mut registers = [0xdead_beef_dead_beef_u64; 6];
    let mut at = 0_usize;
    for _ in 0..=program.len() {
        let Instruction {
            opcode,
            registers: names,
            offset,
            immediate,
        } = program[at];
        let (target, source) = (usize::from(names & 15), usize::from(names >> 4));
        let value = i64::from(immediate).cast_unsigned(); // immediates are sign-extended
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        at += 1;
        match opcode {
            LDX_W => {
                assert_eq!(source, usize::from(CONTEXT));
                registers[target] = u64::from(context[skip / 4]);
            }
            MOV_X => registers[target] = registers[source],
            MOV_K => registers[target] = value,
            AND_K => registers[target] &= value,
            RSH_K => registers[target] >>= immediate,
            JEQ_K if registers[target] == value => at += skip,
            JEQ32_K if registers[target] & 0xffff_ffff == value & 0xffff_ffff => at += skip,
            JNE_K if registers[target] != value => at += skip,
            JNE32_K if registers[target] & 0xffff_ffff != value & 0xffff_ffff => at += skip,
            JSET_K if registers[target] & value != 0 => at += skip,
            JA => at += skip,
            EXIT => return registers[usize::from(RESULT)],
            JEQ_K | JEQ32_K | JNE_K | JNE32_K | JSET_K => {}
            other => panic!("opcode {other:#x}"),
        }
    }
    panic!("the program does not end");
}

#[test]
fn no_program_is_needed_to_allow_everything() {
    assert_eq!(compile(&[Rule::everything(true)]).unwrap(), None);
    let privileged = crate::oci::DeviceRule {
        allow: true,
        ..crate::oci::DeviceRule::default()
    };
    assert_eq!(compile(&rules(&[privileged]).unwrap()).unwrap(), None);
}

#[test]
fn the_default_program_opens_null_and_no_disk() {
    let program = compile(&rules(&[]).unwrap()).unwrap().unwrap();
    assert_eq!(run(&program, DeviceKind::Char, 1, 3, ALL_RIGHTS), 1);
    assert_eq!(run(&program, DeviceKind::Char, 136, 99, ALL_RIGHTS), 1);
    assert_eq!(
        run(&program, DeviceKind::Block, 8, 0, 1),
        1,
        "making a node is allowed"
    );
    assert_eq!(run(&program, DeviceKind::Block, 8, 0, 2), 0, "reading it is not");
    assert_eq!(run(&program, DeviceKind::Char, 1, 1, 2), 0, "/dev/mem");
}

#[test]
fn the_default_program_is_short() {
    assert!(compile(&rules(&[]).unwrap()).unwrap().unwrap().len() <= 30);
}

#[test]
fn more_rules_than_jumps_can_span_are_refused() {
    let rule = |minor| Rule {
        minor: Some(minor),
        major: Some(1),
        ..Rule::everything(true)
    };
    let many: Vec<Rule> = (0..40_000).map(rule).collect();
    assert_eq!(compile(&many).unwrap_err().kind(), Kind::Unsupported);
}

#[test]
fn instructions_are_eight_bytes_as_the_kernel_reads_them() {
    let bytes = instruction(JNE32_K, MAJOR, 2, -1).bytes();
    assert_eq!(bytes[0], 0x56);
    assert_eq!(bytes[2..4], 2_i16.to_ne_bytes());
    assert_eq!(bytes[4..8], [0xff; 4]);
}

proptest! {
    #[test]
    fn a_program_decides_as_its_rules_do(
        asked in prop::collection::vec(any_rule(), 0..8),
        access in prop::collection::vec(any_access(), 1..40),
    ) {
        let rules = rules(&asked).unwrap();
        let program = compile(&rules).unwrap();
        for (kind, major, minor, rights) in access {
            let decision = program.as_ref().is_none_or(|program| run(program, kind, major, minor, rights) == 1);
            prop_assert_eq!(
                decision,
                allows(&rules, kind, major, minor, rights),
                "{:?} {}:{} {}", kind, major, minor, rights
            );
        }
    }
}
