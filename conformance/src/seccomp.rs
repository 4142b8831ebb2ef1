//! Docker's seccomp profile in the form of runtime-spec, from the copy that the containers packages install.

use crate::layout::architecture;
use serde_json::{Value, json};
use std::fs;

const INSTALLED: &str = "/usr/share/containers/seccomp.json";

/// The profile for this architecture and a container with docker's default capabilities, if it is installed.
pub fn docker_profile() -> Option<Value> {
    let profile: Value = serde_json::from_slice(&fs::read(INSTALLED).ok()?).ok()?;
    let calls: Vec<Value> = profile["syscalls"]
        .as_array()?
        .iter()
        .filter(|c| applies(c))
        .map(plain)
        .collect();
    Some(json!({
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": 1,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": calls,
    }))
}

/// Rules that ask for a capability which docker does not give by default stay out.
fn applies(call: &Value) -> bool {
    let given = |caps: &Value| {
        caps.as_array()
            .is_none_or(|list| list.iter().all(|c| c == "CAP_CHOWN"))
    };
    let here = |arches: &Value| {
        arches
            .as_array()
            .is_none_or(|list| list.iter().any(|a| a == architecture()))
    };
    let lacking = |caps: &Value| {
        caps.as_array()
            .is_none_or(|list| !list.iter().any(|c| c == "CAP_CHOWN"))
    };
    given(&call["includes"]["caps"])
        && here(&call["includes"]["arches"])
        && lacking(&call["excludes"]["caps"])
}

fn plain(call: &Value) -> Value {
    let mut plain = json!({"names": call["names"], "action": call["action"]});
    if let Some(errno) = call["errnoRet"].as_u64() {
        plain["errnoRet"] = json!(errno);
    }
    if call["args"].as_array().is_some_and(|args| !args.is_empty()) {
        plain["args"] = call["args"].clone();
    }
    plain
}
