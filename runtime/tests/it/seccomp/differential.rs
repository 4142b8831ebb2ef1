//! Every system call, of every architecture, with arguments around each compared value: libseccomp's program
//! and ours must answer the same.
//!
//! The exceptions, which `expected` names: numbers beyond all that the profile names answer ENOSYS where the
//! default refuses (runc's stub does the same outside of libseccomp), and names that are newer than libseccomp.

use super::bpf::{Call, run};
use super::{DOCKER, oracle, profile};
use corten_runtime::oci;
use corten_runtime::plan::seccomp::{Arch, Insn, compile};
use libseccomp::ScmpSyscall;
use std::collections::BTreeSet;

/// Numbers without a name in any table.
const ODD_NUMBERS: [u32; 8] = [
    0x000f_0000,
    0x3fff_ffff,
    0x4000_0000,
    0x4000_1000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

/// What both programs say to everything that `profile` could tell apart.
pub(crate) fn assert_equal(profile: &oci::Seccomp<'_>, native: Arch) {
    let theirs = oracle::compile(profile, native).unwrap();
    assert_equal_to(&theirs, profile, native);
}

/// The same, with libseccomp's program at hand.
pub(crate) fn assert_equal_to(theirs: &[Insn], profile: &oci::Seccomp<'_>, native: Arch) {
    let ours = compile(profile, native).unwrap().program;
    let archs = architectures(profile, native);
    for_each_call(profile, &archs, |arch, call, is_beyond| {
        let wanted = if is_beyond { ENOSYS } else { run(theirs, call) };
        assert_eq!(
            run(&ours, call),
            wanted,
            "{} of {}: {call:x?}",
            name(arch, call.number),
            arch.name()
        );
    });
    assert_foreign(&ours, theirs, &archs);
}

/// Calls whatever a profile could tell apart: all numbers of all architectures, with telling arguments;
/// and says whether the number is beyond all that the profile names, so that the answer is ENOSYS.
pub(crate) fn for_each_call(
    profile: &oci::Seccomp<'_>,
    archs: &[Arch],
    mut check: impl FnMut(Arch, &Call, bool),
) {
    let values = values(profile);
    let last: Vec<_> = archs
        .iter()
        .map(|arch| (*arch, last_number(profile, *arch)))
        .collect();
    for &arch in archs {
        for number in numbers(arch) {
            let is_beyond = is_beyond(profile, &last, arch.token(), number);
            for args in arguments(profile, arch, number, &values) {
                check(
                    arch,
                    &Call {
                        number,
                        token: arch.token(),
                        args,
                    },
                    is_beyond,
                );
            }
        }
    }
}

pub(crate) const ENOSYS: u32 = 0x0005_0000 | 38;

/// Calls that the kernel reports under a token that is not the profile's.
fn assert_foreign(ours: &[Insn], theirs: &[Insn], archs: &[Arch]) {
    for arch in Arch::all().filter(|arch| archs.iter().all(|known| known.token() != arch.token())) {
        for number in [0, 1, 59, 0x4000_0000, u32::MAX] {
            let call = Call {
                number,
                token: arch.token(),
                args: [0; 6],
            };
            let answers = [ours, theirs].map(|program| run(program, &call));
            assert_eq!(answers[0], answers[1], "{call:x?}");
        }
    }
}

/// The architectures that are filtered, each once.
pub(crate) fn architectures(profile: &oci::Seccomp<'_>, native: Arch) -> Vec<Arch> {
    let mut archs = vec![native];
    for name in &profile.architectures {
        let arch = Arch::by_name(name).unwrap();
        if !archs.contains(&arch) {
            archs.push(arch);
        }
    }
    archs
}

/// The name of a system call.
pub(crate) fn name(arch: Arch, number: u32) -> String {
    let syscall = ScmpSyscall::from_raw_syscall(number.cast_signed());
    syscall
        .get_name_by_arch(oracle::scmp(arch))
        .unwrap_or_else(|_| "?".to_owned())
}

/// Every number of the architecture, with the gaps between them and what comes after.
fn numbers(arch: Arch) -> Vec<u32> {
    let base = match arch {
        Arch::X32 => 0x4000_0000,
        Arch::Mips | Arch::Mipsel => 4000,
        Arch::Mips64 | Arch::Mipsel64 => 5000,
        Arch::Mips64N32 | Arch::Mipsel64N32 => 6000,
        _ => 0,
    };
    let private = if arch == Arch::Arm {
        0x000f_0000..0x000f_0010
    } else {
        0..0
    };
    (base..base + 600).chain(private).chain(ODD_NUMBERS).collect()
}

/// The greatest number that the profile names.
fn last_number(profile: &oci::Seccomp<'_>, arch: Arch) -> Option<u32> {
    let names: BTreeSet<_> = profile
        .syscalls
        .iter()
        .flat_map(|rule| &rule.names)
        .map(|n| n.as_str())
        .collect();
    numbers(arch)
        .into_iter()
        .filter(|number| names.contains(name(arch, *number).as_str()))
        .max()
}

/// Whether the number is greater than all that the profile names of the architecture it belongs to.
fn is_beyond(profile: &oci::Seccomp<'_>, last: &[(Arch, Option<u32>)], token: u32, number: u32) -> bool {
    let is_x32 = token == Arch::X32.token() && number >= 0x4000_0000;
    let is_its_own = |arch: Arch| arch.token() == token && (arch == Arch::X32) == is_x32;
    let last = last
        .iter()
        .find(|(arch, _)| is_its_own(*arch))
        .and_then(|(_, last)| *last);
    let permissive = ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"];
    !permissive.contains(&profile.default_action.as_str()) && last.is_some_and(|last| number > last)
}

/// Values around all that the profile compares with.
fn values(profile: &oci::Seccomp<'_>) -> Vec<u64> {
    let mut values = BTreeSet::from([0, 1, u64::MAX]);
    for arg in profile.syscalls.iter().flat_map(|rule| &rule.args) {
        for value in [arg.value, arg.value_two, arg.value & arg.value_two] {
            values.extend([value, value.wrapping_add(1), value.wrapping_sub(1), !value]);
            values.extend([
                value ^ (1 << 32),
                value ^ (1 << 63),
                value & 0xffff_ffff,
                value & !0xffff_ffff,
            ]);
            values.extend([value ^ 0x8000_0000, value.rotate_left(32), value | !arg.value]);
        }
    }
    values.into_iter().collect()
}

/// Arguments for a call: many where a rule looks at them, else one.
fn arguments(profile: &oci::Seccomp<'_>, arch: Arch, number: u32, values: &[u64]) -> Vec<[u64; 6]> {
    let name = name(arch, number);
    let is_looked_at = |rule: &oci::SeccompRule<'_>| {
        !rule.args.is_empty() && rule.names.iter().any(|named| *named == name.as_str())
    };
    let selects = ["socketcall", "ipc"].contains(&name.as_str());
    if !selects && !profile.syscalls.iter().any(is_looked_at) {
        return vec![[0x1234_5678_9abc_def0; 6]];
    }
    let visible = |value: u64| {
        if is_narrow(arch) {
            value & 0xffff_ffff
        } else {
            value
        }
    };
    let mut all = Vec::new();
    for (index, value) in (0..6).flat_map(|index| values.iter().map(move |value| (index, *value))) {
        let mut args = [0; 6];
        args[index] = visible(value);
        all.push(args);
        all.push([visible(value); 6]);
        all.push(std::array::from_fn(|i| {
            visible(values[(i * 7 + index) % values.len()])
        }));
    }
    if selects {
        all.extend((0..30).map(|selector| [selector, 9, 9, 9, 9, 9]));
    }
    all
}

/// Whether arguments have 32 bits.
pub(crate) fn is_narrow(arch: Arch) -> bool {
    let narrow = [
        Arch::X86,
        Arch::X32,
        Arch::Arm,
        Arch::Mips,
        Arch::Mipsel,
        Arch::Mips64N32,
        Arch::Mipsel64N32,
    ];
    narrow.contains(&arch)
}

/// Docker's profile without what is newer than libseccomp.
fn docker(architectures: &[&'static str]) -> oci::Seccomp<'static> {
    let mut profile = profile(DOCKER);
    for rule in &mut profile.syscalls {
        rule.names.retain(|name| ScmpSyscall::from_name(name).is_ok());
    }
    profile.architectures = architectures.iter().map(|name| (*name).into()).collect();
    profile
}

#[test]
fn dockers_profile_means_what_libseccomp_makes_of_it() {
    assert_equal(
        &docker(&["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        Arch::X86_64,
    );
}

#[test]
fn without_x32_its_calls_are_of_a_foreign_architecture() {
    assert_equal(&docker(&["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]), Arch::X86_64);
    assert_equal(&docker(&[]), Arch::X86_64);
}

#[test]
fn every_native_architecture_agrees() {
    assert_equal(&docker(&["SCMP_ARCH_ARM"]), Arch::Aarch64);
    for native in [
        Arch::Arm,
        Arch::X86,
        Arch::Riscv64,
        Arch::Ppc64Le,
        Arch::Mipsel64,
        Arch::Mipsel,
    ] {
        assert_equal(&docker(&[]), native);
    }
    assert_equal(
        &docker(&["SCMP_ARCH_X32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32"]),
        Arch::Aarch64,
    );
}

/// libseccomp 2.5.4 compares the architecture instead of the number when a profile begins with a call that
/// x86 has behind a multiplexer only.
#[test]
fn a_call_behind_a_multiplexer_alone_is_found_there() {
    let profile = profile(
        r#"{"defaultAction": "SCMP_ACT_KILL", "architectures": ["SCMP_ARCH_X86"],
            "syscalls": [{"names": ["accept", "semop"], "action": "SCMP_ACT_ALLOW"}]}"#,
    );
    let program = compile(&profile, Arch::X86_64).unwrap().program;
    let answer = |number, selector| {
        run(
            &program,
            &Call {
                number,
                token: Arch::X86.token(),
                args: [selector, 0, 0, 0, 0, 0],
            },
        )
    };
    let (socketcall, ipc, allow, kill) = (102, 117, 0x7fff_0000, 0);
    assert_eq!([answer(socketcall, 5), answer(socketcall, 1)], [allow, kill]);
    assert_eq!([answer(ipc, 1), answer(ipc, 5)], [allow, kill]);
}
