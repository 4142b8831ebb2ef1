//! What fingers type that know docker: words in places where other programs do not allow them, and verbs to come.

use nix::unistd::gethostname;

use crate::sandbox::{HELLO, Sandbox};

/// An image with an entrypoint is given flags: they once were taken for corten's own.
#[test]
fn flags_behind_the_image_are_the_commands() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "flags", HELLO, "-c", "--rm", "--", "-x"]);
    let args = sandbox.ok(&["inspect", "--format", "{{json .Args}}", "flags"]);
    assert_eq!(args, r#"["-c","--rm","--","-x"]"#);
    sandbox.ok(&["rm", "flags"]);
    let done = sandbox.corten(&["run", "--foo", HELLO]);
    assert_eq!(done.code, Some(125), "{done:?}");
    assert!(done.stderr.contains("unknown flag: --foo"), "{done:?}");
    sandbox.assert_empty();
}

/// `run` with a value that is none once ended with 1.
#[test]
fn whatever_keeps_a_container_from_being_made_is_125() {
    let sandbox = Sandbox::new();
    for words in [
        &["run", "--cpu-shares", "many", HELLO][..],
        &["create", "--pull", "perhaps", HELLO],
        &["run"],
        &["run", "--memory", "1m", HELLO],
        &["run", "--volumes-from", "other", HELLO],
        &["container", "run", "--memory-swap", "1g", HELLO],
    ] {
        let done = sandbox.corten(words);
        assert_eq!(done.code, Some(125), "{words:?}: {done:?}");
    }
    assert_eq!(sandbox.corten(&["ps", "run", "--no"]).code, Some(1));
    sandbox.assert_empty();
}

#[test]
fn verbs_to_come_say_so_and_others_are_unknown() {
    let sandbox = Sandbox::new();
    for verb in ["build", "compose", "network"] {
        let done = sandbox.corten(&[verb, "--any", "word"]);
        let expected = format!("Error: {verb} is not supported yet\n");
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.starts_with(&expected), "{done:?}");
    }
    let done = sandbox.corten(&["rn", HELLO]);
    assert!(
        done.stderr.starts_with("Error: unknown command: rn\n  hint: "),
        "{done:?}"
    );
}

/// Go's flags have values: `-it=false` is `-i`, and `--rm=false` nothing.
#[test]
fn flags_may_have_values() {
    let sandbox = Sandbox::new();
    let words = ["run", "-it=false", "--rm=true", "--read-only=0", HELLO, "cat"];
    let done = sandbox.with_input(&words, b"through");
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "through"),
        "{done:?}"
    );
    sandbox.assert_empty();
    sandbox.ok(&[
        "create",
        "--rm=false",
        "--init=T",
        "--name",
        "box",
        HELLO,
        "--rm=maybe",
    ]);
    let config = &sandbox.inspect("box")["HostConfig"];
    assert_eq!(
        (&config["AutoRemove"], &config["Init"]),
        (&false.into(), &true.into())
    );
    sandbox.ok(&["rm", "--force=false", "box"]);
    let done = sandbox.corten(&["run", "--rm=maybe", HELLO]);
    assert_eq!(done.code, Some(125), "{done:?}");
    assert!(
        done.stderr.contains("invalid value 'maybe' for '--rm"),
        "{done:?}"
    );
    assert!(
        !sandbox.ok(&["run", "--help"]).contains("--rm["),
        "the help stays short"
    );
    sandbox.assert_empty();
}

#[test]
fn a_slip_is_answered_with_what_was_meant() {
    let sandbox = Sandbox::new();
    for (words, meant) in [
        (&["imges"][..], "images"),
        (&["run", "--nmae", "x", HELLO], "--name"),
    ] {
        let done = sandbox.corten(words);
        assert!(
            done.stderr
                .contains(&format!("\n  hint: did you mean {meant}?\n")),
            "{done:?}"
        );
    }
}

#[test]
fn help_is_a_verb_too_and_the_answer_to_no_verb() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.ok(&["help", "run"]), sandbox.ok(&["run", "--help"]));
    assert!(sandbox.ok(&["system"]).contains("Usage: corten system"));
}

#[test]
fn with_the_hosts_network_the_name_is_the_hosts_too() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["create", "--name", "bare", "--net", "host", HELLO]);
    sandbox.ok(&["create", "--name", "named", "--net", "host", "-h", "own", HELLO]);
    let name = |container| sandbox.ok(&["inspect", "--format", "{{.Config.Hostname}}", container]);
    assert_eq!(name("bare"), gethostname().unwrap().to_string_lossy());
    assert_eq!(name("named"), "own");
    sandbox.ok(&["rm", "bare", "named"]);
    sandbox.assert_empty();
}

/// An image that was there was run whatever its platform.
#[test]
fn an_image_for_another_platform_is_not_run() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["pull", HELLO]);
    let run = |platform| sandbox.corten(&["run", "--rm", "--pull", "never", "--platform", platform, HELLO]);
    let done = run("linux/s390x");
    assert_eq!(done.code, Some(125), "{done:?}");
    assert!(
        done.stderr.contains("wanted linux/s390x, actual linux/"),
        "{done:?}"
    );
    assert_eq!(run("linux").code, Some(0));
    sandbox.assert_empty();
}

/// A registry that cannot be reached: the message says where, the hint what to look at.
#[test]
fn a_registry_that_does_not_answer_is_explained() {
    let sandbox = Sandbox::new();
    // tcpmux: a port that nobody has listened on for decades.
    let address = "127.0.0.1:1";
    let done = sandbox.corten(&["run", "--rm", &format!("{address}/x")]);
    assert_eq!(done.code, Some(125), "{done:?}");
    assert!(
        done.stderr
            .contains(&format!("Error: get the manifest of {address}/x")),
        "{done:?}"
    );
    assert!(
        done.stderr.contains("hint: the registry was not reached"),
        "{done:?}"
    );
    sandbox.assert_empty();
}
