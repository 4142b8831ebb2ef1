//! CVE-2021-30465, CVE-2024-45310: while the runtime mounts, another container that shares the root file system
//! swaps a directory on the way for a symbolic link that leads out.

use crate::bundle::Bundle;
use crate::race;
use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_swapped_directory_never_leads_out() {
    let outside = tempfile::tempdir().unwrap();
    let source = tempfile::NamedTempFile::new().unwrap();
    let bundle = Bundle::new("30465", "true");
    let (way, link) = (bundle.file("rootfs/way"), bundle.file("rootfs/link"));
    fs::create_dir(&way).unwrap();
    symlink(outside.path(), &link).unwrap();
    bundle.edit(|config| {
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.push(json!({"destination": "/way/made/here", "type": "tmpfs", "source": "tmpfs"}));
        mounts.push(json!({"destination": "/way/file", "source": source.path(), "options": ["bind"]}));
    });
    // Whether each attempt succeeds depends on the race; where it makes its mounts must not.
    race::against(&way, &link, 40, || {
        bundle.call(&["run"]);
        assert_eq!(names(outside.path()), [""; 0]);
    });
}

#[test]
fn links_of_the_image_lead_into_the_image() {
    let outside = tempfile::tempdir().unwrap();
    for target in [
        outside.path().to_owned(),
        Path::new("../../../../../..").join(outside.path().strip_prefix("/").unwrap()),
    ] {
        let bundle = Bundle::new("30465-link", "test -d /way/made && cat /way/file");
        symlink(target, bundle.file("rootfs/way")).unwrap();
        fs::write(bundle.file("text"), "inside\n").unwrap();
        let source = bundle.file("text");
        bundle.edit(|config| {
            let mounts = config["mounts"].as_array_mut().unwrap();
            mounts.push(json!({"destination": "/way/made", "type": "tmpfs", "source": "tmpfs"}));
            mounts.push(json!({"destination": "/way/file", "source": source, "options": ["bind"]}));
        });
        assert_eq!(bundle.must(&["run"]), "inside\n");
        assert_eq!(names(outside.path()), [""; 0]);
    }
}
