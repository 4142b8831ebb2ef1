//! The seccomp filter of a container: a profile in docker's format, whose rules may depend on capabilities,
//! the architecture and the kernel, resolved to the rules that apply.

use serde::Deserialize;
use serde_json::{Value, json};

use super::facts::Facts;
use crate::error::{Context, Error, Kind, Result};

/// Docker's default profile: what a container may call unless told otherwise.
const BUILTIN: &str = include_str!("seccomp.json");

/// The profile in this program.
///
/// # Errors
/// Never, as long as the tests pass.
pub(super) fn builtin() -> Result<Value> {
    serde_json::from_str(BUILTIN)
        .map_err(|error| Error::new(Kind::Invalid, format!("the built-in seccomp profile: {error}")))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    default_action: String,
    default_errno_ret: Option<u32>,
    #[serde(default)]
    arch_map: Option<Vec<ArchMap>>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    flags: Vec<String>,
    listener_path: Option<String>,
    listener_metadata: Option<String>,
    #[serde(default)]
    syscalls: Option<Vec<Rule>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchMap {
    architecture: String,
    #[serde(default)]
    sub_architectures: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    names: Vec<String>,
    /// The older form: one name.
    name: Option<String>,
    action: String,
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Option<Vec<Value>>,
    #[serde(default)]
    includes: Option<Conditions>,
    #[serde(default)]
    excludes: Option<Conditions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conditions {
    #[serde(default)]
    caps: Option<Vec<String>>,
    #[serde(default)]
    arches: Option<Vec<String>>,
    min_kernel: Option<String>,
}

/// `linux.seccomp` for a container with these capabilities on this host.
///
/// # Errors
/// When the profile is malformed.
pub(super) fn resolve(profile: &Value, capabilities: &[&str], facts: &Facts) -> Result<Value> {
    let profile = Profile::deserialize(profile)
        .map_err(|error| Error::new(Kind::Invalid, error.to_string()))
        .context(|| "decoding seccomp profile failed")?;
    if profile.arch_map.is_some() && profile.architectures.is_some() {
        return Err(Error::new(
            Kind::Invalid,
            "both 'architectures' and 'archMap' were specified in the seccomp profile, use either",
        ));
    }
    let mut syscalls = Vec::new();
    for rule in profile.syscalls.unwrap_or_default() {
        if applies(&rule, capabilities, facts)? {
            syscalls.push(plain(rule));
        }
    }
    let architectures = match profile.arch_map {
        Some(map) => architectures(&map, &facts.architecture),
        None => profile.architectures.unwrap_or_default(),
    };
    let mut filter = json!({"defaultAction": profile.default_action, "syscalls": syscalls});
    let optional = [
        (
            "architectures",
            Some(json!(architectures)).filter(|_| !architectures.is_empty()),
        ),
        ("defaultErrnoRet", profile.default_errno_ret.map(Value::from)),
        (
            "flags",
            Some(json!(profile.flags)).filter(|_| !profile.flags.is_empty()),
        ),
        ("listenerPath", profile.listener_path.map(Value::from)),
        ("listenerMetadata", profile.listener_metadata.map(Value::from)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            filter[name] = value;
        }
    }
    Ok(filter)
}

/// Included when every condition holds; excluded when any one does.
fn applies(rule: &Rule, capabilities: &[&str], facts: &Facts) -> Result<bool> {
    let no_conditions = Conditions::default();
    let includes = rule.includes.as_ref().unwrap_or(&no_conditions);
    let excludes = rule.excludes.as_ref().unwrap_or(&no_conditions);
    let has = |cap: &String| capabilities.contains(&cap.as_str());
    let here = |arch: &String| *arch == facts.architecture;
    let new_enough = |version: &Option<String>| match version {
        Some(version) => kernel(version).map(|version| facts.kernel >= version).map(Some),
        None => Ok(None),
    };
    let included = includes.caps.as_ref().is_none_or(|caps| caps.iter().all(has))
        && includes
            .arches
            .as_ref()
            .is_none_or(|arches| arches.is_empty() || arches.iter().any(here))
        && new_enough(&includes.min_kernel)? != Some(false);
    let excluded = excludes.caps.as_ref().is_some_and(|caps| caps.iter().any(has))
        || excludes
            .arches
            .as_ref()
            .is_some_and(|arches| arches.iter().any(here))
        || new_enough(&excludes.min_kernel)? == Some(true);
    Ok(included && !excluded)
}

fn kernel(version: &str) -> Result<(u32, u32)> {
    let parsed = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.ok_or_else(|| {
        Error::new(
            Kind::Invalid,
            format!("seccomp profile: invalid kernel version '{version}'"),
        )
    })
}

fn plain(rule: Rule) -> Value {
    let names: Vec<String> = rule.names.into_iter().chain(rule.name).collect();
    let mut plain = json!({"names": names, "action": rule.action});
    if let Some(errno) = rule.errno_ret {
        plain["errnoRet"] = errno.into();
    }
    if let Some(args) = rule.args.filter(|args| !args.is_empty()) {
        plain["args"] = args.into();
    }
    plain
}

/// The architecture and those whose programs its kernel also runs.
fn architectures(map: &[ArchMap], architecture: &str) -> Vec<String> {
    let native = match architecture {
        "amd64" => "SCMP_ARCH_X86_64",
        "arm64" => "SCMP_ARCH_AARCH64",
        "ppc64le" => "SCMP_ARCH_PPC64LE",
        "s390x" => "SCMP_ARCH_S390X",
        "riscv64" => "SCMP_ARCH_RISCV64",
        "mips64" => "SCMP_ARCH_MIPS64",
        "mips64le" => "SCMP_ARCH_MIPSEL64",
        _ => return Vec::new(),
    };
    let found = map.iter().find(|entry| entry.architecture == native);
    let subs = found
        .and_then(|entry| entry.sub_architectures.clone())
        .unwrap_or_default();
    std::iter::once(native.to_owned()).chain(subs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            architecture: "amd64".to_owned(),
            kernel: (6, 1),
            ..Facts::default()
        }
    }

    fn actions(filter: &Value, name: &str) -> Vec<String> {
        let named = |rule: &&Value| {
            rule["names"]
                .as_array()
                .unwrap()
                .iter()
                .any(|known| known == name)
        };
        let rules = filter["syscalls"].as_array().unwrap();
        rules
            .iter()
            .filter(named)
            .map(|rule| rule["action"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_default_profile_without_capabilities() {
        let filter = resolve(&builtin().unwrap(), &[], &facts()).unwrap();
        assert_eq!(filter["defaultAction"], "SCMP_ACT_ERRNO");
        assert_eq!(
            filter["architectures"],
            json!(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])
        );
        assert_eq!(actions(&filter, "read"), ["SCMP_ACT_ALLOW"]);
        assert_eq!(actions(&filter, "ptrace"), ["SCMP_ACT_ALLOW"]);
        assert_eq!(actions(&filter, "clone3"), ["SCMP_ACT_ERRNO"]);
        for forbidden in [
            "mount",
            "reboot",
            "bpf",
            "keyctl",
            "kexec_load",
            "io_uring_setup",
            "set_tls",
            "userfaultfd",
        ] {
            assert_eq!(actions(&filter, forbidden), [""; 0], "{forbidden}");
        }
    }

    #[test]
    fn capabilities_and_kernel_open_more() {
        let filter = resolve(&builtin().unwrap(), &["CAP_SYS_ADMIN"], &facts()).unwrap();
        assert_eq!(actions(&filter, "mount"), ["SCMP_ACT_ALLOW"]);
        assert_eq!(actions(&filter, "clone3"), ["SCMP_ACT_ALLOW"]);
        let old = Facts {
            kernel: (4, 4),
            ..facts()
        };
        assert_eq!(
            actions(&resolve(&builtin().unwrap(), &[], &old).unwrap(), "ptrace"),
            [""; 0]
        );
    }

    #[test]
    fn conditions_do_not_reach_the_result() {
        let text = resolve(&builtin().unwrap(), &[], &facts()).unwrap().to_string();
        assert!(!text.contains("includes") && !text.contains("excludes") && !text.contains("comment"));
    }

    #[test]
    fn malformed_profiles_are_refused() {
        let failed = |profile: Value| resolve(&profile, &[], &facts()).unwrap_err().to_string();
        assert!(failed(json!({})).contains("decoding seccomp profile failed: missing field `defaultAction`"));
        let both = json!({"defaultAction": "SCMP_ACT_ALLOW", "archMap": [], "architectures": []});
        assert!(failed(both).contains("use either"));
        let kernel = json!({"defaultAction": "X", "syscalls": [{"names": [], "action": "Y", "includes": {"minKernel": "new"}}]});
        assert!(failed(kernel).contains("invalid kernel version 'new'"));
    }
}
