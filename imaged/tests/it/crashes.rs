//! `kill -9` at every step of a pull, and of a removal: the store opens, shows nothing half-made,
//! and the next try completes.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use corten_imaged::store::Store;

use super::fake_registry::{Answer, Ending, FakeRegistry};
use super::pulls::{names_in, pull, reference};
use super::test_image::{blob_path, two_layers};

const SIGKILL: i32 = 9;

/// Runs `corten`, to be killed at its `fault`th step; 0 for never.
fn corten(root: &Path, arguments: &[&str], fault: u32) -> ExitStatus {
    Command::new(env!("CARGO_BIN_EXE_corten"))
        .arg("--root")
        .arg(root)
        .args(arguments)
        .env("CORTEN_FAULT", fault.to_string())
        .stdout(Stdio::null())
        .status()
        .unwrap()
}

/// Everything that is visible is complete.
fn assert_sound(store: &Store, step: &str) {
    for (image, names) in store.images().unwrap() {
        for chain_id in &image.layers {
            assert_eq!(store.layer(chain_id).unwrap().chain_id, *chain_id, "{step}");
            assert!(store.layer_files(chain_id).is_dir(), "{step}");
        }
        for name in names.tags {
            assert_eq!(store.resolve(&name).unwrap(), image, "{step}");
        }
    }
}

#[test]
fn a_pull_killed_at_every_step() {
    let registry = FakeRegistry::start();
    two_layers().serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    let mut fault = 1;
    loop {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("store");
        let step = format!("killed at step {fault}");
        let status = corten(&root, &["pull", "-q", &name], fault);
        let store = Store::open(&root).unwrap();
        assert_sound(&store, &step);
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(SIGKILL), "{step}");
        assert_eq!(pull(&store, &registry).unwrap().image.layers.len(), 2, "{step}");
        assert_sound(&store, &step);
        assert_eq!(
            names_in(&store, "tmp"),
            [""; 0],
            "{step}: what the dead process left is gone"
        );
        fault += 1;
    }
    assert!(fault > 15, "only {fault} steps were tried");
}

#[test]
fn a_removal_killed_at_every_step() {
    let registry = FakeRegistry::start();
    two_layers().serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    let mut fault = 1;
    loop {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("store");
        let step = format!("killed at step {fault}");
        let store = Store::open(&root).unwrap();
        pull(&store, &registry).unwrap();
        let status = corten(&root, &["rmi", &name], fault);
        assert_sound(&store, &step);
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(SIGKILL), "{step}");
        pull(&store, &registry).unwrap();
        assert_sound(&store, &step);
        store.remove_image(&name, false).unwrap();
        for directory in ["images", "refs", "layers", "blobs/sha256", "tmp"] {
            assert_eq!(names_in(&store, directory), [""; 0], "{step}: {directory}");
        }
        fault += 1;
    }
    assert!(fault > 4, "only {fault} steps were tried");
}

#[test]
fn a_load_killed_at_every_step() {
    let (registry, dir) = (FakeRegistry::start(), tempfile::tempdir().unwrap());
    two_layers().serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    let archive = dir.path().join("saved.tar");
    let (source, path) = (dir.path().join("source"), archive.to_str().unwrap());
    assert!(corten(&source, &["pull", "--quiet", &name], 0).success());
    assert!(corten(&source, &["save", "-o", path, &name], 0).success());
    let mut fault = 1;
    loop {
        let root = dir.path().join(format!("store{fault}"));
        let store = Store::open(&root).unwrap();
        let status = corten(&root, &["load", "-i", path], fault);
        let step = format!("killed at step {fault}");
        assert_sound(&store, &step);
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(SIGKILL), "{step}");
        assert!(corten(&root, &["load", "-i", path], 0).success(), "{step}");
        assert_sound(&store, &step);
        assert_eq!(store.check().unwrap(), [], "{step}");
        store.remove_image(&name, false).unwrap();
        for directory in ["images", "refs", "layers", "blobs/sha256", "tmp"] {
            assert_eq!(names_in(&store, directory), [""; 0], "{step}: {directory}");
        }
        fault += 1;
    }
    assert!(fault > 10, "only {fault} steps were tried");
}

#[test]
fn a_pull_killed_in_the_middle_of_a_download() {
    let registry = FakeRegistry::start();
    let image = two_layers();
    image.serve(&registry, "1");
    let layer = &image.layers[0];
    let whole = Answer::new(200, layer.blob.clone());
    let stall = whole.clone().ending(Ending::StallAfter(2 << 20));
    registry.route(blob_path(&layer.digest()), vec![stall, whole]);
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store");
    let name = reference(&registry, ":1").to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_corten"))
        .arg("--root")
        .arg(&root)
        .args(["pull", "-q", &name])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    registry.wait_for_stall();
    child.kill().unwrap();
    child.wait().unwrap();
    let store = Store::open(&root).unwrap();
    assert!(store.images().unwrap().is_empty());
    assert_eq!(pull(&store, &registry).unwrap().image.layers.len(), 2);
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
}
