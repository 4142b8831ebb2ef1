//! Pulling, as registries should serve it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use corten_imaged::error::{Kind, Result};
use corten_imaged::image::{Reference, platform};
use corten_imaged::oci::{Digest, media};
use corten_imaged::registry::{self, Options, Pulled, Silent};
use corten_imaged::snapshot;
use corten_imaged::store::Store;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use serde_json::json;

use super::fake_registry::{Answer, Ending, FakeRegistry};
use super::sandbox::program;
use super::test_image::{REPOSITORY, TestImage, TestLayer, blob_path, manifest_path, tar_of, two_layers};

/// Fast enough for tests that wait for failures.
pub(crate) fn options() -> Options {
    Options {
        attempts: 3,
        back_off: Duration::from_millis(1),
        stall: Duration::from_millis(700),
        ..Options::default()
    }
}

pub(crate) fn reference(registry: &FakeRegistry, suffix: &str) -> Reference {
    format!("{}/{REPOSITORY}{suffix}", registry.host())
        .parse()
        .unwrap()
}

pub(crate) fn pull(store: &Store, registry: &FakeRegistry) -> Result<Pulled> {
    registry::pull(store, &reference(registry, ":1"), &options(), &Silent)
}

pub(crate) fn new_store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    (dir, store)
}

/// The names in one of the store's directories.
pub(crate) fn names_in(store: &Store, directory: &str) -> Vec<String> {
    let entries = fs::read_dir(store.root().join(directory)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn check_two_layers(store: &Store, pulled: &Pulled) {
    let files: Vec<_> = pulled
        .image
        .layers
        .iter()
        .map(|chain_id| store.layer_files(chain_id))
        .collect();
    assert_eq!(fs::read_to_string(files[0].join("etc/kept")).unwrap(), "kept");
    assert_eq!(fs::metadata(files[0].join("large")).unwrap().len(), 3 << 20);
    assert_eq!(fs::read_to_string(files[1].join("etc/new")).unwrap(), "new");
    assert_eq!(fs::symlink_metadata(files[1].join("etc/gone")).unwrap().rdev(), 0);
    assert_eq!(names_in(store, "tmp"), [""; 0]);
}

#[test]
fn an_image_is_pulled_named_and_found() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    check_two_layers(&store, &pulled);
    assert_eq!(pulled.digest, image.digest());
    assert!(!pulled.was_current);
    let name = reference(&registry, ":1");
    let id = pulled.image.id;
    for typed in [
        name.familiar(),
        id.to_string(),
        id.hex(),
        id.short(),
        id.hex()[..3].to_owned(),
    ] {
        assert_eq!(store.resolve(&typed).unwrap(), pulled.image, "{typed}");
    }
    let names = store.names(&id).unwrap();
    assert_eq!(names.tags, [name.familiar()]);
    assert_eq!(
        names.digests,
        [format!("{}@{}", name.familiar_name(), image.digest())]
    );
    assert_eq!(pulled.image.size, (3 << 20) + 4 + 4 + 3);
    assert_eq!(store.root().metadata().unwrap().mode() & 0o777, 0o700);

    let again = pull(&store, &registry).unwrap();
    assert!(again.was_current);
    assert_eq!(
        registry.requests("/blobs/").len(),
        2 + 1,
        "the second pull asks for the manifest alone"
    );
}

#[test]
fn dockers_media_types_are_pulled() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let mut image = two_layers();
    image.manifest_type = media::DOCKER_MANIFEST.into();
    image.layers[0].media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip".into();
    image.describe();
    image.manifest["config"]["mediaType"] = media::DOCKER_CONFIG.into();
    image.serve(&registry, "1");
    check_two_layers(&store, &pull(&store, &registry).unwrap());
}

#[test]
fn an_index_is_resolved_by_platform_and_by_digest() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let (ours, mut other) = (two_layers(), two_layers());
    other.config["architecture"] = "s390x".into();
    other.describe();
    let entry = |image: &TestImage, architecture: &str| {
        json!({"mediaType": image.manifest_type, "digest": image.digest(), "size": image.manifest_bytes().len(),
               "platform": {"os": "linux", "architecture": architecture}})
    };
    let host = platform::host().architecture;
    let index = json!({"schemaVersion": 2, "manifests": [entry(&other, "s390x"), entry(&ours, &host)]});
    let index = serde_json::to_vec(&index).unwrap();
    for image in [&ours, &other] {
        image.serve(&registry, "unused");
    }
    let digest = Digest::of(&index);
    for name in ["1".to_owned(), digest.to_string()] {
        registry.route(
            manifest_path(&name),
            vec![Answer::new(200, index.clone()).header("Content-Type", media::OCI_INDEX)],
        );
    }
    let pulled = pull(&store, &registry).unwrap();
    assert_eq!(pulled.image.config.architecture, host);
    assert_eq!(pulled.digest, digest, "the reference stands for the index");
    let by_digest = reference(&registry, &format!("@{digest}"));
    assert_eq!(
        registry::pull(&store, &by_digest, &options(), &Silent)
            .unwrap()
            .image
            .id,
        pulled.image.id
    );
    let with = |text: &str| {
        let options = Options {
            platform: Some(platform::parse(text).unwrap()),
            ..options()
        };
        registry::pull(&store, &reference(&registry, ":1"), &options, &Silent)
    };
    assert_eq!(with("linux/s390x").unwrap().image.config.architecture, "s390x");
    let error = with("linux/riscv64").unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.hints()[0].contains("linux/s390x"), "{:?}", error.hints());
}

/// Each manifest may be long, and an index may name thousands of them: all are in memory for a push.
#[test]
fn an_index_of_too_much_is_refused() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "unused");
    let entry = |digest: Digest, size: u64, architecture: &str| {
        json!({"mediaType": image.manifest_type, "digest": digest, "size": size,
               "platform": {"os": "linux", "architecture": architecture}})
    };
    let length = image.manifest_bytes().len() as u64;
    let mut entries = vec![entry(image.digest(), length, &platform::host().architecture)];
    entries.extend((0..40_u8).map(|number| entry(Digest::of(&[number]), 8 << 20, "s390x")));
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    registry.route(
        manifest_path("1"),
        vec![Answer::new(200, index).header("Content-Type", media::OCI_INDEX)],
    );
    let options = Options {
        all_platforms: true,
        ..options()
    };
    let error = registry::pull(&store, &reference(&registry, ":1"), &options, &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Limit, "{error}");
    assert!(store.images().unwrap().is_empty());
}

#[test]
fn broken_connections_resume_where_they_broke() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    let layer = &image.layers[0];
    let whole = Answer::new(200, layer.blob.clone());
    let cut = whole.clone().ending(Ending::CutAfter(1 << 20));
    let stall = whole.clone().ending(Ending::StallAfter(1 << 20));
    registry.route(
        blob_path(&layer.digest()),
        vec![cut, stall, Answer::new(503, ""), whole],
    );
    check_two_layers(&store, &pull(&store, &registry).unwrap());
    let requests = registry.requests(&layer.digest().to_string());
    let ranges: Vec<_> = requests
        .iter()
        .map(|request| request.headers.get("range").cloned())
        .collect();
    assert_eq!(ranges[0], None);
    assert_eq!(ranges[1].as_deref(), Some("bytes=1048576-"));
    assert_eq!(
        ranges[2..],
        [
            Some("bytes=2097152-".to_owned()),
            Some("bytes=2097152-".to_owned())
        ]
    );
}

#[test]
fn a_registry_without_ranges_is_read_again_from_the_start() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    let layer = &image.layers[0];
    let mut whole = Answer::new(200, layer.blob.clone());
    whole.ranges = false;
    registry.route(
        blob_path(&layer.digest()),
        vec![whole.clone().ending(Ending::CutAfter(1 << 20)), whole],
    );
    check_two_layers(&store, &pull(&store, &registry).unwrap());
}

#[test]
fn a_busy_registry_is_asked_again() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    let busy = Answer::new(429, "").header("Retry-After", "0");
    registry.route(
        manifest_path("1"),
        vec![busy, Answer::new(502, ""), image.manifest_answer()],
    );
    check_two_layers(&store, &pull(&store, &registry).unwrap());
    assert_eq!(registry.requests("/manifests/").len(), 3);
}

#[test]
fn tokens_are_fetched_where_the_registry_says() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    two_layers().serve(&registry, "1");
    let realm = format!(
        "Bearer realm=\"http://{}/token\",service=\"s p\"",
        registry.host()
    );
    registry.guard("Bearer abc", &realm);
    registry.route("/token", vec![Answer::new(200, r#"{"token":"abc"}"#)]);
    check_two_layers(&store, &pull(&store, &registry).unwrap());
    let tokens = registry.requests("/token");
    assert_eq!(tokens.len(), 1, "one token serves the whole pull");
    assert!(
        tokens[0].path.contains("scope=repository%3Atest%2Fimage%3Apull"),
        "{}",
        tokens[0].path
    );
    assert!(tokens[0].path.contains("service=s+p"), "{}", tokens[0].path);
}

#[test]
fn two_pulls_at_once_download_each_layer_once() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let image = two_layers();
    image.serve(&registry, "1");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| check_image(&store, &pull(&store, &registry).unwrap()));
        }
    });
    for layer in &image.layers {
        assert_eq!(registry.requests(&layer.digest().to_string()).len(), 1);
    }
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
    assert_eq!(names_in(&store, "layers").len(), 2, "no lock stays behind");
}

fn check_image(store: &Store, pulled: &Pulled) {
    for chain_id in &pulled.image.layers {
        assert!(store.has_layer(chain_id));
    }
}

#[test]
fn many_layers_arrive_in_any_order() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    let layers = (0..30).map(|number| {
        let (path, text) = (format!("dir/{number}"), number.to_string());
        let tar = tar_of(&[(&path, text.as_bytes()), ("dir/last", text.as_bytes())]);
        match number % 3 {
            0 => TestLayer::plain(&tar),
            1 => TestLayer::gzip(&tar),
            _ => TestLayer::zstd(&tar),
        }
    });
    TestImage::new(layers.collect()).serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    assert_eq!(pulled.image.layers.len(), 30);
    let top = store.layer_files(pulled.image.layers.last().unwrap());
    assert_eq!(fs::read_to_string(top.join("dir/last")).unwrap(), "29");
}

/// The kernel itself stacks the layers, in a mount namespace of its own.
#[test]
fn the_snapshot_mounts_and_shows_the_image() {
    let (registry, (_dir, store)) = (FakeRegistry::start(), new_store());
    two_layers().serve(&registry, "1");
    let pulled = pull(&store, &registry).unwrap();
    let container = store.root().join("containers/c");
    fs::create_dir_all(&container).unwrap();
    let mounts = snapshot::prepare(
        &store,
        &pulled.image,
        &container,
        snapshot::StorageDriver::Overlay2,
    )
    .unwrap();
    assert_eq!(mounts.len(), 1);
    assert_eq!(
        (mounts[0].kind.as_str(), mounts[0].target.as_str()),
        ("overlay", "rootfs")
    );
    let script = format!(
        "mount -t overlay overlay -o {} rootfs && cd rootfs && echo changed >etc/kept && find . | sort && cat etc/new",
        mounts[0].options.join(",")
    );
    let output = in_mount_namespace(&container, &script);
    assert_eq!(output, ".\n./etc\n./etc/kept\n./etc/new\n./large\nnew");
    assert_eq!(
        fs::read_to_string(container.join("upper/etc/kept")).unwrap(),
        "changed\n"
    );
    let lower = store.layer_files(&pulled.image.layers[0]).join("etc/kept");
    assert_eq!(
        fs::read_to_string(lower).unwrap(),
        "kept",
        "the image does not change"
    );
}

fn in_mount_namespace(directory: &Path, script: &str) -> String {
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-ec", script])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What another pull began and gave up is made after all, and then in a thread whose umask is its own, too.
#[test]
fn a_layer_that_another_pull_gave_up_has_its_modes() {
    let registry = FakeRegistry::start();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o666);
    header.set_size(0);
    builder.append_data(&mut header, "shared", &[][..]).unwrap();
    let image = TestImage::new(vec![TestLayer::plain(&builder.into_inner().unwrap())]);
    image.serve(&registry, "1");
    let (_dir, store) = new_store();
    let layer = store.layer_files(&image.layers[0].diff_id);
    let lock_path = layer.parent().unwrap().with_extension("lock");
    let lock = Flock::lock(fs::File::create(&lock_path).unwrap(), FlockArg::LockExclusive).unwrap();
    let watch = Inotify::init(InitFlags::IN_CLOEXEC).unwrap();
    watch
        .add_watch(&lock_path, AddWatchFlags::IN_CLOSE_WRITE)
        .unwrap();
    let script = format!(
        "umask 077; exec {} --root {} pull --quiet {}",
        program("corten").display(),
        store.root().display(),
        reference(&registry, ":1")
    );
    let mut pull = Command::new("sh")
        .args(["-c", &script])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // It has seen that the layer is taken, and goes on to wait for it.
    watch.read_events().unwrap();
    fs::remove_file(&lock_path).unwrap();
    drop(lock);
    assert!(pull.wait().unwrap().success());
    assert_eq!(fs::metadata(layer.join("shared")).unwrap().mode() & 0o7777, 0o666);
    assert_eq!(fs::metadata(&layer).unwrap().mode() & 0o7777, 0o755);
}

#[test]
fn pulling_again_repairs_a_damaged_configuration() {
    let registry = FakeRegistry::start();
    let image = two_layers();
    image.serve(&registry, "1");
    let (_dir, store) = new_store();
    let id = pull(&store, &registry).unwrap().image.id;
    fs::write(store.root().join("blobs/sha256").join(id.hex()), "{}").unwrap();
    assert_eq!(store.image(&id).unwrap_err().kind(), Kind::Integrity);
    pull(&store, &registry).unwrap();
    assert_eq!(store.image(&id).unwrap().id, id);
}

/// overlayfs does not look whether the root of a layer is opaque.
#[test]
fn an_opaque_root_hides_the_layers_below() {
    let registry = FakeRegistry::start();
    let layers = [
        tar_of(&[("below", b"")]),
        tar_of(&[(".wh..wh..opq", b""), ("middle", b"")]),
        tar_of(&[("top", b"")]),
    ];
    TestImage::new(layers.iter().map(|tar| TestLayer::gzip(tar)).collect()).serve(&registry, "1");
    let (_dir, store) = new_store();
    let image = pull(&store, &registry).unwrap().image;
    let lower = snapshot::lower(&store, &image);
    let shown: Vec<_> = lower
        .iter()
        .flat_map(|layer| fs::read_dir(layer).unwrap())
        .collect();
    let mut names: Vec<_> = shown
        .into_iter()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["middle", "top"]);
}

/// Byte for byte as they came: so that they can be pushed and saved under the same digests.
#[test]
fn the_blobs_of_layers_are_kept_as_long_as_an_image_needs_them() {
    let registry = FakeRegistry::start();
    let image = two_layers();
    image.serve(&registry, "1");
    let (_dir, store) = new_store();
    let pulled = pull(&store, &registry).unwrap();
    let kept = |layer: &TestLayer| fs::read(store.root().join("blobs/sha256").join(layer.digest().hex()));
    for layer in &image.layers {
        assert!(kept(layer).unwrap() == layer.blob);
    }
    store.remove_image(&pulled.image.id.hex(), true).unwrap();
    assert!(image.layers.iter().all(|layer| kept(layer).is_err()));
}

/// The files are there already: only what is missing is fetched.
#[test]
fn the_same_files_packed_in_another_way_are_another_blob() {
    let registry = FakeRegistry::start();
    let tar = tar_of(&[("file", b"content")]);
    let (gzip, zstd) = (TestLayer::gzip(&tar), TestLayer::zstd(&tar));
    TestImage::new(vec![gzip.clone()]).serve(&registry, "1");
    let (_dir, store) = new_store();
    let first = pull(&store, &registry).unwrap().image;
    TestImage::new(vec![zstd.clone()]).serve(&registry, "1");
    let second = pull(&store, &registry).unwrap().image;
    assert_eq!((first.id, first.layers), (second.id, second.layers));
    assert!(store.has_blob(&zstd.digest()));
    assert_eq!(
        store.manifest(&store.image(&second.id).unwrap()).unwrap().layers[0].digest,
        zstd.digest()
    );
}

/// The first format had no blobs of layers: a pull gets them.
#[test]
fn a_store_of_the_first_format_is_taken_over() {
    let registry = FakeRegistry::start();
    let image = two_layers();
    image.serve(&registry, "1");
    let (_dir, store) = new_store();
    pull(&store, &registry).unwrap();
    fs::write(store.root().join("version"), "corten store 1\n").unwrap();
    for layer in &image.layers {
        fs::remove_file(store.root().join("blobs/sha256").join(layer.digest().hex())).unwrap();
    }
    let store = Store::open(store.root()).unwrap();
    assert_eq!(
        fs::read_to_string(store.root().join("version")).unwrap(),
        "corten store 2\n"
    );
    assert_eq!(store.images().unwrap().len(), 1);
    let again = pull(&store, &registry).unwrap();
    assert!(image.layers.iter().all(|layer| store.has_blob(&layer.digest())));
    check_two_layers(&store, &again);
}

/// What a later version wrote is not touched, and it is said why.
#[test]
fn a_store_of_a_later_format_is_refused() {
    let (_dir, store) = new_store();
    let version = store.root().join("version");
    for text in ["corten store 3\n", "corten store 10\n", "", "something else"] {
        fs::write(&version, text).unwrap();
        let before = fs::read_dir(store.root()).unwrap().count();
        let error = Store::open(store.root()).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported, "{text:?}");
        assert!(error.to_string().contains("another format"), "{error}");
        assert!(
            error.hints()[0].contains("another version of corten"),
            "{:?}",
            error.hints()
        );
        assert_eq!(fs::read_to_string(&version).unwrap(), text);
        assert_eq!(fs::read_dir(store.root()).unwrap().count(), before);
    }
}
