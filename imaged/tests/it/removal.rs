//! Removing images: what others need stays, what containers use stays, the rest goes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use corten_imaged::error::Kind;
use corten_imaged::image::Reference;
use corten_imaged::registry::{self, Silent};
use corten_imaged::snapshot;
use corten_imaged::store::{Removed, Store};

use super::fake_registry::{Answer, Ending, FakeRegistry};
use super::pulls::{names_in, new_store, options, pull, reference};
use super::sandbox::{HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, blob_path, noise, tar_of, two_layers};

fn assert_empty(store: &Store) {
    for directory in ["images", "refs", "tmp", "layers", "blobs/sha256"] {
        assert_eq!(names_in(store, directory), [""; 0], "{directory}");
    }
}

#[test]
fn the_last_name_takes_the_image_with_it() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    two_layers().serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    let name = reference(&registry, ":1").familiar();
    let removed = store.remove_image(&name, false).unwrap();
    assert_eq!(removed[0], Removed::Untagged(name.clone()));
    assert!(removed.contains(&Removed::Deleted(pulled.image.id)));
    assert_empty(&store);
    let error = store.remove_image(&name, false).unwrap_err();
    assert_eq!(error.to_string(), format!("No such image: {name}"));
}

#[test]
fn layers_that_another_image_needs_stay() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let one = two_layers();
    one.serve(&registry, "1");
    let mut layers = one.layers.clone();
    layers.push(TestLayer::gzip(&tar_of(&[("third", b"3")])));
    TestImage::new(layers).serve(&registry, "2");
    let first = pull(&store, &registry).unwrap();
    let second = registry::pull(&store, &reference(&registry, ":2"), &options(), &Silent).unwrap();
    store.remove_image(&first.image.id.hex(), false).unwrap();
    assert_eq!(store.images().unwrap().len(), 1);
    assert!(
        second
            .image
            .layers
            .iter()
            .all(|chain_id| store.has_layer(chain_id))
    );
    store.remove_image(&second.image.id.short(), false).unwrap();
    assert_empty(&store);
}

/// The pull had seen that they are there, and failed when it came to those on top of them.
#[test]
fn layers_that_a_pull_counts_on_may_go_meanwhile() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let one = two_layers();
    one.serve(&registry, "1");
    let top = TestLayer::gzip(&tar_of(&[("etc/third", &noise(1 << 20))]));
    let layers = [one.layers, vec![top.clone()]].concat();
    TestImage::new(layers).serve(&registry, "2");
    let first = pull(&store, &registry).unwrap();
    let whole = Answer::new(200, top.blob.clone());
    let stall = whole.clone().ending(Ending::StallAfter(1 << 19));
    registry.route(blob_path(&top.digest()), vec![stall, whole]);
    let second = thread::scope(|scope| {
        let second = scope.spawn(|| registry::pull(&store, &reference(&registry, ":2"), &options(), &Silent));
        registry.wait_for_stall();
        store.remove_image(&first.image.id.hex(), false).unwrap();
        assert!(!store.has_layer(&first.image.layers[0]));
        second.join().unwrap().unwrap()
    });
    let there = |chain_id| store.layer_files(chain_id).exists();
    assert!(second.image.layers.iter().all(there));
    assert_eq!(store.check().unwrap(), []);
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
    assert_eq!(registry.requests(&top.digest().to_string()).len(), 2);
}

#[test]
fn an_image_in_use_stays() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    two_layers().serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    let container = store.root().join("containers/c1");
    fs::create_dir_all(&container).unwrap();
    snapshot::prepare(
        &store,
        &pulled.image,
        &container,
        snapshot::StorageDriver::Overlay2,
    )
    .unwrap();
    let name = reference(&registry, ":1").familiar();
    for (typed, force) in [
        (&name, false),
        (&pulled.image.id.hex(), false),
        (&pulled.image.id.hex(), true),
    ] {
        let error = store.remove_image(typed, force).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{typed} {force}");
        assert!(error.to_string().contains("container c1"), "{error}");
    }
    store.remove_image(&name, true).unwrap();
    assert_eq!(
        store.resolve(&pulled.image.id.hex()).unwrap(),
        pulled.image,
        "only its name is gone"
    );
    assert!(
        pulled
            .image
            .layers
            .iter()
            .all(|chain_id| store.has_layer(chain_id))
    );
    fs::remove_dir_all(&container).unwrap();
    store.remove_image(&pulled.image.id.hex(), false).unwrap();
    assert_empty(&store);
}

#[test]
fn another_tag_keeps_the_image() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    image.serve(&registry, "2");
    let pulled = pull(&store, &registry).unwrap();
    registry::pull(&store, &reference(&registry, ":2"), &options(), &Silent).unwrap();
    let one = reference(&registry, ":1").familiar();
    assert_eq!(store.remove_image(&one, false).unwrap(), [Removed::Untagged(one)]);
    assert_eq!(
        store.names(&pulled.image.id).unwrap().tags,
        [reference(&registry, ":2").familiar()]
    );
}

#[test]
fn a_tag_that_moves_leaves_the_old_image_without_it() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    two_layers().serve(&registry, "1");
    let old = pull(&store, &registry).unwrap();
    TestImage::new(vec![TestLayer::plain(&tar_of(&[("x", b"")]))]).serve(&registry, "1");
    let new = pull(&store, &registry).unwrap();
    assert!(!new.was_current);
    assert_eq!(
        store.resolve(&reference(&registry, ":1").familiar()).unwrap().id,
        new.image.id
    );
    assert_eq!(store.names(&old.image.id).unwrap().tags, [""; 0]);
}

/// users-pains P21: what `system df` says is what du says.
#[test]
fn usage_is_what_du_counts() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    two_layers().serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    let container = store.root().join("containers/c1");
    fs::create_dir_all(&container).unwrap();
    snapshot::prepare(
        &store,
        &pulled.image,
        &container,
        snapshot::StorageDriver::Overlay2,
    )
    .unwrap();
    fs::write(container.join("upper/file"), vec![1; 1 << 20]).unwrap();
    fs::hard_link(container.join("upper/file"), container.join("upper/link")).unwrap();
    let usage = store.usage().unwrap();
    let layers: u64 = usage.layers.iter().map(|layer| layer.bytes).sum();
    let containers: u64 = usage.containers.iter().map(|(_, bytes)| bytes).sum();
    let output = Command::new("du")
        .args(["-s", "-B1"])
        .arg(store.root())
        .output()
        .unwrap();
    let du: u64 = String::from_utf8(output.stdout)
        .unwrap()
        .split('\t')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(layers + containers + usage.blobs + usage.other, du);
    assert_eq!(usage.total(), du);
    assert!(usage.blobs > 3 << 20, "a layer of noise");
}

#[test]
fn the_built_in_image_needs_no_registry() {
    let (_dir, store) = new_store();
    let reference: Reference = "corten/hello".parse().unwrap();
    let pulled = registry::pull(&store, &reference, &options(), &Silent).unwrap();
    assert_eq!(store.resolve("corten/hello").unwrap(), pulled.image);
    assert!(
        registry::pull(&store, &reference, &options(), &Silent)
            .unwrap()
            .was_current
    );
    let hello = store.layer_files(&pulled.image.layers[0]).join("hello");
    let output = Command::new(&hello).output().unwrap();
    assert!(output.status.success());
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("Hello from a container made by Corten!")
    );
    assert_eq!(
        Command::new(&hello).args(["exit", "42"]).status().unwrap().code(),
        Some(42)
    );
    let bytes = Command::new(&hello)
        .args(["bytes", "100000"])
        .output()
        .unwrap()
        .stdout;
    assert_eq!(bytes.len(), 100_000);
    store.remove_image("corten/hello", false).unwrap();
    assert_empty(&store);
}

#[test]
fn a_directory_with_other_things_in_it_becomes_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let mode = || fs::metadata(dir.path()).unwrap().permissions().mode() & 0o7777;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    fs::write(dir.path().join("letter.txt"), "").unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("'letter.txt'"), "{error}");
    assert_eq!(mode(), 0o755, "it stays as it was");
    fs::remove_file(dir.path().join("letter.txt")).unwrap();
    Store::open(dir.path()).unwrap();
    assert_eq!(mode(), 0o700);
}

/// `run` of the built-in image once failed when somebody removed it between its making and its use.
#[test]
fn the_built_in_image_is_run_while_somebody_removes_it() {
    let sandbox = Sandbox::new();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                sandbox.corten(&["rmi", "--force", HELLO]);
            }
        });
        let runs: Vec<_> = (0..10)
            .map(|_| sandbox.corten(&["run", "--rm", HELLO, "exit", "7"]))
            .collect();
        is_over.store(true, Ordering::Relaxed);
        for run in runs {
            assert_eq!(run.code, Some(7), "{run:?}");
        }
    });
    sandbox.assert_empty();
}

/// As docker's: only running containers keep an image from being removed by force.
#[test]
fn an_image_of_stopped_containers_is_removed_by_force_and_they_go_on() {
    let sandbox = Sandbox::new();
    let container = sandbox.ok(&["run", "-d", HELLO, "wait"]);
    let id = sandbox.inspect(&container)["Image"].as_str().unwrap().to_owned();
    let refused = |words: &[&str], parts: &[&str]| {
        let done = sandbox.corten(&[&["rmi"], words].concat());
        assert_eq!(done.code, Some(1), "{words:?}");
        assert!(
            parts.iter().all(|part| done.stderr.contains(part)),
            "{words:?}: {done:?}"
        );
    };
    refused(
        &["-f", &id],
        &[
            "(cannot be forced)",
            "used by running container",
            &container[..12],
        ],
    );
    sandbox.ok(&["kill", &container]);
    refused(
        &[&id],
        &["(must be forced)", "used by stopped container", &container[..12]],
    );
    let removed = sandbox.ok(&["rmi", "-f", &id]);
    assert!(
        removed.starts_with("Untagged: corten/hello:latest\n"),
        "{removed}"
    );
    assert_eq!(removed.lines().last().unwrap(), format!("Deleted: {id}"));
    assert_eq!(sandbox.ok(&["images", "-aq"]), "");
    refused(&[&id], &["No such image"]);
    sandbox.ok(&["image", "prune", "--all", "--force"]);
    sandbox.ok(&["start", &container]);
    assert_eq!(sandbox.inspect(&container)["State"]["Running"], true);
    sandbox.ok(&["diff", &container]);
    sandbox.ok(&["commit", &container, "snap"]);
    assert_eq!(
        sandbox.corten(&["run", "--rm", "snap", "exit", "3"]).code,
        Some(3)
    );
    sandbox.ok(&["rmi", "snap"]);
    assert_eq!(sandbox.ok(&["system", "check"]), "");
    sandbox.ok(&["rm", "-f", &container]);
    let store = Store::open(&sandbox.root()).unwrap();
    assert_empty(&store);
}
