//! CVE-2024-25621: others than the owner could reach into the state directories.

use crate::bundle::Bundle;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_containers_state_is_its_owners() {
    let bundle = Bundle::new("25621", "sleep 1000");
    bundle.create();
    let mode = |path: &std::path::Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bundle.file("state")), 0o711);
    assert_eq!(mode(&bundle.file("state").join(bundle.id())), 0o700);
}
