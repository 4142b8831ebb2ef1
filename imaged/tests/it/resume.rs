//! What arrived of a blob before a pull ended is used by the next one, and never believed; faults on the way to a real
//! registry cost time and nothing else.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use corten_imaged::error::Kind;
use corten_imaged::registry::{self, Options, Silent};
use corten_imaged::store::Store;

use super::fake_registry::{Answer, Ending, FakeRegistry};
use super::faulty_proxy::{Fault, FaultyProxy};
use super::pulls::{names_in, new_store, options, pull, reference};
use super::pushes::with;
use super::real_registry::Registry;
use super::sandbox::Sandbox;
use super::test_image::{TestImage, TestLayer, blob_path, noise, tar_of, two_layers};

/// A registry whose first layer breaks off after so many bytes, as often as anybody asks.
fn breaking(image: &TestImage, after: usize) -> FakeRegistry {
    let registry = FakeRegistry::start();
    image.serve(&registry, "1");
    let layer = &image.layers[0];
    let cut = Answer::new(200, layer.blob.clone()).ending(Ending::CutAfter(after));
    registry.route(blob_path(&layer.digest()), vec![cut, Answer::new(503, "")]);
    registry
}

/// Serves all again, and forgets what was asked.
fn mend(registry: &FakeRegistry, image: &TestImage) {
    image.serve(registry, "1");
}

fn part(store: &Store, image: &TestImage) -> PathBuf {
    let name = format!("partial-{}", image.layers[0].digest().hex());
    store.root().join("tmp").join(name)
}

/// The ranges that the layer's blob was asked for.
fn ranges(registry: &FakeRegistry, image: &TestImage) -> Vec<Option<String>> {
    let requests = registry.requests(&image.layers[0].digest().to_string());
    requests
        .iter()
        .map(|request| request.headers.get("range").cloned())
        .collect()
}

#[test]
fn the_next_pull_goes_on_where_the_last_one_ended() {
    let (image, (_dir, store)) = (two_layers(), new_store());
    let registry = breaking(&image, 2 << 20);
    let error = pull(&store, &registry).unwrap_err();
    assert_eq!(error.kind(), Kind::Network, "{error}");
    assert_eq!(names_in(&store, "tmp").len(), 1);
    assert_eq!(
        fs::read(part(&store, &image)).unwrap(),
        image.layers[0].blob[..2 << 20]
    );
    assert!(!store.has_blob(&image.layers[0].digest()), "a part is no blob");

    mend(&registry, &image);
    let before = ranges(&registry, &image).len();
    let pulled = pull(&store, &registry).unwrap();
    assert_eq!(
        ranges(&registry, &image)[before..],
        [Some("bytes=2097152-".to_owned())]
    );
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
    let blob = store
        .root()
        .join("blobs/sha256")
        .join(image.layers[0].digest().hex());
    assert_eq!(fs::read(blob).unwrap(), image.layers[0].blob);
    let large = store.layer_files(&pulled.image.layers[0]).join("large");
    assert_eq!(fs::read(large).unwrap(), noise(3 << 20));
}

#[test]
fn a_part_that_was_damaged_is_fetched_anew() {
    let (image, (_dir, store)) = (two_layers(), new_store());
    let registry = breaking(&image, 2 << 20);
    pull(&store, &registry).unwrap_err();
    let file = OpenOptions::new().write(true).open(part(&store, &image)).unwrap();
    file.write_all_at(b"damage", 1 << 20).unwrap();
    mend(&registry, &image);
    let before = ranges(&registry, &image).len();
    pull(&store, &registry).unwrap();
    assert_eq!(
        ranges(&registry, &image)[before..],
        [Some("bytes=2097152-".to_owned()), None]
    );
    assert!(store.check().unwrap().is_empty());
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
}

/// All of it had arrived, but not been made visible.
#[test]
fn a_part_that_is_whole_is_not_fetched_at_all() {
    let (image, (_dir, store)) = (two_layers(), new_store());
    let registry = FakeRegistry::start();
    image.serve(&registry, "1");
    fs::write(part(&store, &image), &image.layers[0].blob).unwrap();
    pull(&store, &registry).unwrap();
    assert_eq!(ranges(&registry, &image), [None::<String>; 0]);
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
}

#[test]
fn a_killed_pull_leaves_a_part_and_prune_takes_it() {
    let (image, sandbox) = (two_layers(), Sandbox::new());
    let registry = FakeRegistry::start();
    image.serve(&registry, "1");
    let whole = Answer::new(200, image.layers[0].blob.clone());
    let stall = whole.clone().ending(Ending::StallAfter(2 << 20));
    registry.route(blob_path(&image.layers[0].digest()), vec![stall, whole]);
    let name = reference(&registry, ":1").to_string();
    let mut child = sandbox
        .command(&["pull", "-q", &name])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    registry.wait_for_stall();
    child.kill().unwrap();
    child.wait().unwrap();
    let store = Store::open(&sandbox.root()).unwrap();
    assert!(part(&store, &image).exists());
    assert!(store.check().unwrap().is_empty());
    let held = store
        .partial(&image.layers[0].digest(), 1 << 30)
        .unwrap()
        .unwrap();
    sandbox.ok(&["image", "prune", "--force"]);
    assert!(part(&store, &image).exists(), "somebody adds to it");
    drop(held);
    sandbox.ok(&["image", "prune", "--force"]);
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
    sandbox.ok(&["pull", "-q", &name]);
}

/// The wrong bytes end a pull; what came of them is not there for the next.
#[test]
fn nothing_is_kept_of_a_blob_with_the_wrong_digest() {
    let (image, (_dir, store)) = (two_layers(), new_store());
    let registry = FakeRegistry::start();
    image.serve(&registry, "1");
    let mut wrong = image.layers[0].blob.clone();
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    registry.route(
        blob_path(&image.layers[0].digest()),
        vec![Answer::new(200, wrong)],
    );
    assert_eq!(pull(&store, &registry).unwrap_err().kind(), Kind::Integrity);
    assert!(!part(&store, &image).exists());
    mend(&registry, &image);
    pull(&store, &registry).unwrap();
}

/// Two layers that do not compress, in parts that no chunk ends with.
fn large_image() -> TestImage {
    TestImage::new(vec![
        TestLayer::gzip(&tar_of(&[("first", &noise(9_000_000))])),
        TestLayer::zstd(&tar_of(&[("second", &noise(35_000_001))])),
    ])
}

#[test]
fn a_pull_through_all_faults_is_what_was_pushed() {
    use Fault::{Reset, Short, Stall, Status};
    let (registry, image) = (Registry::start(), large_image());
    let name = registry.image("x:1");
    with(&image, &name).ok(&["push", "--quiet", &name]);
    let blob = vec![
        Reset(1 << 20),
        Status(429),
        Short(3 << 20),
        Stall(1 << 20),
        Status(503),
        Reset(0),
        Short(100),
        Stall(2 << 20),
    ];
    let plan = vec![
        (
            "GET",
            "/manifests/",
            vec![Status(500), Short(20), Reset(0), Status(429)],
        ),
        ("GET", "/blobs/", blob),
    ];
    let proxy = FaultyProxy::start(&registry.address, plan);
    let (_dir, store) = new_store();
    let how = Options {
        attempts: 5,
        ..options()
    };
    let wanted = proxy.image("x:1").parse().unwrap();
    let pulled = registry::pull(&store, &wanted, &how, &Silent).unwrap();
    assert_eq!(proxy.left(), 0, "every fault happened");
    assert_eq!(pulled.digest, image.digest());
    assert!(store.check().unwrap().is_empty());
    let second = store.layer_files(&pulled.image.layers[1]).join("second");
    assert_eq!(fs::read(second).unwrap(), noise(35_000_001));
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
}

#[test]
fn a_corrupted_download_is_refused_and_repeated_by_the_next_pull() {
    let (registry, image) = (Registry::start(), two_layers());
    let name = registry.image("x:1");
    with(&image, &name).ok(&["push", "--quiet", &name]);
    let digest = image.layers[0].digest().to_string();
    let digest: &'static str = digest.leak();
    let proxy = FaultyProxy::start(&registry.address, vec![("GET", digest, vec![Fault::Corrupt])]);
    let (_dir, store) = new_store();
    let wanted = proxy.image("x:1").parse().unwrap();
    let error = registry::pull(&store, &wanted, &options(), &Silent).unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity, "{error}");
    registry::pull(&store, &wanted, &options(), &Silent).unwrap();
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_push_through_all_faults_arrives_whole() {
    use Fault::{Lost, Reset, Status};
    let (registry, image) = (Registry::start(), large_image());
    let plan = vec![
        ("HEAD", "/blobs/", vec![Status(502), Lost]),
        ("POST", "/uploads/", vec![Status(503), Lost]),
        ("PATCH", "/uploads/", vec![Lost, Status(500), Reset(0)]),
        ("PUT", "/uploads/", vec![Status(429), Lost]),
        ("PUT", "/manifests/", vec![Lost, Status(503)]),
    ];
    let proxy = FaultyProxy::start(&registry.address, plan);
    let name = proxy.image("x:1");
    let sandbox = with(&image, &name);
    sandbox.ok(&["push", &name]);
    assert_eq!(proxy.left(), 0, "every fault happened");
    let (_dir, store) = new_store();
    let direct = registry.image("x:1").parse().unwrap();
    let pulled = registry::pull(&store, &direct, &options(), &Silent).unwrap();
    assert_eq!(pulled.digest, image.digest());
    assert!(store.check().unwrap().is_empty());
}

/// Nobody waits an hour for a registry: the answer is explained.
#[test]
fn a_limit_is_explained_at_once() {
    let registry = FakeRegistry::start();
    let (_dir, store) = new_store();
    let answer = Answer::new(
        429,
        r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#,
    )
    .header("Retry-After", "3600")
    .header("RateLimit-Limit", "100;w=21600");
    registry.route(super::test_image::manifest_path("1"), vec![answer]);
    let error = pull(&store, &registry).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("its limit for requests is reached (100 in 6 h): slow down"),
        "{text}"
    );
    let hints = error.hints().join("\n");
    assert!(hints.contains("`corten login"), "{hints}");
    assert!(hints.contains("the registry asks to wait 3600 s"), "{hints}");
    assert_eq!(registry.requests("/manifests/").len(), 1);
}

/// The layers had OCI's words, the manifest docker's: nobody could pull that.
#[test]
fn dockers_image_is_compressed_anew_in_words_of_one_kind() {
    let (registry, mut image) = (Registry::start(), two_layers());
    image.layers.truncate(1);
    let mut image = TestImage::new(image.layers);
    image.manifest_type = corten_imaged::oci::media::DOCKER_MANIFEST.into();
    image.layers[0].media_type = "application/vnd.docker.image.rootfs.diff.tar.gzip".into();
    image.describe();
    image.manifest["config"]["mediaType"] = corten_imaged::oci::media::DOCKER_CONFIG.into();
    let name = registry.image("a:1");
    with(&image, &name).ok(&["push", "--quiet", "--compression", "zstd", &name]);
    let copied = tempfile::tempdir().unwrap();
    let done = Command::new("skopeo")
        .args(["copy", "-q", "--src-tls-verify=false"])
        .arg(format!("docker://{name}"))
        .arg(format!("oci:{}", copied.path().display()))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Sandbox::new().ok(&["pull", "-q", &name]);
}

/// Docker's own client shows that what is pushed with docker's words is what docker reads.
#[test]
fn compression_and_format_are_as_wished() {
    let (registry, image) = (Registry::start(), two_layers());
    let name = registry.image("a:1");
    let sandbox = with(&image, &name);
    let layers = |tag: &str| {
        let raw = Command::new("skopeo")
            .args(["inspect", "--raw", "--tls-verify=false"])
            .arg(format!("docker://{}", registry.image(tag)))
            .output()
            .unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&raw.stdout).unwrap();
        let types = manifest["layers"].as_array().unwrap().iter();
        let types: Vec<_> = types
            .map(|layer| layer["mediaType"].as_str().unwrap().to_owned())
            .collect();
        (
            manifest["mediaType"].as_str().unwrap().to_owned(),
            types.join(" "),
        )
    };
    let push = |tag: &str, flags: &[&str]| {
        sandbox.ok(&["tag", &name, &registry.image(tag)]);
        let target = registry.image(tag);
        let words = ["push", "--quiet"].iter().copied().chain(flags.iter().copied());
        sandbox.ok(&words.chain([target.as_str()]).collect::<Vec<_>>());
    };
    let oci = "application/vnd.oci.image.layer.v1.tar+";
    let manifest = "application/vnd.oci.image.manifest.v1+json".to_owned();
    push("b:1", &["--compression", "zstd:7"]);
    assert_eq!(layers("b:1"), (manifest.clone(), format!("{oci}zstd {oci}zstd")));
    push("b:2", &["--compression", "gzip"]);
    assert_eq!(layers("b:2"), (manifest, format!("{oci}gzip {oci}gzip")));
    push("b:3", &["--compression", "gzip:1", "--format", "docker"]);
    let docker = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    assert_eq!(
        layers("b:3"),
        (
            "application/vnd.docker.distribution.manifest.v2+json".to_owned(),
            format!("{docker} {docker}")
        )
    );
    let refused = sandbox.corten(&["push", "--format", "docker", &name]);
    assert!(
        refused.stderr.contains("docker's format has no word for"),
        "{refused:?}"
    );
    // The store's own image is what it was, and what was pushed is the same image.
    sandbox.ok(&["push", "--quiet", &name]);
    let store = Store::open(&sandbox.root()).unwrap();
    assert_eq!(store.resolve(&name).unwrap().manifest, image.digest());
    let other = Sandbox::new();
    for tag in ["a:1", "b:1", "b:2", "b:3"] {
        other.ok(&["pull", "--quiet", &registry.image(tag)]);
    }
    assert_eq!(Store::open(&other.root()).unwrap().images().unwrap().len(), 1);
    assert_eq!(names_in(&store, "tmp"), [""; 0]);

    let all = Sandbox::new();
    let said = all.ok(&["pull", "--all-tags", &registry.image("b")]);
    assert!(said.contains("2: Pulling from"), "{said}");
    let tags = all.ok(&["images", "--format", "{{.Tag}}", &registry.image("b")]);
    let mut tags: Vec<_> = tags.lines().collect();
    tags.sort_unstable();
    assert_eq!(tags, ["1", "2", "3"]);
}
