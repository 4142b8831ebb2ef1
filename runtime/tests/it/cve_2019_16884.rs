//! CVE-2019-16884: an image's volume at /proc swallows the request for an AppArmor profile, and the container runs
//! without one. The request is made through the machine's own procfs: it is heard, or it fails.

use crate::bundle::Bundle;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn a_volume_at_proc_does_not_swallow_the_profile() {
    for how in ["volume", "link"] {
        let bundle = Bundle::new("16884", "echo unconfined");
        let fake = bundle.file("rootfs/fake/thread-self/attr/apparmor");
        fs::create_dir_all(&fake).unwrap();
        fs::write(fake.join("exec"), "").unwrap();
        bundle.edit(|config| {
            config["process"]["apparmorProfile"] = json!("corten-no-such-profile");
            let mounts = config["mounts"].as_array_mut().unwrap();
            mounts.retain(|mount| mount["destination"] != "/proc");
            if how == "volume" {
                mounts.push(json!({"destination": "/proc", "type": "bind", "source": "rootfs/fake", "options": ["bind"]}));
            } else {
                symlink("fake", bundle.file("rootfs/proc")).unwrap();
            }
        });
        let error = bundle.refused(&["run"]);
        let heard = error.contains("no such profile is loaded") || error.contains("runs without AppArmor");
        assert!(heard, "{how}: {error}");
        assert_eq!(fs::read_to_string(fake.join("exec")).unwrap(), "", "{how}");
    }
}
