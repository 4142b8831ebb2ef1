//! Where registries are, as `hosts.toml` and `registries.conf` say: mirrors, TLS, blocked and insecure registries.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::fake_registry::{Answer, FakeRegistry};
use super::pulls::reference;
use super::pushes::with;
use super::real_registry::Registry;
use super::sandbox::{Done, Sandbox};
use super::test_image::{TestImage, TestLayer, blob_path, manifest_path, noise, two_layers};

/// A machine whose registries are configured below one directory.
pub(crate) struct Machine {
    directory: tempfile::TempDir,
    sandbox: Sandbox,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            sandbox: Sandbox::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn corten(&self, words: &[&str]) -> Done {
        self.command(words).output().unwrap().into()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(words);
        command
            .env("CORTEN_HOSTS_DIR", self.path("hosts"))
            .env("CONTAINERS_REGISTRIES_CONF", self.path("registries.conf"))
            .env("HOME", self.directory.path())
            .env_remove("SSL_CERT_FILE");
        command
    }

    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let done = self.corten(words);
        assert_eq!(done.code, Some(0), "{words:?}: {done:?}");
        done.stdout.trim_end().to_owned()
    }
}

#[test]
fn mirrors_are_asked_before_the_registry_and_left_when_they_fail() {
    let (dead, partial, registry) = (
        FakeRegistry::start(),
        FakeRegistry::start(),
        FakeRegistry::start(),
    );
    let (machine, image) = (Machine::new(), two_layers());
    image.serve(&registry, "1");
    let layers = image.layers.iter().map(TestLayer::digest).collect::<Vec<_>>();
    // One mirror breaks, the other has one layer alone and lies about the tag.
    dead.route(manifest_path("1"), vec![Answer::new(503, "")]);
    partial.route(
        manifest_path("1"),
        vec![
            image
                .manifest_answer()
                .header("Docker-Content-Digest", layers[0].to_string()),
        ],
    );
    partial.route(
        blob_path(&layers[0]),
        vec![Answer::new(200, image.layers[0].blob.clone())],
    );
    machine.write(
        "hosts/registry.example/hosts.toml",
        &format!(
            "server = \"http://{}\"\n[host.\"http://{}\"]\n[host.\"http://{}\"]\ncapabilities = [\"pull\", \"resolve\"]\n",
            registry.host(),
            dead.host(),
            partial.host()
        ),
    );
    let said = machine.ok(&["pull", "registry.example/test/image:1"]);
    assert!(said.contains(&format!("Digest: {}", image.digest())), "{said}");
    assert_eq!(dead.requests("").len(), 1, "what is down is asked once");
    assert!(dead.requests("ns=registry.example").len() == 1);
    assert_eq!(registry.requests(&layers[0].to_string()).len(), 0);
    assert_eq!(registry.requests(&layers[1].to_string()).len(), 1);
    assert_eq!(
        machine.ok(&["images", "--format", "{{.Repository}}"]),
        "registry.example/test/image"
    );
}

/// Such an image could not be pulled at all, though the registry has it right.
#[test]
fn what_a_mirror_has_wrong_comes_from_the_registry() {
    let (mirror, registry) = (FakeRegistry::start(), FakeRegistry::start());
    let (machine, image) = (Machine::new(), two_layers());
    image.serve(&registry, "1");
    machine.write(
        "hosts/registry.example/hosts.toml",
        &format!(
            "server = \"http://{}\"\n[host.\"http://{}\"]\n",
            registry.host(),
            mirror.host()
        ),
    );
    let first = blob_path(&image.layers[0].digest());
    let blob = &image.layers[0].blob;
    let damaged: Vec<u8> = [&blob[..blob.len() / 2], &noise(blob.len() - blob.len() / 2)].concat();
    let longer = [&blob[..], b"more"].concat();
    let elsewhere = Answer::new(206, blob.clone()).header("Content-Range", "bytes 1-2/3");
    for answer in [Answer::new(200, damaged), Answer::new(200, longer), elsewhere] {
        image.serve(&mirror, "1");
        mirror.route(&first, vec![answer]);
        machine.ok(&["pull", "-q", "registry.example/test/image:1"]);
        machine.ok(&["rmi", "registry.example/test/image:1"]);
        let place = machine.path("layout");
        machine.ok(&[
            "copy",
            "docker://registry.example/test/image:1",
            &format!("oci:{}", place.display()),
        ]);
        fs::remove_dir_all(place).unwrap();
    }
    assert_eq!(mirror.requests(&first).len(), 6, "once each");
}

/// A registry that is reached through its mirror alone.
fn only_through(mirror: &FakeRegistry) -> Machine {
    let machine = Machine::new();
    machine.write(
        "hosts/registry.example/hosts.toml",
        &format!(
            "server = \"http://127.0.0.1:1\"\n[host.\"http://{}\"]\n",
            mirror.host()
        ),
    );
    machine
}

#[test]
fn a_mirror_is_not_blamed_for_a_part_that_was_damaged_here() {
    let (mirror, image) = (FakeRegistry::start(), two_layers());
    let machine = only_through(&mirror);
    let layer = &image.layers[0];
    machine.ok(&["images"]);
    let part = format!("tmp/partial-{}", layer.digest().hex());
    fs::write(machine.sandbox.root().join(part), noise(2 << 20)).unwrap();
    image.serve(&mirror, "1");
    let done = machine.corten(&["pull", "-q", "registry.example/test/image:1"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(done.stderr, "");
    assert_eq!(mirror.requests(&blob_path(&layer.digest())).len(), 2);
}

#[test]
fn a_mirror_is_not_blamed_for_what_is_in_a_layer() {
    let (mirror, image) = (
        FakeRegistry::start(),
        TestImage::new(vec![TestLayer::gzip(&[b'x'; 2048])]),
    );
    let machine = only_through(&mirror);
    image.serve(&mirror, "1");
    let done = machine.corten(&["pull", "-q", "registry.example/test/image:1"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(!done.stderr.contains("wrong bytes"), "{done:?}");
    assert!(!done.stderr.contains("127.0.0.1:1"), "{done:?}");
}

#[test]
fn registries_conf_mirrors_blocks_and_names() {
    let (mirror, registry) = (FakeRegistry::start(), FakeRegistry::start());
    let (machine, image) = (Machine::new(), two_layers());
    image.serve(&mirror, "1");
    image.serve(&registry, "2");
    machine.write(
        "registries.conf",
        &format!(
            "unqualified-search-registries = [\"{registry}\", \"{mirror}\"]\n\
             [[registry]]\nprefix = \"r.example/team\"\nlocation = \"{registry}/test\"\n\
             [[registry.mirror]]\nlocation = \"{mirror}/test\"\n\
             [[registry]]\nlocation = \"bad.example\"\nblocked = true\n\
             [aliases]\n\"short\" = \"r.example/team/image\"\n",
            registry = registry.host(),
            mirror = mirror.host()
        ),
    );
    assert_eq!(
        machine.ok(&["pull", "-q", "r.example/team/image:1"]),
        "r.example/team/image:1"
    );
    assert!(registry.requests("").is_empty(), "the mirror has it");
    assert_eq!(machine.ok(&["pull", "-q", "short:2"]), "r.example/team/image:2");
    // The first registry that has it.
    let found = machine.ok(&["pull", "-q", "test/image:1"]);
    assert_eq!(found, reference(&mirror, ":1").to_string());
    let blocked = machine.corten(&["pull", "bad.example/x"]);
    assert_eq!(blocked.code, Some(1));
    assert!(
        blocked
            .stderr
            .contains("registry bad.example is blocked in registries.conf"),
        "{blocked:?}"
    );
    // What was found under a short name is found again.
    let made = machine.corten(&["create", "--pull", "never", "test/image:1"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    machine.write("registries.conf", "unqualified = [");
    let wrong = machine.corten(&["pull", "x.example/y"]);
    assert!(
        wrong.stderr.contains("registries.conf is not valid: "),
        "{wrong:?}"
    );
}

/// `openssl req` for a certificate by an authority, or for the authority itself.
pub(crate) fn certificate(dir: &Path, name: &str, more: &[&str]) {
    let configuration = "[req]\ndistinguished_name = subject\n[subject]\n";
    fs::write(dir.join("openssl.cnf"), configuration).unwrap();
    let done = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-days",
            "1",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args([
            "-subj",
            &format!("/CN={name}"),
            "-keyout",
            &format!("{name}.key"),
            "-out",
            &format!("{name}.crt"),
        ])
        .args(["-config", "openssl.cnf"])
        .args(more)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A registry that speaks HTTPS alone, by an authority of the tests', and wants a certificate from us.
#[test]
fn authorities_and_our_own_certificate_are_where_the_files_say() {
    let machine = Machine::new();
    let dir = machine.directory.path().to_path_buf();
    certificate(
        &dir,
        "authority",
        &["-addext", "basicConstraints=critical,CA:TRUE"],
    );
    let by = [
        "-CA",
        "authority.crt",
        "-CAkey",
        "authority.key",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    certificate(
        &dir,
        "server",
        &[&["-addext", "subjectAltName=DNS:localhost"], &by[..]].concat(),
    );
    certificate(&dir, "us", &by);
    let registry = Registry::with_tls(&format!(
        "certificate: {0}/server.crt, key: {0}/server.key, clientcas: [{0}/authority.crt]",
        dir.display()
    ));
    let port = registry.address.rsplit(':').next().unwrap().to_owned();
    let hosts = |text: &str| {
        let text = format!("server = \"https://localhost:{port}\"\n{text}");
        machine.write("hosts/secure.example/hosts.toml", &text);
    };
    let name = "secure.example/x:1";
    let source = FakeRegistry::start();
    two_layers().serve(&source, "1");
    let pulled = reference(&source, ":1").to_string();
    machine.ok(&["pull", "-q", &pulled]);
    machine.ok(&["tag", &pulled, name]);

    hosts("");
    let refused = machine.corten(&["push", "-q", name]);
    assert!(refused.stderr.contains("UnknownIssuer"), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("hint: the registry's certificate is not trusted"),
        "{refused:?}"
    );
    hosts(&format!("ca = \"{}/authority.crt\"\n", dir.display()));
    // How that is told depends on whether the connection is closed before its last words are read.
    let refused = machine.corten(&["push", "-q", name]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let ours = format!(
        "ca = \"../../authority.crt\"\nclient = [[\"{0}/us.crt\", \"{0}/us.key\"]]\n",
        dir.display()
    );
    hosts(&ours);
    machine.ok(&["push", "-q", name]);
    machine.ok(&["rmi", name]);
    machine.ok(&["pull", "-q", name]);
    hosts(&format!(
        "skip_verify = true\nclient = [[\"{0}/us.crt\", \"{0}/us.key\"]]\n",
        dir.display()
    ));
    machine.ok(&["pull", "-q", name]);
    // docker's and podman's way to say the same.
    hosts("");
    for (from, to) in [
        ("authority.crt", "ca.crt"),
        ("us.crt", "us.cert"),
        ("us.key", "us.key"),
    ] {
        fs::copy(dir.join(from), dir.join("hosts/secure.example").join(to)).unwrap();
    }
    machine.ok(&["pull", "-q", name]);
}

/// A proxy that the environment names is asked for what is not on this machine.
#[test]
fn the_environments_proxy_is_used() {
    let (proxy, machine) = (FakeRegistry::start(), Machine::new());
    two_layers().serve(&proxy, "1");
    machine.write(
        "hosts/far.example/hosts.toml",
        "server = \"http://far.example:81\"\n",
    );
    let pull = |no_proxy: &str| {
        machine
            .command(&["pull", "-q", "far.example/test/image:1"])
            .env("HTTP_PROXY", format!("http://{}", proxy.host()))
            .env("NO_PROXY", no_proxy)
            .output()
            .unwrap()
    };
    assert!(!pull("far.example").status.success());
    assert!(proxy.requests("").is_empty());
    assert!(pull("").status.success());
    assert!(
        !proxy
            .requests("http://far.example:81/v2/test/image/manifests/1")
            .is_empty()
    );
}

/// Unencrypted where `insecure` says so, as with podman; and a registry behind it with a name of its own.
#[test]
fn what_is_pushed_through_a_mirror_with_push_arrives_there() {
    let (registry, machine) = (Registry::start(), Machine::new());
    machine.write(
        "hosts/_default/hosts.toml",
        &format!(
            "[host.\"http://{}\"]\ncapabilities = [\"pull\", \"resolve\", \"push\"]\n",
            registry.address
        ),
    );
    let name = "anywhere.example/y:1";
    let source = with(&two_layers(), name);
    let file = machine.path("x.tar");
    source.ok(&["save", "-o", file.to_str().unwrap(), name]);
    machine.ok(&["load", "-i", file.to_str().unwrap()]);
    machine.ok(&["push", "-q", name]);
    let direct = Sandbox::new();
    direct.ok(&["pull", "-q", &registry.image("y:1")]);
}
