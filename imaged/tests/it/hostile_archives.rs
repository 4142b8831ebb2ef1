//! `load` and `import` of what somebody made who means harm, or of what is broken: a clear error each, and the store is
//! as it was.

use std::io::Write;
use std::process::{Command, Stdio};

use corten_imaged::oci::{Digest, media};
use corten_imaged::store::Store;
use serde_json::{Value, json};
use tar::EntryType;

use super::pulls::names_in;
use super::sandbox::Sandbox;
use super::test_image::{TestImage, TestLayer, tar_of};

/// An entry of an archive, also one that no tool would write.
struct Entry<'a> {
    kind: EntryType,
    path: &'a str,
    link: &'a str,
    content: &'a [u8],
}

fn file<'a>(path: &'a str, content: &'a [u8]) -> Entry<'a> {
    Entry {
        kind: EntryType::Regular,
        path,
        link: "",
        content,
    }
}

fn other<'a>(kind: EntryType, path: &'a str, link: &'a str) -> Entry<'a> {
    Entry {
        kind,
        path,
        link,
        content: b"",
    }
}

fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        // Not by the library, which refuses such paths.
        header.as_mut_bytes()[..entry.path.len()].copy_from_slice(entry.path.as_bytes());
        header.as_mut_bytes()[157..157 + entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(entry.content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// What a program makes of its input.
fn filtered(program: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program[0]);
    command
        .args(&program[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{program:?}");
    output.stdout
}

/// A sandbox with one image in its store, and what `system df` says of it.
struct Watched {
    sandbox: Sandbox,
    used: String,
}

impl Watched {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let files = tar_of(&[("file", b"content")]);
        let made = sandbox.with_input(&["import", "-", "there:1"], &files);
        assert_eq!(made.code, Some(0), "{made:?}");
        let used = sandbox.ok(&["system", "df", "--format", "json"]);
        Self { sandbox, used }
    }

    /// The verb must refuse the input with these words and leave nothing.
    fn refuses(&self, what: &str, words: &[&str], input: &[u8], said: &str) {
        let done = self.sandbox.with_input(words, input);
        assert_eq!(done.code, Some(1), "{what}: {done:?}");
        assert!(done.stderr.contains(said), "{what}: {}", done.stderr);
        assert_eq!(
            self.sandbox.ok(&["system", "df", "--format", "json"]),
            self.used,
            "{what}"
        );
        self.sandbox.ok(&["system", "check"]);
        let store = Store::open(&self.sandbox.root()).unwrap();
        assert!(names_in(&store, "tmp").is_empty(), "{what}");
        assert_eq!(store.images().unwrap().len(), 1, "{what}");
    }
}

/// The parts of docker's archive with one layer.
struct Docker {
    layer: Vec<u8>,
    config: Value,
    list: Value,
}

impl Docker {
    fn new() -> Self {
        let layer = tar_of(&[("file", b"content")]);
        Self {
            config: json!({"architecture": "amd64", "os": "linux",
                           "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer)]}}),
            list: json!([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": ["l.tar"]}]),
            layer,
        }
    }

    fn archive(&self) -> Vec<u8> {
        self.with(&[])
    }

    /// Its files, and then others.
    fn with(&self, more: &[Entry<'_>]) -> Vec<u8> {
        let (config, list) = (self.config.to_string(), self.list.to_string());
        let own = archive(&[
            file("c.json", config.as_bytes()),
            file("l.tar", &self.layer),
            file("manifest.json", list.as_bytes()),
        ]);
        [&own[..own.len() - 1024], &archive(more)].concat()
    }

    /// The list says something else.
    fn listing(mut self, key: &str, value: Value) -> Vec<u8> {
        self.list[0][key] = value;
        self.archive()
    }

    /// The configuration says something else.
    fn configured(mut self, key: &str, value: Value) -> Vec<u8> {
        self.config[key] = value;
        self.archive()
    }

    /// Without its own list or configuration, but with these entries.
    fn only_layer(more: &[Entry<'_>]) -> Vec<u8> {
        let own = Self::new();
        let layer = archive(&[file("l.tar", &own.layer)]);
        [&layer[..layer.len() - 1024], &archive(more)].concat()
    }
}

/// A layout whose index.json has these entries, and these blobs under whatever name.
fn layout(entries: &Value, blobs: &[(Digest, &[u8])]) -> Vec<u8> {
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    let names: Vec<String> = blobs
        .iter()
        .map(|(digest, _)| format!("blobs/sha256/{}", digest.hex()))
        .collect();
    let mut files = vec![
        file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        file("index.json", index.as_bytes()),
    ];
    files.extend(
        names
            .iter()
            .zip(blobs)
            .map(|(name, (_, bytes))| file(name, bytes)),
    );
    archive(&files)
}

fn entry(media_type: &str, digest: Digest, size: usize) -> Value {
    json!([{"mediaType": media_type, "digest": digest, "size": size,
            "platform": {"os": "linux", "architecture": corten_imaged::image::platform::host().architecture}}])
}

#[test]
fn paths_and_links_lead_nowhere_but_into_the_archive() {
    let watched = Watched::new();
    let list = Docker::new().list.to_string();
    let list = list.as_bytes();
    let link = |kind, path, to| Docker::only_layer(&[file("manifest.json", list), other(kind, path, to)]);
    let (symlink, hard) = (EntryType::Symlink, EntryType::Link);
    for (what, input, said) in [
        (
            "a path that climbs",
            Docker::new().with(&[file("../c.json", b"{}")]),
            "by '..'",
        ),
        (
            "a hard link that climbs",
            link(hard, "c.json", "../../etc/passwd"),
            "by '..'",
        ),
        (
            "an absolute hard link",
            link(hard, "c.json", "/etc/passwd"),
            "no file \"c.json\"",
        ),
        (
            "an absolute link",
            link(symlink, "c.json", "/etc/passwd"),
            "no file \"c.json\"",
        ),
        (
            "a link that climbs",
            link(symlink, "c.json", "../../../../etc/passwd"),
            "no file \"c.json\"",
        ),
        (
            "a link to itself",
            link(symlink, "c.json", "c.json"),
            "no file \"c.json\"",
        ),
        (
            "a link to a directory",
            link(symlink, "c.json", "/"),
            "no file \"c.json\"",
        ),
        (
            "a device",
            link(EntryType::Char, "c.json", ""),
            "no file \"c.json\"",
        ),
        (
            "a list in a circle",
            Docker::only_layer(&[
                other(symlink, "manifest.json", "a"),
                other(symlink, "a", "manifest.json"),
            ]),
            "neither an OCI layout nor docker's",
        ),
        (
            "an absolute path in the list",
            Docker::new().listing("Config", json!("/etc/passwd")),
            "no file \"/etc/passwd\"",
        ),
        (
            "a path in the list that climbs",
            Docker::new().listing("Layers", json!(["a/../../../etc/passwd"])),
            "no file \"a/../",
        ),
        (
            "no path in the list",
            Docker::new().listing("Layers", json!([""])),
            "no file \"\"",
        ),
        (
            "a bad name",
            Docker::new().listing("RepoTags", json!(["../x:1"])),
            "invalid reference",
        ),
    ] {
        watched.refuses(what, &["load"], &input, said);
    }
}

/// Nothing is ever written under a name of an archive's.
#[test]
fn names_are_those_in_the_archive_however_they_are_written() {
    let docker = Docker::new();
    let (config, list) = (docker.config.to_string(), docker.list.to_string());
    let input = archive(&[
        file("/manifest.json", list.as_bytes()),
        file("./c.json", config.as_bytes()),
        file("/d/layer", &docker.layer),
        other(EntryType::Link, "//d/again", "/d/layer"),
        other(EntryType::Symlink, "l.tar", "/d/./x/../again"),
    ]);
    let sandbox = Sandbox::new();
    let loaded = sandbox.with_input(&["load"], &input);
    assert_eq!(loaded.stdout, "Loaded image: x:1\n", "{loaded:?}");
    sandbox.ok(&["system", "check"]);
}

#[test]
fn documents_that_contradict_each_other_are_refused() {
    let watched = Watched::new();
    let wrong = "uncompressed layer should be";
    let layer = Docker::new().layer;
    let many = {
        let mut docker = Docker::new();
        let digest = Digest::of(&docker.layer);
        docker.config["rootfs"]["diff_ids"] = json!(vec![digest; 501]);
        docker.listing("Layers", json!(vec!["l.tar"; 501]))
    };
    let second = {
        let mut docker = Docker::new();
        let digests = [Digest::of(&docker.layer), Digest::of(b"other")];
        docker.config["rootfs"]["diff_ids"] = json!(digests);
        docker.listing("Layers", json!(["l.tar", "l.tar"]))
    };
    let heavy = {
        let mut docker = Docker::new();
        docker.config["comment"] = json!("x".repeat(7 << 20));
        docker.list = json!(vec![docker.list[0].clone(); 100]);
        docker.archive()
    };
    let unlisted = json!({"type": "layers", "diff_ids": []});
    for (what, input, said) in [
        (
            "a layer that comes again",
            Docker::new().with(&[file("l.tar", &tar_of(&[("evil", b"")]))]),
            wrong,
        ),
        (
            "a link in place of a layer",
            Docker::new().with(&[
                file("evil.tar", &tar_of(&[("evil", b"")])),
                other(EntryType::Symlink, "l.tar", "evil.tar"),
            ]),
            wrong,
        ),
        (
            "other layers than described",
            Docker::new().configured("rootfs", unlisted),
            "describes 0",
        ),
        (
            "no layers at all",
            Docker::new().configured("rootfs", Value::Null),
            "configuration",
        ),
        (
            "another system",
            Docker::new().configured("os", json!("windows")),
            "for \"windows\"",
        ),
        (
            "a list that is none",
            Docker::only_layer(&[file("manifest.json", b"{}")]),
            "is not valid",
        ),
        (
            "a list without end",
            Docker::only_layer(&[file("manifest.json", &vec![b' '; 9 << 20])]),
            "longer than",
        ),
        ("a wrong layer on a right one", second, wrong),
        ("more layers than are stacked", many, "501 layers"),
        ("a large document a hundred times", heavy, "bytes together"),
        (
            "a configuration that is none",
            Docker::new().with(&[file("c.json", &layer)]),
            "configuration is not valid",
        ),
    ] {
        watched.refuses(what, &["load"], &input, said);
    }
}

#[test]
fn layouts_that_lie_are_refused() {
    let watched = Watched::new();
    let looped = Digest::of(b"looped");
    let circle = json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX,
                        "manifests": entry(media::OCI_INDEX, looped, 1)});
    let circle = circle.to_string();
    let inner = json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX, "manifests": []}).to_string();
    let inner_digest = Digest::of(inner.as_bytes());
    let outer = json!({"schemaVersion": 2, "mediaType": media::OCI_INDEX,
                       "manifests": entry(media::OCI_INDEX, inner_digest, inner.len())});
    let outer = outer.to_string();
    let outer_digest = Digest::of(outer.as_bytes());
    let image = TestImage::new(vec![TestLayer::gzip(&tar_of(&[("file", b"content")]))]);
    let (manifest, config) = (image.manifest_bytes(), image.config_bytes());
    let (digest, config_digest) = (image.digest(), Digest::of(&config));
    let layer = &image.layers[0];
    let of_image = entry(media::OCI_MANIFEST, digest, manifest.len());
    let mut climbing = of_image.clone();
    climbing[0]["digest"] = json!("sha256:../../../../etc/passwd");
    for (what, input, said) in [
        (
            "an index of itself",
            layout(
                &entry(media::OCI_INDEX, looped, 1),
                &[(looped, circle.as_bytes())],
            ),
            "the blob should be",
        ),
        (
            "an index of an index",
            layout(
                &entry(media::OCI_INDEX, outer_digest, outer.len()),
                &[(outer_digest, outer.as_bytes()), (inner_digest, inner.as_bytes())],
            ),
            "points at another index",
        ),
        (
            "a manifest that is announced as an index",
            layout(&entry(media::OCI_INDEX, digest, 1), &[(digest, &manifest)]),
            "but was announced as",
        ),
        ("a digest that climbs", layout(&climbing, &[]), "invalid digest"),
        ("no manifest", layout(&of_image, &[]), "which it names"),
        (
            "no configuration",
            layout(&of_image, &[(digest, &manifest), (layer.digest(), &layer.blob)]),
            "which it names",
        ),
        (
            "no layer",
            layout(&of_image, &[(digest, &manifest), (config_digest, &config)]),
            "which it names",
        ),
        (
            "another layer",
            layout(
                &of_image,
                &[
                    (digest, &manifest),
                    (config_digest, &config),
                    (layer.digest(), b"other"),
                ],
            ),
            "the blob should be",
        ),
        (
            "no index.json that is one",
            archive(&[file("oci-layout", b"{}"), file("index.json", b"[]")]),
            "is not valid",
        ),
    ] {
        watched.refuses(what, &["load"], &input, said);
    }
}

#[test]
fn chains_of_the_first_format_that_lie_are_refused() {
    let watched = Watched::new();
    let layer = tar_of(&[("file", b"content")]);
    let chain = |repositories: &str, parent: &str| {
        let description =
            json!({"id": "aaaa", "parent": parent, "os": "linux", "architecture": "amd64"}).to_string();
        archive(&[
            file("aaaa/json", description.as_bytes()),
            file("aaaa/layer.tar", &layer),
            file("repositories", repositories.as_bytes()),
        ])
    };
    for (what, input, said) in [
        (
            "a bad repository",
            chain(r#"{"Not a name":{"1":"aaaa"}}"#, ""),
            "invalid reference",
        ),
        (
            "a tag that climbs",
            chain(r#"{"a":{"../x":"aaaa"}}"#, ""),
            "invalid reference",
        ),
        (
            "a layer in a circle",
            chain(r#"{"a":{"1":"aaaa"}}"#, "aaaa"),
            "chain of layers is broken",
        ),
        (
            "an id that climbs",
            chain(r#"{"a":{"1":"../../etc"}}"#, ""),
            "chain of layers is broken",
        ),
        (
            "a parent that is not there",
            chain(r#"{"a":{"1":"aaaa"}}"#, "bbbb"),
            "no file \"bbbb/json\"",
        ),
        (
            "a list that is none",
            chain(r#"["a"]"#, ""),
            "repositories is not valid",
        ),
    ] {
        watched.refuses(what, &["load"], &input, said);
    }
}

#[test]
fn archives_that_are_cut_off_or_too_much_are_refused() {
    let watched = Watched::new();
    let good = Docker::new().with(&[file("noise", &super::test_image::noise(100_000))]);
    let layer = tar_of(&[("noise", &super::test_image::noise(100_000))]);
    let compressors = [
        &["gzip", "-c"][..],
        &["zstd", "-qc"],
        &["xz", "-c"],
        &["bzip2", "-c"],
    ];
    for compressor in compressors {
        for (verb, plain) in [(&["load"][..], &good), (&["import", "-"], &layer)] {
            let packed = filtered(compressor, plain);
            let what = format!("{verb:?} of a half of {compressor:?}");
            watched.refuses(&what, verb, &packed[..packed.len() / 2], "is damaged");
            let mut damaged = packed.clone();
            damaged[packed.len() / 2] ^= 0xff;
            let what = format!("{verb:?} of what {compressor:?} did not write");
            watched.refuses(&what, verb, &damaged, "is damaged");
        }
    }
    let greedy = filtered(&["xz", "--lzma2=dict=768MiB", "-c"], &good);
    watched.refuses("a decoder of 768 MiB", &["load"], &greedy, "128 MiB of memory");
    let half = &good[..good.len() / 2];
    watched.refuses("a half", &["load"], half, "ends inside a file");
    let entries: Vec<Entry<'_>> = (0..=100_000)
        .map(|_| other(EntryType::Directory, "d", ""))
        .collect();
    watched.refuses("too many files", &["load"], &archive(&entries), "100000 entries");
}

#[test]
fn hostile_files_become_no_image() {
    let watched = Watched::new();
    for (what, entry, said) in [
        ("a path that climbs", file("../escape", b"x"), "by '..'"),
        (
            "a hard link that climbs",
            other(EntryType::Link, "a", "../../etc/passwd"),
            "by '..'",
        ),
        (
            "a hard link to nothing",
            other(EntryType::Link, "a", "nothing"),
            "does not exist",
        ),
        (
            "an unknown kind",
            other(EntryType::new(b'~'), "a", ""),
            "not known",
        ),
        ("a whiteout of nothing", file(".wh.", b""), ".wh."),
    ] {
        watched.refuses(what, &["import", "-"], &archive(&[entry]), said);
    }
    watched.refuses(
        "no archive",
        &["import", "-"],
        b"no archive",
        "malformed tar stream",
    );
}
