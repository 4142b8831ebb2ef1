//! The seccomp compiler: `linux.seccomp` of config.json in, a BPF program out. Pure; loading it is
//! `sys::seccomp`'s.
//!
//! words (names to numbers) → rules (checked) → ranges (what is answered to which number) → program (tests and jumps) → code
//! (instructions). What each rule means is libseccomp's meaning, which tests hold; where it is not, see
//! docs/decisions/0030-seccomp-compiler.md.

mod arch;
mod code;
mod program;
mod ranges;
mod rules;
mod syscall;
mod table;
mod words;

pub use crate::sys::seccomp::Insn;
pub use arch::Arch;
pub use words::{known_actions, known_flags, known_operators};

use crate::error::{Error, Kind, Result};
use crate::oci;
use crate::sys::seccomp::{
    FLAG_NEW_LISTENER, FLAG_SPEC_ALLOW, FLAG_TSYNC, FLAG_TSYNC_ESRCH, FLAG_WAIT_KILLABLE_RECV,
};

/// The longest program that the kernel takes (BPF_MAXINSNS).
const MAX_INSTRUCTIONS: usize = 4096;

/// What seccomp(2) needs to put a profile in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The program.
    pub program: Vec<Insn>,
    /// `SECCOMP_FILTER_FLAG_…`, with NEW_LISTENER where `notify` is set.
    pub flags: u32,
    /// A rule notifies: loading returns a descriptor for the profile's agent.
    pub notify: bool,
    /// What the profile says in vain, one sentence each; for the log.
    pub warnings: Vec<String>,
}

/// Compiles a profile for a kernel of the `native` architecture.
///
/// # Errors
/// An unknown word or an impossible combination, named with its place in the profile.
pub fn compile(profile: &oci::Seccomp<'_>, native: Arch) -> Result<Filter> {
    let mut warnings = Vec::new();
    let default = words::action(&profile.default_action, profile.default_errno_ret, || {
        "linux.seccomp".to_owned()
    })?;
    if default == words::NOTIFY {
        return Err(words::config(
            "linux.seccomp: SCMP_ACT_NOTIFY cannot be used as default action".to_owned(),
        ));
    }
    let rules = rules::read(profile, default, &mut warnings)?;
    let notify = rules.iter().any(|rule| rule.action() == words::NOTIFY);
    check_listener(profile, notify)?;
    let flags = flags(profile, notify, &mut warnings)?;
    let mut sections = Vec::new();
    for archs in tokens(profile, native, &mut warnings)? {
        sections.push(ranges::section(archs, &rules, default)?);
    }
    let program = program::write(&sections, default);
    if program.len() > MAX_INSTRUCTIONS {
        let length = program.len();
        let message = format!(
            "linux.seccomp: the profile needs {length} BPF instructions, the kernel takes {MAX_INSTRUCTIONS}"
        );
        return Err(Error::new(Kind::Config, message)
            .hint("use fewer conditions on arguments, or fewer architectures"));
    }
    Ok(Filter {
        program,
        flags,
        notify,
        warnings,
    })
}

/// The architectures to filter, the native one first, together where they share a token.
fn tokens(profile: &oci::Seccomp<'_>, native: Arch, warnings: &mut Vec<String>) -> Result<Vec<Vec<Arch>>> {
    let mut tokens = vec![vec![native]];
    for (index, name) in profile.architectures.iter().enumerate() {
        let place = || format!("linux.seccomp.architectures[{index}]");
        let arch = Arch::by_name(name)
            .ok_or_else(|| words::unknown(&place(), "architecture", name, Arch::all().map(Arch::name)))?;
        if !arch.has_table() || arch.is_little_endian() != native.is_little_endian() {
            warnings.push(format!(
                "{}: a kernel for {} never reports {name}",
                place(),
                native.name()
            ));
            continue;
        }
        match tokens.iter_mut().find(|archs| archs[0].token() == arch.token()) {
            Some(archs) if archs.contains(&arch) => {}
            Some(archs) => archs.push(arch),
            None => tokens.push(vec![arch]),
        }
    }
    Ok(tokens)
}

fn check_listener(profile: &oci::Seccomp<'_>, notify: bool) -> Result<()> {
    let message = if notify && profile.listener_path.is_none() {
        "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath"
    } else if profile.listener_metadata.is_some() && profile.listener_path.is_none() {
        "linux.seccomp: listenerMetadata needs a listenerPath"
    } else {
        return Ok(());
    };
    Err(words::config(message.to_owned()))
}

fn flags(profile: &oci::Seccomp<'_>, notify: bool, warnings: &mut Vec<String>) -> Result<u32> {
    let mut flags = match &profile.flags {
        None => FLAG_SPEC_ALLOW,
        Some(names) => names
            .iter()
            .try_fold(0, |flags, name| Ok::<_, Error>(flags | words::flag(name)?))?,
    };
    if notify {
        flags |= FLAG_NEW_LISTENER;
        if flags & FLAG_TSYNC != 0 {
            flags |= FLAG_TSYNC_ESRCH;
        }
    } else if flags & FLAG_WAIT_KILLABLE_RECV != 0 {
        flags &= !FLAG_WAIT_KILLABLE_RECV;
        let message =
            "linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV without a rule that notifies";
        warnings.push(message.to_owned());
    }
    Ok(flags)
}

#[cfg(test)]
mod tests;
