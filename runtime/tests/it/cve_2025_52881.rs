//! CVE-2025-52881: writes to /proc (labels, kernel parameters) are redirected by exchanging what is mounted or linked
//! at the container's /proc while the runtime sets the container up.

use crate::bundle::Bundle;
use crate::race;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;

/// A tree that looks like the part of procfs which is written.
fn make_fake(bundle: &Bundle, place: &str) {
    let fake = bundle.file("rootfs").join(place);
    fs::create_dir_all(fake.join("sys/net/ipv4")).unwrap();
    fs::write(fake.join("sys/net/ipv4/ip_forward"), "untouched").unwrap();
    fs::create_dir_all(fake.join("thread-self/attr/apparmor")).unwrap();
    fs::write(fake.join("thread-self/attr/apparmor/exec"), "untouched").unwrap();
}

fn assert_untouched(bundle: &Bundle, place: &str) {
    let fake = bundle.file("rootfs").join(place);
    for file in ["sys/net/ipv4/ip_forward", "thread-self/attr/apparmor/exec"] {
        assert_eq!(
            fs::read_to_string(fake.join(file)).unwrap(),
            "untouched",
            "{file}"
        );
    }
}

fn forward(config: &mut Value) {
    config["linux"]["sysctl"] = json!({"net.ipv4.ip_forward": "1"});
}

#[test]
fn a_swapped_proc_receives_nothing() {
    let bundle = Bundle::new("52881-race", "true");
    make_fake(&bundle, "fake");
    let (proc, link) = (bundle.file("rootfs/proc"), bundle.file("rootfs/link"));
    fs::create_dir(&proc).unwrap();
    symlink("/fake", &link).unwrap();
    bundle.edit(forward);
    race::against(&proc, &link, 40, || {
        bundle.call(&["run"]);
        assert_untouched(&bundle, "fake");
    });
}

/// The volume is at /proc from the start, by a bind mount of the configuration's own.
#[test]
fn a_volume_in_procs_place_receives_nothing() {
    let bundle = Bundle::new("52881-bind", "true");
    make_fake(&bundle, "fake");
    bundle.edit(|config| {
        forward(config);
        let fake =
            json!({"destination": "/proc", "type": "bind", "source": "rootfs/fake", "options": ["bind"]});
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| mount["destination"] != "/proc");
        mounts.push(fake);
    });
    bundle.must(&["run"]);
    assert_untouched(&bundle, "fake");
}
