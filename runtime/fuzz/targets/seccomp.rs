//! Any bytes as linux.seccomp: a clear error, or a program that the kernel's rules allow: not empty, not too long, every
//! jump forward and inside, a return at its end.
#![no_main]

use corten_runtime::oci::Seccomp;
use corten_runtime::plan::seccomp::{Arch, compile};
use libfuzzer_sys::fuzz_target;

/// BPF_MAXINSNS of linux/bpf_common.h.
const LONGEST: usize = 4096;
/// BPF_JMP, BPF_RET and BPF_JA of linux/bpf_common.h, in the low bits of a code.
const JUMP: u16 = 5;
const RETURN: u16 = 6;
const ALWAYS: u16 = 5;

fuzz_target!(|text: &[u8]| {
    let Ok(profile) = serde_json::from_slice::<Seccomp<'_>>(text) else {
        return;
    };
    for native in [Arch::X86_64, Arch::Aarch64] {
        let Ok(filter) = compile(&profile, native) else {
            continue;
        };
        let code = &filter.program;
        assert!(!code.is_empty() && code.len() <= LONGEST);
        for (at, step) in code.iter().enumerate() {
            if step.code & 7 == JUMP {
                let far = if step.code == ALWAYS {
                    step.k as usize
                } else {
                    usize::from(step.jt.max(step.jf))
                };
                assert!(at + 1 + far < code.len(), "a jump out of the program at {at}");
            }
        }
        assert_eq!(code[code.len() - 1].code & 7, RETURN);
    }
});
