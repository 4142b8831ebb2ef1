//! Random profiles, against libseccomp.

use super::differential::assert_equal_to;
use super::{model, oracle};
use corten_runtime::oci::{Seccomp, SeccompArg, SeccompRule};
use corten_runtime::plan::seccomp::Arch;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;

const NAMES: [&str; 14] = [
    "read",
    "clone",
    "personality",
    "socket",
    "bind",
    "semctl",
    "shmget",
    "ioctl",
    "fcntl",
    "setns",
    "openat",
    "getuid",
    "futex_waitv",
    "no_such_call",
];
const ACTIONS: [&str; 8] = [
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_TRAP",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_LOG",
    "SCMP_ACT_ERRNO",
];
const OPERATORS: [&str; 7] = [
    "SCMP_CMP_NE",
    "SCMP_CMP_LT",
    "SCMP_CMP_LE",
    "SCMP_CMP_EQ",
    "SCMP_CMP_GE",
    "SCMP_CMP_GT",
    "SCMP_CMP_MASKED_EQ",
];
const VALUES: [u64; 12] = [
    0,
    1,
    5,
    0x7e02_0000,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0005,
    0x5_0000_0001,
    0x8000_0000_0000_0000,
    0xffff_ffff_0000_0000,
    u64::MAX,
];
const ARCHS: [&str; 5] = [
    "SCMP_ARCH_X86_64",
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X32",
    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",
];

fn arg() -> impl Strategy<Value = SeccompArg<'static>> {
    (
        0..4_u32,
        select(&OPERATORS[..]),
        select(&VALUES[..]),
        select(&VALUES[..]),
    )
        .prop_map(|(index, op, value, value_two)| SeccompArg {
            index,
            value,
            value_two,
            op: op.into(),
        })
}

fn rule() -> impl Strategy<Value = SeccompRule<'static>> {
    let args = prop_oneof![1 => Just(Vec::new()), 4 => prop::collection::vec(arg(), 1..4)];
    (
        subsequence(NAMES.to_vec(), 1..4),
        select(&ACTIONS[..]),
        prop::option::of(1..200_u32),
        args,
    )
        .prop_map(|(names, action, errno, args)| SeccompRule {
            names: names.into_iter().map(Into::into).collect(),
            action: action.into(),
            errno_ret: errno.filter(|_| ["SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"].contains(&action)),
            args,
        })
}

fn profiles() -> impl Strategy<Value = Seccomp<'static>> {
    (
        select(&ACTIONS[..]),
        subsequence(ARCHS.to_vec(), 0..4),
        prop::collection::vec(rule(), 0..8),
    )
        .prop_map(|(default, archs, syscalls)| Seccomp {
            default_action: default.into(),
            architectures: archs.into_iter().map(Into::into).collect(),
            syscalls,
            ..Seccomp::default()
        })
}

/// The same profile without what libseccomp gets wrong: several rules with conditions on one system call,
/// unless all compare one argument for equality.
fn fit_for_libseccomp(mut profile: Seccomp<'static>) -> Seccomp<'static> {
    let mut seen = BTreeSet::new();
    for rule in profile.syscalls.iter_mut().filter(|rule| !rule.args.is_empty()) {
        let mut indexes = BTreeSet::new();
        rule.args.retain(|arg| indexes.insert(arg.index));
        let plain = rule.args.len() == 1 && rule.args[0].index == 0 && rule.args[0].op == "SCMP_CMP_EQ";
        rule.names
            .retain(|name| seen.insert((name.clone(), plain)) || plain);
        rule.names.retain(|name| !seen.contains(&(name.clone(), !plain)));
    }
    profile.syscalls.retain(|rule| !rule.names.is_empty());
    profile
}

/// The same profile with one action for all rules with conditions, so that their order does not matter.
fn with_one_action(mut profile: Seccomp<'static>) -> Seccomp<'static> {
    let conditional = |rule: &&SeccompRule<'_>| !rule.args.is_empty();
    let Some(first) = profile.syscalls.iter().find(conditional).cloned() else {
        return profile;
    };
    for rule in profile.syscalls.iter_mut().filter(|rule| !rule.args.is_empty()) {
        rule.action = first.action.clone();
        rule.errno_ret = first.errno_ret;
    }
    profile
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn libseccomp_agrees(profile in profiles().prop_map(fit_for_libseccomp)) {
        if let Ok(theirs) = oracle::compile(&profile, Arch::X86_64) {
            assert_equal_to(&theirs, &profile, Arch::X86_64);
        }
    }

    #[test]
    fn the_program_means_what_the_profile_says(profile in profiles().prop_map(with_one_action)) {
        model::assert_holds(&profile, Arch::X86_64);
    }
}
