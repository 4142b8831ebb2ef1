//! What is refused, what is ignored, and the order of rules; the programs themselves are compared with
//! libseccomp's in `tests/it/seccomp`.

use super::*;

fn profile(json: &str) -> oci::Seccomp<'_> {
    serde_json::from_str(json).unwrap()
}

fn compiled(json: &str) -> Filter {
    compile(&profile(json), Arch::X86_64).unwrap()
}

fn refusal(json: &str) -> String {
    compile(&profile(json), Arch::X86_64).unwrap_err().to_string()
}

/// The answer to an x86_64 call, by running the program.
fn answer(filter: &Filter, number: u32, args: [u64; 2]) -> u32 {
    let (mut at, mut accumulator) = (0, 0);
    loop {
        let insn = filter.program[at];
        at += 1;
        let test = match (insn.code, insn.k) {
            (0x06, k) => return k,
            (0x20, 0) => {
                accumulator = number;
                continue;
            }
            (0x20, 4) => {
                accumulator = Arch::X86_64.token();
                continue;
            }
            (0x20, k @ 16..32) => {
                let arg = args[(k as usize - 16) / 8].to_le_bytes();
                let half = &arg[k as usize % 8..][..4];
                accumulator = u32::from_le_bytes(half.try_into().unwrap());
                continue;
            }
            (0x05, k) => {
                at += k as usize;
                continue;
            }
            (0x15, k) => accumulator == k,
            (0x25, k) => accumulator > k,
            (0x35, k) => accumulator >= k,
            other => panic!("{other:?}"),
        };
        at += usize::from(if test { insn.jt } else { insn.jf });
    }
}

const ALLOW: u32 = 0x7fff_0000;
const IOCTL: u32 = 16;

fn errno(number: u32) -> u32 {
    words::ERRNO | number
}

#[test]
fn what_is_unknown_is_named_with_its_place() {
    let cases = [
        (
            r#"{"defaultAction": "SCMP_ACT_ALOW"}"#,
            r#"linux.seccomp: unknown seccomp action "SCMP_ACT_ALOW""#,
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86", "amd64"]}"#,
            r#"linux.seccomp.architectures[1]: unknown architecture "amd64""#,
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}"#,
            r#"linux.seccomp.flags: unknown seccomp flag "SECCOMP_FILTER_FLAG_NEW_LISTENER""#,
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": ""}]}"#,
            r#"linux.seccomp.syscalls[0]: unknown seccomp action """#,
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG",
                "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 1, "op": "=="}]}]}"#,
            r#"linux.seccomp.syscalls[0].args[1]: unknown seccomp operator "==""#,
        ),
    ];
    for (json, message) in cases {
        assert_eq!(refusal(json), message);
    }
}

#[test]
fn impossible_combinations_are_refused() {
    let rule = |rule: &str| format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{rule}]}}"#);
    let cases = [
        (
            rule(r#"{"names": [], "action": "SCMP_ACT_LOG"}"#),
            "names is empty",
        ),
        (
            rule(r#"{"names": [""], "action": "SCMP_ACT_LOG"}"#),
            "a name is empty",
        ),
        (
            rule(r#"{"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096}"#),
            "errno 4096 is greater than 4095",
        ),
        (
            rule(r#"{"names": ["read"], "action": "SCMP_ACT_TRACE", "errnoRet": 65536}"#),
            "errno 65536 is greater than 65535",
        ),
        (
            rule(r#"{"names": ["read"], "action": "SCMP_ACT_KILL", "errnoRet": 1}"#),
            "SCMP_ACT_KILL takes no errno",
        ),
        (
            rule(
                r#"{"names": ["read"], "action": "SCMP_ACT_LOG", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}"#,
            ),
            "argument 6 of 6",
        ),
        (
            rule(r#"{"names": ["read"], "action": "SCMP_ACT_NOTIFY"}"#),
            "needs a listenerPath",
        ),
        (
            rule(r#"{"names": ["write"], "action": "SCMP_ACT_NOTIFY"}"#),
            "cannot be used for the write syscall",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/s"}"#.to_owned(),
            "cannot be used as default action",
        ),
        (
            r#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "m"}"#.to_owned(),
            "listenerMetadata needs a listenerPath",
        ),
        (
            rule(
                r#"{"names": ["ioctl"], "action": "SCMP_ACT_LOG", "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]},
                {"names": ["ioctl"], "action": "SCMP_ACT_KILL", "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]}"#,
            ),
            "two actions for ioctl under the same conditions",
        ),
    ];
    for (json, message) in cases {
        let refusal = refusal(&json);
        assert!(
            refusal.starts_with("linux.seccomp") && refusal.contains(message),
            "{refusal}"
        );
    }
}

#[test]
fn what_cannot_be_is_a_warning() {
    let filter = compiled(
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_S390X", "SCMP_ARCH_SHEB"],
            "flags": ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"],
            "syscalls": [{"names": ["read", "raed"], "action": "SCMP_ACT_LOG"}]}"#,
    );
    assert_eq!(filter.flags, 0);
    assert_eq!(
        filter.warnings,
        [
            r#"linux.seccomp.syscalls[0]: unknown system call "raed" is skipped"#,
            "linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV without a rule that notifies",
            "linux.seccomp.architectures[0]: a kernel for SCMP_ARCH_X86_64 never reports SCMP_ARCH_S390X",
            "linux.seccomp.architectures[1]: a kernel for SCMP_ARCH_X86_64 never reports SCMP_ARCH_SHEB",
        ]
    );
}

#[test]
fn flags_follow_the_profile_and_its_notifications() {
    let flags = |rest: &str| compiled(&format!(r#"{{"defaultAction": "SCMP_ACT_ALLOW"{rest}}}"#)).flags;
    assert_eq!(flags(""), FLAG_SPEC_ALLOW);
    assert_eq!(flags(r#", "flags": []"#), 0);
    assert_eq!(
        flags(r#", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"]"#),
        0b11
    );
    let notify = r#", "listenerPath": "/s", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_NOTIFY"}]"#;
    assert_eq!(flags(notify), FLAG_SPEC_ALLOW | FLAG_NEW_LISTENER);
    assert_eq!(
        flags(&format!(
            r#"{notify}, "flags": ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]"#
        )),
        FLAG_TSYNC | FLAG_NEW_LISTENER | FLAG_TSYNC_ESRCH | FLAG_WAIT_KILLABLE_RECV
    );
}

#[test]
fn more_telling_conditions_come_first() {
    let filter = compiled(
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 0, "value": 3, "op": "SCMP_CMP_GE"}]},
            {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "args": [{"index": 0, "value": 9, "op": "SCMP_CMP_GE"}]},
            {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 3, "args": [{"index": 0, "value": 9, "op": "SCMP_CMP_EQ"}]},
            {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4, "args": [{"index": 0, "value": 5, "op": "SCMP_CMP_LT"}]},
            {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]}
        ]}"#,
    );
    for (args, wanted) in [([6, 0], 1), ([10, 0], 2), ([9, 0], 3), ([4, 0], 4), ([9, 7], 5)] {
        assert_eq!(answer(&filter, IOCTL, args), errno(wanted), "{args:?}");
    }
}

#[test]
fn the_first_rule_without_conditions_decides_alone() {
    let filter = compiled(
        r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
            {"names": ["ioctl"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 3, "op": "SCMP_CMP_EQ"}]},
            {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO"},
            {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["ioctl"], "action": "SCMP_ACT_LOG"}
        ]}"#,
    );
    assert_eq!(answer(&filter, IOCTL, [3, 0]), ALLOW);
}

#[test]
fn what_is_newer_than_the_profile_is_not_implemented() {
    let known = r#""syscalls": [{"names": ["read", "openat2"], "action": "SCMP_ACT_ALLOW"}]"#;
    let refusing = compiled(&format!(r#"{{"defaultAction": "SCMP_ACT_ERRNO", {known}}}"#));
    let openat2 = 437;
    assert_eq!(answer(&refusing, openat2 - 1, [0; 2]), errno(1));
    assert_eq!(answer(&refusing, openat2, [0; 2]), ALLOW);
    assert_eq!(answer(&refusing, openat2 + 1, [0; 2]), errno(38));
    let permissive = compiled(&format!(r#"{{"defaultAction": "SCMP_ACT_LOG", {known}}}"#));
    assert_eq!(answer(&permissive, openat2 + 1, [0; 2]), 0x7ffc_0000);
}

#[test]
fn system_calls_without_conditions_never_load_an_argument() {
    let filter = compiled(
        r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}"#,
    );
    assert!(filter.program.iter().all(|insn| insn.code != 0x20 || insn.k < 16));
}

#[test]
fn a_program_that_the_kernel_would_not_take_is_refused() {
    let rules = (0..400).map(|value| {
        format!(
            r#"{{"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [{{"index": 0, "value": {value}, "op": "SCMP_CMP_EQ"}},
            {{"index": 1, "value": {value}, "op": "SCMP_CMP_GT"}}, {{"index": 2, "value": {value}, "op": "SCMP_CMP_NE"}}]}}"#
        )
    });
    let json = format!(
        r#"{{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{}]}}"#,
        rules.collect::<Vec<_>>().join(",")
    );
    let refusal = refusal(&json);
    assert!(
        refusal.contains("BPF instructions, the kernel takes 4096"),
        "{refusal}"
    );
}
