//! An interpreter of the BPF that seccomp(2) takes (kernel/seccomp.c, seccomp_check_filter), as strict as the
//! kernel's verifier: what it does not know, or what would be refused, panics.

use corten_runtime::plan::seccomp::Insn;

/// `struct seccomp_data` of a little-endian machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) number: u32,
    pub(crate) token: u32,
    pub(crate) args: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        assert_eq!(offset % 4, 0, "unaligned load at {offset}");
        match offset {
            0 => self.number,
            4 => self.token,
            16..64 => {
                let arg = self.args[(offset as usize - 16) / 8];
                let upper = offset % 8 == 4;
                if upper {
                    (arg >> 32) as u32
                } else {
                    (arg & 0xffff_ffff) as u32
                }
            }
            _ => panic!("load at {offset}"),
        }
    }
}

/// The answer of a program to a call.
pub(crate) fn run(program: &[Insn], call: &Call) -> u32 {
    let mut accumulator = 0;
    let mut at = 0;
    loop {
        let insn = program[at];
        at += 1;
        let test = match insn.code {
            0x06 => return insn.k,
            0x20 => {
                accumulator = call.word(insn.k);
                continue;
            }
            0x54 => {
                accumulator &= insn.k;
                continue;
            }
            0x05 => {
                at += insn.k as usize;
                continue;
            }
            0x15 => accumulator == insn.k,
            0x25 => accumulator > insn.k,
            0x35 => accumulator >= insn.k,
            0x45 => accumulator & insn.k != 0,
            code => panic!("instruction {code:#x}"),
        };
        at += usize::from(if test { insn.jt } else { insn.jf });
    }
}
