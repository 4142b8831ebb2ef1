//! HTTPS: a registry under a name of its own, on a machine that trusts its authority or does not.

use corten_conformance::authority::Authority;
use corten_conformance::engine::probe_image;
use corten_conformance::registry::Registry;
use corten_conformance::{Case, Cmd, programs};
use serde_json::json;
use std::path::Path;

/// What the registry calls itself: HTTPS is spoken to whatever is not loopback by name.
const HOST: &str = "registry.corten.test";
/// Another name of the same machine.
const ALIAS: &str = "alias.corten.test";

/// The machine's /etc with files of the test on top, in a mount namespace of its own.
const WITH_ETC: &str = r#"mount -t overlay etc -o "lowerdir=$1:/etc" /etc && shift && exec "$@""#;

/// `corten` on a machine that knows the two names; `files` are its own files below /etc.
fn corten(case: &Case, files: &[(&str, &Path)], words: &[&str]) -> Cmd {
    let etc = case.dir("etc");
    case.file("etc/hosts", format!("127.0.0.1 {HOST} {ALIAS}\n"));
    for (name, content) in files {
        case.file(
            Path::new("etc").join(name),
            std::fs::read(content).expect("a file"),
        );
    }
    case.cmd("unshare")
        .args(["--mount", "sh", "-c", WITH_ETC, "sh"])
        .arg(etc)
        .arg(programs::ours("corten"))
        .arg("--root")
        .arg(case.path("store"))
        .arg("--state-dir")
        .arg(case.path("state"))
        .args(words)
        .env("NO_PROXY", "*")
}

/// A registry with a small image, its certificate by `authority`; returns the image's name under `HOST`.
#[track_caller]
fn registry(case: &Case, authority: &Authority<'_>) -> (Registry, String) {
    let (certificate, key) = authority.issue(HOST);
    let registry = Registry::start_tls(case, &certificate, &key);
    let layout = case.dir("layout");
    probe_image(&json!({})).write_layout(&layout, "probe");
    case.cmd("skopeo")
        .args(["copy", "--insecure-policy", "--dest-tls-verify=false"])
        .arg(format!("oci:{}:probe", layout.display()))
        .arg(format!("docker://{}", registry.image("probe")))
        .ok();
    let image = registry.image("probe").replace("127.0.0.1", HOST);
    (registry, image)
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let case = Case::new();
    let authority = Authority::new(&case, "good");
    let (_registry, image) = registry(&case, &authority);
    let out = corten(&case, &[], &["--debug", "pull", &image])
        .env("SSL_CERT_FILE", authority.certificate())
        .ok();
    assert!(out.err().contains(&format!("GET https://{HOST}:")), "{out:?}");
    corten(&case, &[], &["rmi", &image]).ok();

    let host = image.split('/').next().expect("a host");
    let file = format!("docker/certs.d/{host}/ca.crt");
    corten(&case, &[(&file, &authority.certificate())], &["pull", &image]).ok();
    let out = corten(
        &case,
        &[],
        &["run", "--rm", "--pull=never", &image, "say", "hello"],
    )
    .ok();
    assert_eq!(out.out().trim(), "hello");
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_and_explained() {
    let case = Case::new();
    let (_registry, image) = registry(&case, &Authority::new(&case, "good"));
    let stranger = Authority::new(&case, "stranger").certificate();
    let alias = image.replace(HOST, ALIAS);
    for (image, trusted, cause) in [
        (&image, None, "invalid peer certificate: UnknownIssuer"),
        (&image, Some(&stranger), "invalid peer certificate: UnknownIssuer"),
        (
            &alias,
            Some(&case.path("good.crt")),
            "invalid peer certificate: certificate not valid for name \"alias.corten.test\"",
        ),
    ] {
        let mut pull = corten(&case, &[], &["pull", image]);
        if let Some(file) = trusted {
            pull = pull.env("SSL_CERT_FILE", file);
        }
        let out = pull.fails();
        let host = image.split('/').next().expect("a host");
        for expected in [
            format!("Error: get the manifest of {image}"),
            format!("https://{host}/"),
            cause.to_owned(),
            "hint: the registry's certificate is not trusted: put its authority's into \
             /etc/docker/certs.d/"
                .to_owned(),
        ] {
            assert!(out.err().contains(&expected), "{expected}: {out:?}");
        }
    }
    assert_eq!(corten(&case, &[], &["images", "--quiet"]).ok().out(), "");
}

#[test]
fn a_registry_without_https_is_explained() {
    let case = Case::new();
    let registry = Registry::start(&case);
    let image = registry.image("probe").replace("127.0.0.1", HOST);
    corten(&case, &[], &["pull", &image])
        .fails()
        .says("does the registry speak HTTPS?");
}

#[test]
fn a_broken_certificate_file_is_named() {
    let case = Case::new();
    let image = format!("{HOST}:1/x");
    let junk = case.file("junk", "no certificate");
    let file = format!("containers/certs.d/{HOST}:1/ca.crt");
    corten(&case, &[(&file, &junk)], &["pull", &image])
        .fails()
        .says("/ca.crt has no PEM certificate");
}
