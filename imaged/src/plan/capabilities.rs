//! Which capabilities a container has.

use super::facts::Facts;
use crate::error::{Error, Kind, Result};

/// All capabilities by number.
#[rustfmt::skip]
const NAMES: [&str; 41] = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
    "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
    "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
];

/// What a container has unless told otherwise: docker's fourteen.
#[rustfmt::skip]
const DEFAULT: [&str; 14] = [
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

/// The capabilities after `--cap-add`, `--cap-drop` and `--privileged`, in the kernel's order. All of them means those that
/// the kernel knows and this process may give: a runtime cannot give others.
///
/// # Errors
/// When a name is unknown.
pub(super) fn resolve(
    add: &[String],
    drop: &[String],
    privileged: bool,
    facts: &Facts,
) -> Result<Vec<&'static str>> {
    let add = add.iter().map(|name| parse(name)).collect::<Result<Vec<_>>>()?;
    let drop = drop.iter().map(|name| parse(name)).collect::<Result<Vec<_>>>()?;
    let known = &NAMES[..NAMES.len().min(usize::from(facts.last_capability) + 1)];
    let may_give = in_mask(facts.bounding_capabilities);
    let all = (privileged || add.contains(&"ALL")).then_some(may_give);
    let drop_all = drop.contains(&"ALL");
    let keep = |name: &&str| {
        let by_default = match &all {
            Some(all) => all.contains(name),
            None => !drop_all && DEFAULT.contains(name),
        };
        add.contains(name) || (by_default && !drop.contains(name))
    };
    Ok(known.iter().copied().filter(keep).collect())
}

/// The names of the capabilities in a mask, as in /proc/PID/status.
pub(super) fn in_mask(mask: u64) -> Vec<&'static str> {
    let is_set = |bit: &(usize, &'static str)| mask >> bit.0 & 1 == 1;
    NAMES
        .into_iter()
        .enumerate()
        .filter(is_set)
        .map(|(_, name)| name)
        .collect()
}

/// `net_admin`, `NET_ADMIN`, `CAP_NET_ADMIN` or `ALL`.
fn parse(typed: &str) -> Result<&'static str> {
    let name = typed.to_uppercase();
    if name == "ALL" || name == "CAP_ALL" {
        return Ok("ALL");
    }
    let name = if name.starts_with("CAP_") {
        name
    } else {
        format!("CAP_{name}")
    };
    NAMES.iter().copied().find(|known| *known == name).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("invalid capability: unknown capability: '{name}'"),
        )
        .hint("capabilities(7) lists the names; ALL means all of them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(add: &[&str], drop: &[&str], privileged: bool) -> Vec<&'static str> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        resolve(&owned(add), &owned(drop), privileged, &facts(40, u64::MAX)).unwrap()
    }

    fn facts(last_capability: u8, bounding_capabilities: u64) -> Facts {
        Facts {
            last_capability,
            bounding_capabilities,
            ..Facts::default()
        }
    }

    #[test]
    fn the_default_is_dockers_fourteen() {
        let caps = resolved(&[], &[], false);
        assert_eq!(caps.len(), 14);
        assert!(!caps.contains(&"CAP_SYS_ADMIN"));
    }

    #[test]
    fn adding_and_dropping() {
        assert!(resolved(&["net_admin"], &[], false).contains(&"CAP_NET_ADMIN"));
        assert!(!resolved(&[], &["CAP_MKNOD"], false).contains(&"CAP_MKNOD"));
        assert_eq!(resolved(&["CHOWN"], &["all"], false), ["CAP_CHOWN"]);
        assert_eq!(resolved(&["ALL"], &["SYS_ADMIN"], false).len(), 40);
        assert_eq!(resolved(&[], &[], true).len(), 41);
        assert_eq!(resolved(&[], &["ALL"], false), [""; 0]);
    }

    #[test]
    fn an_older_kernel_has_fewer() {
        assert_eq!(resolve(&[], &[], true, &facts(37, u64::MAX)).unwrap().len(), 38);
    }

    /// `create --privileged` asked for capabilities that this process had lost, which runc cannot give.
    #[test]
    fn all_are_those_that_can_be_given() {
        let facts = facts(40, 0b11);
        assert_eq!(
            resolve(&[], &[], true, &facts).unwrap(),
            ["CAP_CHOWN", "CAP_DAC_OVERRIDE"]
        );
        let named = resolve(&["SYS_ADMIN".to_owned()], &[], true, &facts).unwrap();
        assert!(
            named.contains(&"CAP_SYS_ADMIN"),
            "what is named is asked for: the runtime says what it lacks"
        );
    }

    #[test]
    fn unknown_names_are_refused() {
        let error = resolve(&["FLY".to_owned()], &[], false, &facts(40, u64::MAX)).unwrap_err();
        assert!(error.to_string().contains("CAP_FLY"), "{error}");
    }
}
