//! CVE-2023-25809: in a user namespace without a network namespace of its own, /sys is the machine's, and below
//! it the cgroups were writable although /sys was asked to be read-only.

use crate::bundle::Bundle;
use serde_json::json;

#[test]
fn the_machines_cgroups_are_not_writable_through_sys() {
    let bundle = Bundle::new(
        "25809",
        "for dir in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $dir/corten-evil && rmdir $dir/corten-evil && echo $dir; done 2>/dev/null; true",
    );
    for name in ["mkdir", "rmdir"] {
        std::os::unix::fs::symlink("busybox", bundle.file("rootfs/bin").join(name)).unwrap();
    }
    bundle.edit(|config| {
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.retain(|namespace| namespace["type"] != "network");
        namespaces.push(json!({"type": "user"}));
        let all = json!([{"containerID": 0, "hostID": 0, "size": 65536}]);
        config["linux"]["uidMappings"] = all.clone();
        config["linux"]["gidMappings"] = all;
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| mount["destination"] != "/sys/fs/cgroup");
    });
    assert_eq!(bundle.must(&["run"]), "", "a cgroup was made");
}
