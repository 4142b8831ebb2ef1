//! GHSA-3q8j-pf29-vwv8: a path to be made read-only is walked once to bind it and again to remount it; exchanged in
//! between, what was bound stays writable. Masked directories have the same race.

use crate::bundle::Bundle;
use crate::race;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn what_is_bound_is_what_becomes_read_only() {
    let bundle = Bundle::new("ro-race", "cat /proc/self/mountinfo");
    let root = bundle.file("rootfs");
    for place in ["data", "elsewhere", "hidden", "other"] {
        fs::create_dir(root.join(place)).unwrap();
    }
    symlink("/elsewhere", root.join("link")).unwrap();
    bundle.edit(|config| {
        config["root"]["readonly"] = json!(false);
        config["linux"]["readonlyPaths"] = json!(["/data"]);
        config["linux"]["maskedPaths"] = json!(["/data"]);
    });
    race::against(&root.join("data"), &root.join("link"), 40, || {
        let output = bundle.call(&["run"]);
        let seen = String::from_utf8(output.stdout).unwrap();
        let is_ours = |at: &str| ["/data", "/elsewhere", "/link"].contains(&at);
        let own = seen
            .lines()
            .filter(|line| line.split(' ').nth(4).is_some_and(is_ours));
        // One made read-only, one mask: wherever they came to be, they are whole.
        let own: Vec<&str> = own.collect();
        if output.status.success() {
            assert_eq!(own.len(), 2, "{seen}");
        }
        for line in own {
            assert!(line.split(' ').nth(5).unwrap().starts_with("ro"), "{line}");
        }
    });
}
