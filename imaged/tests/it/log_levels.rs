//! `--log-level`: what each level says, on standard error only.

use super::fake_registry::{Answer, FakeRegistry};
use super::sandbox::{Done, HELLO, RUNTIMES, Sandbox};
use super::test_image::{REPOSITORY, manifest_path, two_layers};

/// Pulls an image from a registry that is busy at first, which is worth a warning.
fn pull_from_a_busy_registry(sandbox: &Sandbox, global: &[&str]) -> (Done, FakeRegistry) {
    let registry = FakeRegistry::start();
    let image = two_layers();
    image.serve(&registry, "1");
    registry.route(
        manifest_path("1"),
        vec![Answer::new(503, ""), image.manifest_answer()],
    );
    let name = format!("{}/{REPOSITORY}:1", registry.host());
    let done = sandbox.corten(&[global, &["pull", &name]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    (done, registry)
}

#[test]
fn warnings_come_by_default_and_are_silenced_by_error() {
    for global in [&[][..], &["--log-level", "info"], &["-l", "warn"]] {
        let (done, _registry) = pull_from_a_busy_registry(&Sandbox::new(), global);
        let lines: Vec<_> = done.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{global:?}: {done:?}");
        assert!(
            lines[0].starts_with("time=\"2")
                && lines[0].contains("\" level=warning msg=\"the registry answered 503"),
            "{done:?}"
        );
    }
    for level in ["error", "fatal"] {
        let (done, _registry) = pull_from_a_busy_registry(&Sandbox::new(), &["--log-level", level]);
        assert_eq!(done.stderr, "", "{level}");
    }
}

#[test]
fn debug_tells_of_requests_and_layers() {
    let sandbox = Sandbox::new();
    let (done, registry) = pull_from_a_busy_registry(&sandbox, &["--debug"]);
    let host = registry.host();
    for expected in [
        format!(
            "level=debug msg=\"GET http://{host}/v2/{REPOSITORY}/manifests/1: 503 Service Unavailable from 127.0.0.1 in "
        ),
        format!("level=debug msg=\"GET http://{host}/v2/{REPOSITORY}/manifests/1: 200 OK from 127.0.0.1 in "),
        format!(
            "/v2/{REPOSITORY}/blobs/{}: 200 OK from 127.0.0.1 in ",
            two_layers().layers[0].digest()
        ),
        format!("layer {}: ", two_layers().layers[0].digest().short()),
        " bytes received, checked and unpacked in ".to_owned(),
        "visible as sha256:".to_owned(),
    ] {
        assert!(done.stderr.contains(&expected), "{expected}: {done:?}");
    }
    // Results stay what they are.
    assert!(
        done.stdout.lines().all(|line| !line.contains("level=")),
        "{done:?}"
    );
}

#[test]
fn debug_tells_the_other_programs_command_lines() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let done = sandbox.corten(&["-l", "debug", "run", "--rm", "--name", "told", HELLO]);
        assert_eq!(done.code, Some(0), "{done:?}");
        for expected in [
            "level=debug msg=\"the shim: /",
            &format!("/{runtime} --root {}", sandbox.state().display()),
            " create --bundle ",
            " start ",
            " (told) of the image sha256:",
        ] {
            assert!(done.stderr.contains(expected), "{expected}: {done:?}");
        }
        assert!(
            done.stdout.starts_with("Hello") && !done.stdout.contains("level="),
            "{done:?}"
        );
        assert_eq!(sandbox.corten(&["run", "--rm", HELLO]).stderr, "");
        sandbox.assert_empty();
    }
}

#[test]
fn an_unknown_level_is_refused() {
    let done = Sandbox::new().corten(&["--log-level", "loud", "images"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains("invalid value 'loud' for '--log-level <LEVEL>'\n  [possible values: debug, info, warn, error, fatal]"),
        "{done:?}"
    );
}
