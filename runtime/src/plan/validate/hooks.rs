//! `hooks`: paths and time limits.

use super::Problems;
use crate::oci::{Hook, Hooks};
use std::fmt::Display;

pub(super) fn check(hooks: &Hooks<'_>, problems: &mut Problems) {
    for (kind, hooks) in [
        ("prestart", &hooks.prestart),
        ("createRuntime", &hooks.create_runtime),
        ("createContainer", &hooks.create_container),
        ("startContainer", &hooks.start_container),
        ("poststart", &hooks.poststart),
        ("poststop", &hooks.poststop),
    ] {
        for (index, hook) in hooks.iter().enumerate() {
            check_hook(&format_args!("hooks.{kind}[{index}]"), hook, problems);
        }
    }
}

fn check_hook(at: &dyn Display, hook: &Hook<'_>, problems: &mut Problems) {
    problems.absolute(&format_args!("{at}.path"), &hook.path);
    for (index, argument) in hook.args.iter().enumerate() {
        problems.plain(&format_args!("{at}.args[{index}]"), argument);
    }
    for (index, variable) in hook.env.iter().enumerate() {
        problems.plain(&format_args!("{at}.env[{index}]"), variable);
    }
    if let Some(timeout) = hook.timeout.filter(|timeout| *timeout <= 0) {
        problems.wrong(
            format!("{at}.timeout"),
            timeout.to_string(),
            "a number of seconds above 0",
        );
    }
}
