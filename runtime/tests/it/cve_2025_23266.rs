//! CVE-2025-23266: a hook runs with the container's environment, and so with a library of the image's.

use crate::bundle::Bundle;
use serde_json::json;
use std::fs;

#[test]
fn hooks_have_the_environment_that_they_were_given() {
    let bundle = Bundle::new("23266", "true");
    let seen = bundle.file("seen");
    let script = format!("/usr/bin/env >{}", seen.display());
    for kind in ["createRuntime", "createContainer", "poststart", "poststop"] {
        bundle.edit(|config| {
            config["process"]["env"] = json!(["PATH=/bin", "LD_PRELOAD=/evil.so", "HOOKED=1"]);
            config["hooks"] =
                json!({kind: [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["ONLY=this"]}]});
        });
        bundle.must(&["run"]);
        let env = fs::read_to_string(&seen).unwrap();
        assert!(env.contains("ONLY=this"), "{kind}: {env}");
        assert!(
            !env.contains("LD_PRELOAD") && !env.contains("HOOKED"),
            "{kind}: {env}"
        );
        fs::remove_file(&seen).unwrap();
    }
}
