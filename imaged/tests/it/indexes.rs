//! Images for several platforms under one name: what of them the store keeps, and gives again byte for byte.

use std::fs;
use std::path::Path;

use corten_imaged::oci::{Digest, media};
use corten_imaged::store::Store;
use serde_json::{Value, json};

use super::pulls::names_in;
use super::real_registry::Registry;
use super::sandbox::Sandbox;
use super::test_image::tar_of;
use super::transfers::{layout_of_two, raw, run};

const PARTIAL: &str =
    "Not all multiplatform-content is present and only the available single-platform image was pushed";

/// A layout of two platforms under this name; returns the index' digest.
fn layout(directory: &Path, name: &str) -> Digest {
    let digest = layout_of_two(directory);
    let place = directory.join("index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
    index["manifests"][0]["annotations"] = json!({"io.containerd.image.name": name});
    fs::write(&place, index.to_string()).unwrap();
    digest
}

fn digest_of(name: &str) -> Digest {
    Digest::of(&raw(name))
}

#[test]
fn an_index_goes_through_the_store_byte_for_byte() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let place = |name: &str| dir.path().join(name).display().to_string();
    let (first, second) = (registry.image("a:1"), registry.image("b/c:2"));
    let digest = layout(&dir.path().join("layout"), &first);

    // Loaded and pushed, also under another name.
    let sandbox = Sandbox::new();
    let loaded = sandbox.ok(&["load", "-i", &place("layout")]);
    assert_eq!(loaded, format!("Loaded image: {first}"));
    let said = sandbox.ok(&["push", &first]);
    assert!(said.contains(&format!("1: digest: {digest} size: ")), "{said}");
    assert_eq!(
        said.matches(": Pushed").count(),
        2,
        "a layer for each platform: {said}"
    );
    sandbox.ok(&["tag", &first, &second]);
    let said = sandbox.ok(&["push", &second]);
    assert_eq!(said.matches(": Mounted from a").count(), 2, "{said}");
    assert_eq!([digest_of(&first), digest_of(&second)], [digest; 2]);

    // Pulled with all of it, saved and loaded.
    let other = Sandbox::new();
    other.ok(&["pull", "-q", "--all-platforms", &second]);
    other.ok(&["save", "-o", &place("saved.tar"), &second]);
    other.ok(&["save", "-o", &place("again.tar"), &second]);
    assert!(fs::read(place("saved.tar")).unwrap() == fs::read(place("again.tar")).unwrap());
    let third = Sandbox::new();
    assert_eq!(
        third.ok(&["load", "-i", &place("saved.tar")]),
        format!("Loaded image: {second}")
    );
    let end = registry.image("end:1");
    third.ok(&["tag", &second, &end]);
    third.ok(&["push", "-q", &end]);
    assert_eq!(digest_of(&end), digest);
    let copied = format!("oci:{}:x", place("skopeo"));
    run(
        "skopeo",
        &[
            "copy",
            "--all",
            &format!("oci-archive:{}", place("saved.tar")),
            &copied,
        ],
    );
    let index: Value =
        serde_json::from_slice(&fs::read(dir.path().join("skopeo/index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"][0]["digest"], json!(digest));

    // It goes with its last name.
    third.ok(&["system", "check"]);
    third.ok(&["image", "prune", "-f"]);
    third.ok(&["push", "-q", &end]);
    for name in [&second, &end] {
        third.ok(&["rmi", name]);
    }
    let store = Store::open(&third.root()).unwrap();
    for directory in ["images", "refs", "layers", "blobs/sha256", "tmp"] {
        assert_eq!(names_in(&store, directory), [""; 0], "{directory}");
    }
}

/// Writes a document into the layout; returns its descriptor.
fn put(directory: &Path, media_type: &str, content: &Value) -> Value {
    let bytes = content.to_string().into_bytes();
    let digest = Digest::of(&bytes);
    fs::write(directory.join("blobs/sha256").join(digest.hex()), &bytes).unwrap();
    json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
}

/// Puts another index in place of the layout's, with these entries; returns its digest.
fn change(directory: &Path, entries: impl FnOnce(&mut Vec<Value>)) -> Digest {
    let place = directory.join("index.json");
    let mut root: Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
    let digest: Digest = root["manifests"][0]["digest"].as_str().unwrap().parse().unwrap();
    let index = directory.join("blobs/sha256").join(digest.hex());
    let mut index: Value = serde_json::from_slice(&fs::read(index).unwrap()).unwrap();
    entries(index["manifests"].as_array_mut().unwrap());
    let described = put(directory, media::OCI_INDEX, &index);
    root["manifests"][0]["digest"] = described["digest"].clone();
    root["manifests"][0]["size"] = described["size"].clone();
    fs::write(&place, root.to_string()).unwrap();
    described["digest"].as_str().unwrap().parse().unwrap()
}

/// Adds what BuildKit puts beside its images: a manifest for no platform, whose layer is a statement; returns the new
/// index' digest.
fn attest(directory: &Path) -> Digest {
    let statement = put(
        directory,
        "application/vnd.in-toto+json",
        &json!({"_type": "https://in-toto.io/Statement/v0.1"}),
    );
    let config = json!({"architecture": "unknown", "os": "unknown", "config": {},
                        "rootfs": {"type": "layers", "diff_ids": [statement["digest"]]}});
    let config = put(directory, media::OCI_CONFIG, &config);
    let manifest = json!({"schemaVersion": 2, "mediaType": media::OCI_MANIFEST, "config": config, "layers": [statement]});
    let mut entry = put(directory, media::OCI_MANIFEST, &manifest);
    entry["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    change(directory, |entries| entries.push(entry))
}

/// Adds an entry whose manifest is not there.
fn leave_out(directory: &Path) -> Digest {
    let entry = json!({"mediaType": media::OCI_MANIFEST, "digest": Digest::of(b"not there"), "size": 9,
                       "platform": {"os": "linux", "architecture": "riscv64"}});
    change(directory, |entries| entries.push(entry))
}

#[test]
fn what_is_no_image_in_an_index_goes_along() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let name = registry.image("a:1");
    layout(dir.path(), &name);
    let digest = attest(dir.path());
    let (sandbox, other) = (Sandbox::new(), Sandbox::new());
    sandbox.ok(&["load", "-i", dir.path().to_str().unwrap()]);
    sandbox.ok(&["push", "-q", &name]);
    assert_eq!(digest_of(&name), digest);
    other.ok(&["pull", "-q", "--all-platforms", &name]);
    let end = registry.image("b:1");
    other.ok(&["tag", &name, &end]);
    other.ok(&["push", "-q", &end]);
    assert_eq!(digest_of(&end), digest);
    other.ok(&["system", "check"]);
}

#[test]
fn one_platform_is_taken_out_of_an_index() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let (sandbox, other) = (Sandbox::new(), Sandbox::new());
    let (name, alone) = (registry.image("a:1"), registry.image("alone:1"));
    let digest = layout(&dir.path().join("layout"), &name);
    sandbox.ok(&["load", "-i", &dir.path().join("layout").display().to_string()]);
    sandbox.ok(&["tag", &name, &alone]);
    sandbox.ok(&["push", "-q", "--platform", "linux/s390x", &alone]);
    let manifest: Value = serde_json::from_slice(&raw(&alone)).unwrap();
    let config = manifest["config"]["digest"].as_str().unwrap();
    let config = sandbox
        .root()
        .join("blobs/sha256")
        .join(&config["sha256:".len()..]);
    let config: Value = serde_json::from_slice(&fs::read(config).unwrap()).unwrap();
    assert_eq!(config["architecture"], "s390x");

    let file = dir.path().join("alone.tar").display().to_string();
    sandbox.ok(&["save", "--platform", "linux/s390x", "-o", &file, &alone]);
    other.ok(&["load", "-i", &file]);
    let shown = other.ok(&["inspect", "--format", "{{.Architecture}}", &alone]);
    assert_eq!(shown, "s390x");

    // The name still stands for all of it.
    sandbox.ok(&["push", "-q", &alone]);
    assert_eq!(digest_of(&alone), digest);
    let none = sandbox.corten(&["push", "--platform", "linux/riscv64", &alone]);
    assert!(
        none.code == Some(1) && none.stderr.contains("no variant for linux/riscv64"),
        "{none:?}"
    );
    // Packed otherwise it is another index, which nobody makes.
    let repacked = sandbox.corten(&["push", "--compression", "zstd", &alone]);
    assert!(
        repacked.stderr.contains("an index is pushed as it is"),
        "{repacked:?}"
    );
    assert_ne!(digest_of(&alone), digest);
    // What the name stands for here stays whole.
    sandbox.ok(&["image", "prune", "-f"]);
    sandbox.ok(&["push", "-q", &alone]);
    assert_eq!(digest_of(&alone), digest);
}

#[test]
fn one_platform_is_taken_out_of_an_index_that_is_there_in_part() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let (sandbox, other) = (Sandbox::new(), Sandbox::new());
    let name = registry.image("a:1");
    layout(&dir.path().join("layout"), &name);
    leave_out(&dir.path().join("layout"));
    sandbox.ok(&["load", "-i", &dir.path().join("layout").display().to_string()]);
    let file = dir.path().join("x.tar").display().to_string();
    // What is pushed first, the image alone, takes nothing from what the name stands for.
    for _ in 0..2 {
        let done = sandbox.corten(&["push", &name]);
        assert!(done.code == Some(0) && done.stderr.contains(PARTIAL), "{done:?}");
        sandbox.ok(&["image", "prune", "-f"]);
    }
    sandbox.ok(&["push", "-q", "--platform", "linux/s390x", &name]);
    sandbox.ok(&["save", "--platform", "linux/s390x", "-o", &file, &name]);
    other.ok(&["load", "-i", &file]);
    let shown = other.ok(&["inspect", "--format", "{{.Architecture}}", &name]);
    assert_eq!(shown, "s390x");
    let none = sandbox.corten(&["push", "--platform", "linux/riscv64", &name]);
    assert!(none.stderr.contains("wanted linux/riscv64, actual"), "{none:?}");
}

/// The first name's image for a platform was saved under the other names of this machine's image, too.
#[test]
fn each_name_is_saved_with_its_own_platforms() {
    let (sandbox, dir) = (Sandbox::new(), tempfile::tempdir().unwrap());
    layout(dir.path(), "a:1");
    sandbox.ok(&["load", "-i", dir.path().to_str().unwrap()]);
    let id = sandbox.ok(&["inspect", "--format", "{{.Id}}", "a:1"]);
    sandbox.ok(&["tag", &id, "b:1"]);
    let file = dir.path().join("x.tar").display().to_string();
    let save = ["save", "--platform", "linux/s390x", "-o", &file, "a:1"];
    sandbox.ok(&save);
    let done = sandbox.corten(&[&save[..], &["b:1"]].concat());
    assert!(
        done.code == Some(1) && done.stderr.contains("'b:1' was found but"),
        "{done:?}"
    );
}

#[test]
fn of_several_indexes_those_with_the_platform_are_loaded() {
    let (sandbox, dir) = (Sandbox::new(), tempfile::tempdir().unwrap());
    layout(dir.path(), "a:1");
    let place = dir.path().join("index.json");
    let first: Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
    change(dir.path(), |entries| entries.truncate(1));
    let mut both: Value = serde_json::from_slice(&fs::read(&place).unwrap()).unwrap();
    both["manifests"][0]["annotations"] = json!({"io.containerd.image.name": "b:1"});
    let entries = both["manifests"].as_array_mut().unwrap();
    entries.push(first["manifests"][0].clone());
    fs::write(&place, both.to_string()).unwrap();
    let load = ["load", "-i", dir.path().to_str().unwrap(), "--platform"];
    let done = sandbox.ok(&[&load[..], &["linux/s390x"]].concat());
    assert_eq!(done, "Loaded image: a:1");
    let none = sandbox.corten(&[&load[..], &["linux/riscv64"]].concat());
    assert!(none.stderr.contains("no image for linux/riscv64"), "{none:?}");
}

/// A disk that could not be read for a moment made the collector take what the index keeps.
#[test]
fn of_an_index_that_cannot_be_read_nothing_is_removed() {
    let (sandbox, dir) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let digest = layout(dir.path(), "a:1");
    sandbox.ok(&["load", "-i", dir.path().to_str().unwrap()]);
    let store = Store::open(&sandbox.root()).unwrap();
    let blobs = names_in(&store, "blobs/sha256").len();
    let place = sandbox.root().join("blobs/sha256").join(digest.hex());
    let aside = dir.path().join("aside");
    fs::copy(&place, &aside).unwrap();
    fs::remove_file(&place).unwrap();
    std::os::unix::fs::symlink(digest.hex(), &place).unwrap();
    store.collect().unwrap_err();
    assert_eq!(names_in(&store, "blobs/sha256").len(), blobs);
    fs::remove_file(&place).unwrap();
    fs::copy(&aside, &place).unwrap();
    store.collect().unwrap();
    assert_eq!(names_in(&store, "blobs/sha256").len(), blobs);
}

/// The name was gone, and the verb said that it had failed.
#[test]
fn a_name_goes_although_another_image_is_damaged() {
    let (sandbox, dir) = (Sandbox::new(), tempfile::tempdir().unwrap());
    layout(dir.path(), "a:1");
    sandbox.ok(&["load", "-i", dir.path().to_str().unwrap()]);
    let id = sandbox.ok(&["inspect", "--format", "{{.Id}}", "a:1"]);
    sandbox.ok(&["tag", &id, "b:1"]);
    let other = sandbox.with_input(&["import", "-"], &tar_of(&[("file", b"content")]));
    let config = other.stdout.trim().strip_prefix("sha256:").unwrap();
    fs::write(sandbox.root().join("blobs/sha256").join(config), "damaged").unwrap();
    assert_eq!(sandbox.ok(&["rmi", "a:1"]), "Untagged: a:1");
}

/// A push that took long gave the tag back to its image.
#[test]
fn a_tag_that_moves_while_it_is_pushed_has_moved() {
    let sandbox = Sandbox::new();
    for (name, content) in [("a:1", "old"), ("b:1", "new")] {
        let files = tar_of(&[("file", content.as_bytes())]);
        assert_eq!(sandbox.with_input(&["import", "-", name], &files).code, Some(0));
    }
    let store = Store::open(&sandbox.root()).unwrap();
    let (old, new) = (store.resolve("a:1").unwrap(), store.resolve("b:1").unwrap());
    sandbox.ok(&["tag", "b:1", "a:1"]);
    let name = "a:1".parse().unwrap();
    corten_imaged::registry::remember(&store, &old.id, &name, old.manifest, true).unwrap();
    assert_eq!(store.resolve("a:1").unwrap().id, new.id);
    let pushed = name.with_digest(old.manifest).to_string();
    assert_eq!(store.resolve(&pushed).unwrap().id, old.id);
}

#[test]
fn of_an_index_that_is_there_in_part_the_image_alone_is_pushed() {
    let (registry, dir) = (Registry::start(), tempfile::tempdir().unwrap());
    let name = registry.image("a:1");
    let digest = layout(dir.path(), &name);
    let sandbox = Sandbox::new();
    sandbox.ok(&["load", "-i", dir.path().to_str().unwrap()]);
    sandbox.ok(&["push", "-q", &name]);

    let other = Sandbox::new();
    other.ok(&["pull", "-q", &name]);
    let store = Store::open(&other.root()).unwrap();
    let manifest = store.resolve(&name).unwrap().manifest;
    let target = registry.image("b:1");
    other.ok(&["tag", &name, &target]);
    let done = other.corten(&["push", &target]);
    assert!(done.code == Some(0) && done.stderr.contains(PARTIAL), "{done:?}");
    assert_eq!(digest_of(&target), manifest);
    // What is saved is what can be: the image.
    let file = dir.path().join("x.tar").display().to_string();
    other.ok(&["save", "-o", &file, &name]);
    let found = run("skopeo", &["inspect", "--raw", &format!("oci-archive:{file}")]);
    assert_eq!(Digest::of(&found), manifest);
    // The rest of it makes it whole.
    other.ok(&["pull", "-q", "--all-platforms", &name]);
    other.ok(&["tag", &name, &target]);
    let done = other.corten(&["push", &target]);
    assert!(done.code == Some(0) && done.stderr.is_empty(), "{done:?}");
    assert_eq!(digest_of(&target), digest);
    // What only the index kept goes with its last name.
    let id = other.ok(&["inspect", "--format", "{{.Id}}", &name]);
    other.ok(&["tag", &id, "plain:1"]);
    other.ok(&["rmi", &name]);
    other.ok(&["rmi", &target]);
    let store = Store::open(&other.root()).unwrap();
    assert_eq!(names_in(&store, "blobs/sha256").len(), 3);
    // An image that was pulled by digest and has a tag elsewhere goes whole, too; so does the index along with a new tag.
    let by_digest = name.replace(":1", &format!("@{digest}"));
    other.ok(&["pull", "-q", "--all-platforms", &by_digest]);
    let with_tag = format!("{name}@{digest}");
    other.ok(&["tag", &with_tag, &target]);
    other.ok(&["push", "-q", &target]);
    assert_eq!(digest_of(&target), digest);
    other.ok(&["rmi", "--all"]);
    assert_eq!(names_in(&store, "blobs/sha256"), [""; 0]);
    // Nothing of it is kept by who asked for one platform alone.
    let third = Sandbox::new();
    let machine = corten_imaged::image::platform::display(&corten_imaged::image::platform::host());
    third.ok(&["load", "--platform", &machine, "-i", dir.path().to_str().unwrap()]);
    let store = Store::open(&third.root()).unwrap();
    assert_eq!(names_in(&store, "blobs/sha256").len(), 3);
    // Nor of one that nobody could ask for, as it has no name.
    layout_of_two(&dir.path().join("nameless"));
    let nameless = Sandbox::new();
    nameless.ok(&["load", "-i", &dir.path().join("nameless").display().to_string()]);
    let store = Store::open(&nameless.root()).unwrap();
    assert_eq!(names_in(&store, "blobs/sha256").len(), 3);
}
