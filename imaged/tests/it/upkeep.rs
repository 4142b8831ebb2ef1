//! `image prune`, `system prune`, `system check` and `system df`: what is not needed goes, what is damaged is found.

use std::fs;
use std::process::Command;

use corten_imaged::store::Store;

use super::fake_registry::FakeRegistry;
use super::pulls::reference;
use super::sandbox::{Done, HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, tar_of, two_layers};

/// The bytes that du(1) counts below the store.
fn disk(sandbox: &Sandbox) -> u64 {
    let output = Command::new("du")
        .args(["-s", "-B1"])
        .arg(sandbox.root())
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .split('\t')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

fn pulled(sandbox: &Sandbox, registry: &FakeRegistry, image: &TestImage) -> String {
    image.serve(registry, "1");
    let name = reference(registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    name
}

#[test]
fn prune_takes_what_has_no_tag_and_with_all_what_nobody_uses() {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    sandbox.ok(&["create", "--name", "box", HELLO]);
    let name = pulled(&sandbox, &registry, &two_layers());
    let old = sandbox.ok(&["images", "--quiet", "--no-trunc", &name]);
    // The tag moves: the old image has none any more.
    pulled(
        &sandbox,
        &registry,
        &TestImage::new(vec![TestLayer::gzip(&tar_of(&[("new", b"1")]))]),
    );
    assert_eq!(
        sandbox.ok(&["image", "prune", "-f", "--filter", "label=other"]),
        "Total reclaimed space: 0B"
    );
    assert_eq!(
        sandbox.ok(&["image", "prune", "-f", "--filter", "until=2020-01-01"]),
        "Total reclaimed space: 0B"
    );
    let asked = sandbox.with_input(&["image", "prune"], b"n\n");
    assert!(
        asked.stdout.contains("Are you sure you want to continue? [y/N]"),
        "{asked:?}"
    );
    let before = disk(&sandbox);
    let said = sandbox.ok(&["image", "prune", "-f"]);
    assert!(
        said.starts_with("Deleted Images:\nuntagged: ") && said.contains(&format!("deleted: {old}")),
        "{said}"
    );
    assert!(
        !said.contains("space: 0B") && before - disk(&sandbox) > 3 << 20,
        "{said}"
    );
    assert_eq!(sandbox.ok(&["images", "--quiet"]).lines().count(), 2);

    let said = sandbox.with_input(&["image", "prune", "--all"], b"y\n").stdout;
    assert!(said.contains(&format!("untagged: {name}")), "{said}");
    assert_eq!(
        sandbox.ok(&["images", "--quiet"]).lines().count(),
        1,
        "the container's image stays"
    );

    let running = sandbox.ok(&["run", "-d", HELLO, "wait"]);
    let said = sandbox.ok(&["system", "prune", "-a", "-f"]);
    assert!(
        said.starts_with("Deleted Containers:\n") && !said.contains(&running),
        "{said}"
    );
    assert_eq!(sandbox.ok(&["ps", "-aq", "--no-trunc"]), running);
    sandbox.ok(&["rm", "-f", &running]);
    sandbox.ok(&["system", "prune", "-af"]);
    assert!(disk(&sandbox) < 1 << 20, "less than a MiB is left");
}

/// What `system check` says, without the paths.
fn check(sandbox: &Sandbox, words: &[&str]) -> Done {
    sandbox.corten(&[&["system", "check"], words].concat())
}

#[test]
fn check_finds_what_is_damaged_and_a_pull_heals_it() {
    let (registry, sandbox, image) = (FakeRegistry::start(), Sandbox::new(), two_layers());
    let name = pulled(&sandbox, &registry, &image);
    let sound = check(&sandbox, &[]);
    assert_eq!((sound.code, sound.stdout.as_str()), (Some(0), ""));

    let blob = sandbox
        .root()
        .join("blobs/sha256")
        .join(image.layers[0].digest().hex());
    fs::write(&blob, "damaged").unwrap();
    let found = check(&sandbox, &[]);
    assert_eq!(found.code, Some(1));
    assert!(found.stdout.contains("does not have its digest"), "{found:?}");
    assert!(found.stdout.contains("pull or load it again"), "{found:?}");
    assert_eq!(
        check(&sandbox, &["--repair"]).code,
        Some(1),
        "the blob is missing now"
    );
    sandbox.ok(&["pull", "--quiet", &name]);
    assert_eq!(check(&sandbox, &[]).code, Some(0));
    assert!(fs::read(&blob).unwrap() == image.layers[0].blob);

    fs::remove_dir_all(sandbox.root().join("images")).unwrap();
    fs::create_dir(sandbox.root().join("images")).unwrap();
    let found = check(&sandbox, &["--repair"]);
    assert!(
        found.code == Some(0) && found.stdout.contains("which is not there"),
        "{found:?}"
    );
    assert!(
        sandbox
            .corten(&["inspect", &name])
            .stderr
            .contains("No such object")
    );
    sandbox.ok(&["pull", "--quiet", &name]);
    assert_eq!(check(&sandbox, &[]).stdout, "");
}

/// A container of an image that was removed by force, and the image's id.
fn with_held_image(sandbox: &Sandbox) -> (String, String) {
    let container = sandbox.ok(&["create", HELLO]);
    let image = sandbox.inspect(&container)["Image"].as_str().unwrap().to_owned();
    sandbox.ok(&["rmi", "-f", &image]);
    (container, image)
}

fn layers(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.root().join("layers")).unwrap().count()
}

#[test]
fn a_damaged_image_that_is_kept_for_a_container_is_found_and_keeps_its_layers() {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let (container, image) = with_held_image(&sandbox);
    let blobs = sandbox.root().join("blobs/sha256");
    fs::write(blobs.join(image.strip_prefix("sha256:").unwrap()), "damaged").unwrap();
    let whose = format!("kept for container {}", &container[..12]);
    for words in [&["--repair"][..], &[]] {
        let found = check(&sandbox, words);
        assert!(
            found.code == Some(1) && found.stdout.contains(&whose),
            "{found:?}"
        );
    }
    let name = pulled(&sandbox, &registry, &two_layers());
    let before = layers(&sandbox);
    let done = sandbox.corten(&["rmi", &name]);
    assert!(
        done.code == Some(0) && done.stderr.contains("no layers are removed"),
        "{done:?}"
    );
    assert_eq!(layers(&sandbox), before);
    sandbox.ok(&["rm", &container]);
    assert_eq!(layers(&sandbox), 0);
    assert_eq!(check(&sandbox, &[]).code, Some(0));
}

#[test]
fn nothing_is_removed_while_a_container_cannot_say_what_it_needs() {
    let sandbox = Sandbox::new();
    let (container, _) = with_held_image(&sandbox);
    let (file, before) = (
        sandbox.root().join("containers").join(&container).join("image"),
        layers(&sandbox),
    );
    let image = fs::read(&file).unwrap();
    fs::write(&file, "").unwrap();
    let done = sandbox.corten(&["image", "prune", "--force"]);
    assert!(done.code == Some(1) && done.stderr.contains("/image"), "{done:?}");
    assert_eq!(layers(&sandbox), before);
    fs::write(&file, image).unwrap();
    sandbox.ok(&["image", "prune", "--force"]);
    sandbox.ok(&["start", &container]);
}

#[test]
fn what_was_kept_for_a_container_goes_with_it_at_any_moment() {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let (container, _) = with_held_image(&sandbox);
    // Somebody is at work.
    let store = Store::open(&sandbox.root()).unwrap();
    let scratch = store.scratch().unwrap();
    sandbox.ok(&["rm", &container]);
    assert_eq!(layers(&sandbox), 0);
    drop(scratch);
    // A removal that was killed.
    let (container, _) = with_held_image(&sandbox);
    let directory = sandbox.root().join("containers").join(&container);
    fs::remove_file(directory.join("container.json")).unwrap();
    let name = pulled(&sandbox, &registry, &two_layers());
    sandbox.ok(&["create", &name]);
    assert_eq!(layers(&sandbox), 2, "those of the new container");
}
