//! `features`: what this build can do, as data: the same whatever the host is.

use super::{Verb, print_json};
use crate::cli::Globals;
use crate::error::Result;
use crate::oci::{
    CgroupFeatures, Enabled, Features, HOOKS, IntelRdtFeatures, LinuxFeatures, Map, MemoryPolicyFeatures,
    MountExtensions, NAMESPACES, SeccompFeatures, VERSION,
};
use crate::plan::seccomp::Arch;
use crate::plan::treatment::{MEMORY_FLAGS, MEMORY_MODES};
use crate::plan::{capability, mount_options, seccomp};
use clap::Args;

/// Show the enabled features as JSON (runtime-spec, "Features Structure")
#[derive(Debug, Args)]
pub(super) struct FeaturesArgs {}

impl Verb for FeaturesArgs {
    const NAME: &'static str = "features";
    const ABOUT: &'static str = "show the enabled features";

    fn run(self, _globals: &Globals) -> Result<u8> {
        print_json(&features())
    }
}

fn features() -> Features {
    Features {
        oci_version_min: "1.0.0",
        oci_version_max: VERSION,
        hooks: HOOKS,
        mount_options: mount_options(),
        linux: linux(),
        annotations: Map::from([
            ("org.corten.runtime.version".into(), env!("CARGO_PKG_VERSION")),
            ("org.opencontainers.runc.checkpoint.enabled".into(), "true"),
        ]),
        potentially_unsafe_config_annotations: UNSAFE_ANNOTATIONS,
    }
}

/// Annotations of config.json that change what the runtime does: who lets others write annotations must know them. A
/// dot at the end stands for all names that begin so.
const UNSAFE_ANNOTATIONS: &[&str] = &["org.criu.config", "org.systemd.property."];

fn mount_options() -> Vec<String> {
    let plain = mount_options::known().map(str::to_owned);
    let mut options = plain.chain(mount_options::known_recursive()).collect::<Vec<_>>();
    options.sort();
    options.dedup();
    options
}

fn linux() -> LinuxFeatures {
    LinuxFeatures {
        namespaces: NAMESPACES,
        capabilities: capability::names().collect(),
        cgroup: CgroupFeatures {
            v1: true,
            v2: true,
            systemd: true,
            systemd_user: true,
            rdma: true,
        },
        seccomp: SeccompFeatures {
            enabled: true,
            actions: seccomp::known_actions().collect(),
            operators: seccomp::known_operators().collect(),
            archs: Arch::all().map(Arch::name).collect(),
            known_flags: seccomp::known_flags().collect(),
            supported_flags: seccomp::known_flags().collect(),
        },
        apparmor: Enabled { enabled: true },
        selinux: Enabled { enabled: true },
        memory_policy: MemoryPolicyFeatures {
            modes: words(MEMORY_MODES),
            flags: words(MEMORY_FLAGS),
        },
        intel_rdt: IntelRdtFeatures {
            enabled: true,
            schemata: true,
            monitoring: true,
        },
        mount_extensions: MountExtensions {
            idmap: Enabled { enabled: true },
        },
        net_devices: Enabled { enabled: true },
    }
}

fn words(table: &[(&'static str, u32)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_specs_example_are_all_there() {
        let features = serde_json::to_value(features()).unwrap();
        let words = |place: &str| features.pointer(place).unwrap().as_array().unwrap().clone();
        for (place, some) in [
            ("/hooks", ["prestart", "startContainer", "poststop"]),
            ("/mountOptions", ["rro", "tmpcopyup", "runbindable"]),
            ("/linux/namespaces", ["cgroup", "time", "user"]),
            (
                "/linux/capabilities",
                ["CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE"],
            ),
            (
                "/linux/seccomp/actions",
                ["SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY", "SCMP_ACT_KILL_PROCESS"],
            ),
            (
                "/linux/seccomp/operators",
                ["SCMP_CMP_NE", "SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"],
            ),
            (
                "/linux/seccomp/archs",
                ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_RISCV64"],
            ),
        ] {
            for word in some {
                assert!(words(place).contains(&word.into()), "{word} in {place}");
            }
        }
    }

    #[test]
    fn a_runtime_of_the_spec_knows_at_least_what_runc_knows() {
        let known = mount_options();
        for word in [
            "atime",
            "bind",
            "nosymfollow",
            "rnorelatime",
            "silent",
            "lazytime",
            "rstrictatime",
            "unbindable",
        ] {
            assert!(known.contains(&word.to_owned()), "{word}");
        }
        assert_eq!(capability::names().count(), 41);
    }
}
