//! `process`: program, user and limits.

use super::{Problems, treatment};
use crate::oci::{Process, Rlimit, Text};
use crate::plan::affinity;

/// The limits of setrlimit(2).
const RLIMITS: &[&str] = &[
    "RLIMIT_AS",
    "RLIMIT_CORE",
    "RLIMIT_CPU",
    "RLIMIT_DATA",
    "RLIMIT_FSIZE",
    "RLIMIT_LOCKS",
    "RLIMIT_MEMLOCK",
    "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE",
    "RLIMIT_NOFILE",
    "RLIMIT_NPROC",
    "RLIMIT_RSS",
    "RLIMIT_RTPRIO",
    "RLIMIT_RTTIME",
    "RLIMIT_SIGPENDING",
    "RLIMIT_STACK",
];

/// The id that the system calls read as "leave it as it is".
const NO_ID: u32 = u32::MAX;

pub(super) fn check(process: &Process<'_>, problems: &mut Problems) {
    problems.absolute(&"process.cwd", &process.cwd);
    check_args(process, problems);
    check_env(process, problems);
    check_user(process, problems);
    check_rlimits(&process.rlimits, problems);
    if let Some(scheduler) = &process.scheduler {
        treatment::check_scheduler(scheduler, problems);
    }
    if let Some(priority) = &process.io_priority {
        treatment::check_io_priority(priority, problems);
    }
    let label = process.selinux_label.as_deref().unwrap_or_default();
    problems.plain(&"process.selinuxLabel", label);
    if let Some(affinity) = &process.exec_cpu_affinity {
        check_cpus(
            "process.execCPUAffinity.initial",
            affinity.initial.as_ref(),
            problems,
        );
        check_cpus("process.execCPUAffinity.final", affinity.last.as_ref(), problems);
    }
    if let Some(adjustment) = process
        .oom_score_adj
        .filter(|adjustment| !(-1000..=1000).contains(adjustment))
    {
        problems.wrong("process.oomScoreAdj", adjustment.to_string(), "-1000 to 1000");
    }
}

fn check_cpus(at: &str, list: Option<&Text<'_>>, problems: &mut Problems) {
    let wrong = list.filter(|list| !list.is_empty() && affinity::parse(list).is_none());
    if let Some(list) = wrong {
        problems.wrong(at, format!("{list:?}"), "a list of CPUs such as 0-3,7");
    }
}

fn check_args(process: &Process<'_>, problems: &mut Problems) {
    match process.args.first() {
        None => problems.wrong("process.args", "nothing", "at least the program's name"),
        Some(program) if program.is_empty() => {
            problems.wrong("process.args[0]", "\"\"", "the program's name");
        }
        Some(_) => {}
    }
    for (index, argument) in process.args.iter().enumerate() {
        problems.plain(&format_args!("process.args[{index}]"), argument);
    }
}

fn check_env(process: &Process<'_>, problems: &mut Problems) {
    for (index, variable) in process.env.iter().enumerate() {
        let at = format_args!("process.env[{index}]");
        if variable.find('=').is_none_or(|position| position == 0) {
            problems.wrong(at, format!("{variable:?}"), "NAME=value");
        } else {
            problems.plain(&at, variable);
        }
    }
}

fn check_user(process: &Process<'_>, problems: &mut Problems) {
    let user = &process.user;
    let ids = [("process.user.uid", user.uid), ("process.user.gid", user.gid)];
    for (at, _) in ids.into_iter().filter(|(_, id)| *id == NO_ID) {
        problems.wrong(at, NO_ID.to_string(), "a number below it, which means no id");
    }
    if user.additional_gids.contains(&NO_ID) {
        problems.wrong(
            "process.user.additionalGids",
            NO_ID.to_string(),
            "numbers below it, which means no id",
        );
    }
    if let Some(umask) = user.umask.filter(|umask| *umask > 0o777) {
        problems.wrong("process.user.umask", umask.to_string(), "0 to 511 (octal 777)");
    }
}

fn check_rlimits(limits: &[Rlimit<'_>], problems: &mut Problems) {
    for (index, limit) in limits.iter().enumerate() {
        let at = format_args!("process.rlimits[{index}]");
        problems.one_of(&format_args!("{at}.type"), &limit.kind, RLIMITS);
        if limits[..index].iter().any(|earlier| earlier.kind == limit.kind) {
            problems.wrong(
                format!("{at}.type"),
                format!("{:?} again", limit.kind),
                "each limit once",
            );
        }
        if limit.soft > limit.hard {
            problems.wrong(
                format!("{at}.soft"),
                limit.soft.to_string(),
                format!("at most hard, {}", limit.hard),
            );
        }
    }
}
