//! Capabilities by name (capabilities(7)) as masks.

use crate::oci::Text;

/// The names, each at the index of its bit, without the prefix `CAP_`.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// All names, with their prefix, as `features` lists them.
pub fn names() -> impl Iterator<Item = String> {
    NAMES.iter().map(|name| format!("CAP_{name}"))
}

/// The mask of a set of config.json; what cannot be granted is left out, with a sentence in `warnings`.
pub(super) fn mask(set: &[Text<'_>], available: u64, warnings: &mut Vec<String>) -> u64 {
    let mut mask = 0;
    for name in set {
        let bit = NAMES
            .iter()
            .position(|known| name.strip_prefix("CAP_") == Some(known))
            .map(|n| 1 << n);
        let warning = match bit {
            Some(bit) if available & bit != 0 => {
                mask |= bit;
                continue;
            }
            Some(_) => format!("capability {name} is not available to the runtime; it is not granted"),
            None => format!("unknown capability {name} is ignored"),
        };
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_missing_ones_warn_once() {
        let mut warnings = Vec::new();
        let set = [
            "CAP_KILL".into(),
            "CAP_FLY".into(),
            "CAP_SYS_ADMIN".into(),
            "KILL".into(),
        ];
        assert_eq!(mask(&set, 1 << 5, &mut warnings), 1 << 5);
        assert_eq!(mask(&set, 1 << 5, &mut warnings), 1 << 5);
        assert_eq!(warnings.len(), 3, "{warnings:?}");
    }

    #[test]
    fn the_table_has_the_kernels_numbers() {
        assert_eq!(
            (NAMES[21], NAMES[24], NAMES[40]),
            ("SYS_ADMIN", "SYS_RESOURCE", "CHECKPOINT_RESTORE")
        );
    }
}
