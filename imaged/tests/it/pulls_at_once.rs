//! Many at once: pulls of images that share layers, and images of many layers.

use std::process::{Child, Stdio};

use corten_imaged::store::Store;

use super::fake_registry::FakeRegistry;
use super::pulls::{names_in, reference};
use super::sandbox::{HELLO, Sandbox};
use super::test_image::{TestImage, TestLayer, noise, tar_of};

/// Fifty processes, ten images, a common base: every layer is fetched and made once, and nobody fails.
#[test]
fn fifty_pulls_at_once_make_each_layer_once() {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let large = noise(300_000);
    let base = TestLayer::gzip(&tar_of(&[("base", &large)]));
    let middle: Vec<TestLayer> = (0..3)
        .map(|n| TestLayer::zstd(&tar_of(&[(format!("middle{n}").as_str(), &large[n..])])))
        .collect();
    let images: Vec<TestImage> = (0..10)
        .map(|n| {
            let top = TestLayer::gzip(&tar_of(&[(format!("top{n}").as_str(), &large[..100 + n])]));
            TestImage::new(vec![base.clone(), middle[n % 3].clone(), top])
        })
        .collect();
    for (n, image) in images.iter().enumerate() {
        image.serve(&registry, &n.to_string());
    }
    let pull = |n: usize| {
        let name = reference(&registry, &format!(":{}", n % 10)).to_string();
        let mut command = sandbox.command(&["pull", "--quiet", &name]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let pulls: Vec<Child> = (0..50).map(pull).collect();
    for pull in pulls {
        let output = pull.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    for layer in images.iter().flat_map(|image| &image.layers) {
        let asked = registry.requests(&layer.digest().to_string()).len();
        assert_eq!(asked, 1, "{}", layer.digest());
    }
    let store = Store::open(&sandbox.root()).unwrap();
    assert_eq!(store.check().unwrap(), []);
    assert_eq!(store.images().unwrap().len(), 10);
    assert_eq!(names_in(&store, "layers").len(), 1 + 3 + 10);
    assert_eq!(names_in(&store, "tmp"), [""; 0]);
}

/// As many layers as overlayfs stacks, pulled and run.
#[test]
fn five_hundred_layers_are_one_file_system() {
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    // The program comes from the built-in image.
    sandbox.ok(&["pull", "--quiet", HELLO]);
    let store = Store::open(&sandbox.root()).unwrap();
    let hello = store.resolve(HELLO).unwrap();
    let program = std::fs::read(store.layer_files(&hello.layers[0]).join("hello")).unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    builder.append_data(&mut header, "hello", &program[..]).unwrap();
    let mut layers = vec![TestLayer::gzip(&builder.into_inner().unwrap())];
    for n in 1..500 {
        let name = format!("d{}/file{n}", n % 10);
        layers.push(TestLayer::gzip(&tar_of(&[(name.as_str(), name.as_bytes())])));
    }
    let mut image = TestImage::new(layers);
    image.config["config"]["Cmd"] = serde_json::json!(["/hello", "exit", "7"]);
    image.describe();
    image.serve(&registry, "1");
    let name = reference(&registry, ":1").to_string();
    sandbox.ok(&["pull", "--quiet", &name]);
    let done = sandbox.corten(&["run", "--rm", &name]);
    assert_eq!(done.code, Some(7), "{done:?}");
    let id = sandbox.ok(&["create", &name]);
    let listed = sandbox.corten(&["export", &id]);
    for n in [1, 250, 499] {
        assert!(
            listed.stdout.contains(&format!("d{}/file{n}", n % 10)),
            "layer {n}"
        );
    }
}
