//! What a profile means, in the plainest words: rule by rule, 64 bits at a time. For what libseccomp gets wrong:
//! several rules with conditions on one system call. Holds for profiles with one action for all of those.

use super::bpf::{Call, run};
use super::differential::{ENOSYS, architectures, for_each_call, is_narrow, name};
use corten_runtime::oci::{Seccomp, SeccompArg, SeccompRule};
use corten_runtime::plan::seccomp::{Arch, compile};

/// Every answer of the program is the one that the profile's words lead to.
pub(crate) fn assert_holds(profile: &Seccomp<'_>, native: Arch) {
    let program = compile(profile, native).unwrap().program;
    let archs = architectures(profile, native);
    for_each_call(profile, &archs, |arch, call, is_beyond| {
        let wanted = if is_beyond {
            ENOSYS
        } else {
            answer(profile, &archs, arch, call)
        };
        assert_eq!(
            run(&program, call),
            wanted,
            "{} of {}: {call:x?}",
            name(arch, call.number),
            arch.name()
        );
    });
}

fn answer(profile: &Seccomp<'_>, archs: &[Arch], arch: Arch, call: &Call) -> u32 {
    let arch = match (call.token == Arch::X86_64.token(), call.number >= 0x4000_0000) {
        (true, true) if archs.contains(&Arch::X32) => Arch::X32,
        (true, true) if call.number != u32::MAX => return 0,
        (true, false) if archs.contains(&Arch::X86_64) => Arch::X86_64,
        _ => arch,
    };
    let default = action(&profile.default_action, profile.default_errno_ret);
    let selected = multiplexed(arch, call);
    let name = selected.map_or_else(|| name(arch, call.number), str::to_owned);
    let rules = profile
        .syscalls
        .iter()
        .filter(|rule| rule.names.iter().any(|named| *named == name.as_str()));
    let rules: Vec<_> = rules
        .filter(|rule| action(&rule.action, rule.errno_ret) != default)
        .collect();
    let verdicts: Vec<_> = rules
        .iter()
        .map(|rule| verdict(rule, &call.args, selected.is_some(), is_narrow(arch)))
        .collect();
    let first = |wanted: Verdict| {
        verdicts
            .iter()
            .position(|verdict| *verdict == wanted)
            .map(|index| rules[index])
    };
    let decisive = first(Verdict::Unconditional).or_else(|| first(Verdict::Holds));
    decisive.map_or(default, |rule| action(&rule.action, rule.errno_ret))
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Unconditional,
    Holds,
    Fails,
}

/// Of a multiplexed call the first argument is the selector: conditions on it are void.
fn verdict(rule: &SeccompRule<'_>, args: &[u64; 6], selected: bool, narrow: bool) -> Verdict {
    let repeated = (0..6).any(|index| rule.args.iter().filter(|arg| arg.index == index).count() > 1);
    let counts = |arg: &&SeccompArg<'_>| (!selected || arg.index != 0) && !is_void(arg, narrow);
    let holds = |arg: &SeccompArg<'_>| holds(arg, args[arg.index as usize], narrow);
    let mut counting = rule.args.iter().filter(counts);
    let is_unconditional = if repeated {
        rule.args.iter().any(|arg| !counts(&arg))
    } else {
        counting.clone().next().is_none()
    };
    let holds = if repeated {
        counting.any(holds)
    } else {
        counting.all(holds)
    };
    match (is_unconditional, holds) {
        (true, _) => Verdict::Unconditional,
        (false, true) => Verdict::Holds,
        (false, false) => Verdict::Fails,
    }
}

/// A mask without a bit that the architecture has.
fn is_void(arg: &SeccompArg<'_>, narrow: bool) -> bool {
    arg.op == "SCMP_CMP_MASKED_EQ"
        && (if narrow {
            arg.value & 0xffff_ffff
        } else {
            arg.value
        }) == 0
}

fn holds(arg: &SeccompArg<'_>, actual: u64, narrow: bool) -> bool {
    let visible = |value: u64| if narrow { value & 0xffff_ffff } else { value };
    let (actual, value, mask, masked) = (
        visible(actual),
        visible(arg.value),
        visible(arg.value),
        arg.value_two,
    );
    match arg.op.as_str() {
        "SCMP_CMP_NE" => actual != value,
        "SCMP_CMP_LT" => actual < value,
        "SCMP_CMP_LE" => actual <= value,
        "SCMP_CMP_EQ" => actual == value,
        "SCMP_CMP_GE" => actual >= value,
        "SCMP_CMP_GT" => actual > value,
        "SCMP_CMP_MASKED_EQ" => actual & mask == masked & mask,
        other => panic!("operator {other}"),
    }
}

/// The call behind socketcall(2) or ipc(2), of those that the random profiles name.
fn multiplexed(arch: Arch, call: &Call) -> Option<&'static str> {
    match (arch, call.number, call.args[0]) {
        (Arch::X86, 102, 1) => Some("socket"),
        (Arch::X86, 102, 2) => Some("bind"),
        (Arch::X86, 117, 3) => Some("semctl"),
        (Arch::X86, 117, 23) => Some("shmget"),
        _ => None,
    }
}

fn action(name: &str, errno: Option<u32>) -> u32 {
    let errno = errno.unwrap_or(1);
    match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => 0,
        "SCMP_ACT_KILL_PROCESS" => 0x8000_0000,
        "SCMP_ACT_TRAP" => 0x0003_0000,
        "SCMP_ACT_ERRNO" => 0x0005_0000 | errno,
        "SCMP_ACT_TRACE" => 0x7ff0_0000 | errno,
        "SCMP_ACT_LOG" => 0x7ffc_0000,
        "SCMP_ACT_ALLOW" => 0x7fff_0000,
        other => panic!("action {other}"),
    }
}
