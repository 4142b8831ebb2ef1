//! `login`, `logout`, and what pull and push make of logins: docker's files, its helpers, tokens and their scopes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::pushes::with;
use super::real_registry::{Registry, TokenServer};
use super::sandbox::{Done, Sandbox};
use super::test_image::two_layers;

/// Somebody's home, with docker's configuration in it.
struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["bin", "run"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join(".docker/config.json")
    }

    fn config(&self) -> Value {
        serde_json::from_slice(&fs::read(self.file()).unwrap()).unwrap()
    }

    /// A command that lives here.
    fn dress(&self, mut command: Command) -> Command {
        let path = std::env::var("PATH").unwrap();
        command
            .env("HOME", self.directory.path())
            .env_remove("DOCKER_CONFIG")
            .env_remove("REGISTRY_AUTH_FILE")
            .env("XDG_RUNTIME_DIR", self.directory.path().join("run"))
            .env(
                "PATH",
                format!("{}:{path}", self.directory.path().join("bin").display()),
            );
        command
    }

    fn corten(&self, sandbox: &Sandbox, words: &[&str]) -> Done {
        self.dress(sandbox.command(words)).output().unwrap().into()
    }

    /// `login` with a password on standard input.
    fn login(&self, sandbox: &Sandbox, server: &str, password: &str) -> Done {
        let words = ["login", "--username", "me", "--password-stdin", server];
        let mut child = self
            .dress(sandbox.command(&words))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(
            &mut child.stdin.take().unwrap(),
            format!("{password}\n").as_bytes(),
        )
        .unwrap();
        child.wait_with_output().unwrap().into()
    }

    fn other(&self, program: &str, words: &[&str]) -> Done {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null());
        self.dress(command).output().unwrap().into()
    }
}

fn ok(done: Done) -> Done {
    assert_eq!(done.code, Some(0), "{done:?}");
    done
}

#[test]
fn a_login_is_tried_kept_used_and_forgotten() {
    let (registry, home) = (Registry::with_passwords(), Home::new());
    let name = registry.image("private:1");
    let sandbox = with(&two_layers(), &name);
    let server = registry.address.as_str();

    let refused = home.corten(&sandbox, &["push", &name]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused
            .stderr
            .contains("denied: requested access to the resource is denied: no basic auth credentials"),
        "{refused:?}"
    );
    assert!(
        refused.stderr.contains(&format!("hint: `corten login {server}`")),
        "{refused:?}"
    );

    let wrong = home.login(&sandbox, server, "wrong");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("unauthorized"), "{wrong:?}");
    assert!(!home.file().exists());

    fs::create_dir(home.file().parent().unwrap()).unwrap();
    fs::write(
        home.file(),
        r#"{"detachKeys": "ctrl-x", "auths": {"other": {"auth": "YTpi"}}}"#,
    )
    .unwrap();
    let done = ok(home.login(&sandbox, server, "secret"));
    assert_eq!(done.stdout, "Login Succeeded\n");
    assert!(
        done.stderr
            .contains("WARNING! Your credentials are stored unencrypted in"),
        "{done:?}"
    );
    assert_eq!(
        home.config(),
        json!({"detachKeys": "ctrl-x", "auths": {"other": {"auth": "YTpi"}, server: {"auth": "bWU6c2VjcmV0"}}})
    );
    assert_eq!(
        fs::metadata(home.file()).unwrap().permissions().mode() & 0o777,
        0o600
    );

    ok(home.corten(&sandbox, &["push", &name]));
    ok(home.corten(&Sandbox::new(), &["pull", &name]));
    let again = ok(home.corten(&sandbox, &["login", server]));
    assert!(
        again
            .stderr
            .contains("Authenticating with existing credentials..."),
        "{again:?}"
    );

    let out = ok(home.corten(&sandbox, &["logout", server]));
    assert_eq!(out.stdout, format!("Removing login credentials for {server}\n"));
    assert_eq!(
        home.config(),
        json!({"detachKeys": "ctrl-x", "auths": {"other": {"auth": "YTpi"}}})
    );
    let out = ok(home.corten(&sandbox, &["logout", server]));
    assert_eq!(out.stdout, format!("Not logged in to {server}\n"));
    let denied = home.corten(&Sandbox::new(), &["pull", &name]);
    assert!(denied.stderr.contains("pull access denied for"), "{denied:?}");
}

#[test]
fn wrong_uses_of_login_are_dockers() {
    let (sandbox, home) = (Sandbox::new(), Home::new());
    for (words, said) in [
        (
            &["login", "--password-stdin", "h"][..],
            "Must provide --username with --password-stdin",
        ),
        (
            &["login", "-u", "x", "-p", "y", "--password-stdin", "h"],
            "--password and --password-stdin are mutually exclusive",
        ),
        (
            &["login", "h.example"],
            "Cannot perform an interactive login from a non TTY device",
        ),
        (
            &["login", "-u", "a", "-p", "b", "no host"],
            "\"no host\" is not a registry",
        ),
    ] {
        let done = home.corten(&sandbox, words);
        assert_eq!(done.code, Some(1), "{words:?}: {done:?}");
        assert!(done.stderr.contains(said), "{words:?}: {done:?}");
    }
}

/// A helper that keeps each login in a file: what docker-credential-pass is, without its secrecy.
const HELPER: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
read -r input
server() { printf %s "$1" | tr -c 'a-z0-9.' _; }
case $1 in
store) echo "$input" >"login-$(server "$(echo "$input" | jq -r .ServerURL)")" ;;
get) cat "login-$(server "$input")" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) rm "login-$(server "$input")" ;;
esac
"#;

fn install_helper(home: &Home) -> PathBuf {
    let bin = home.directory.path().join("bin");
    let helper = bin.join("docker-credential-test");
    fs::write(&helper, HELPER).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

fn logins_in(bin: &Path) -> usize {
    let entries = fs::read_dir(bin).unwrap();
    entries
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("login-")
        })
        .count()
}

#[test]
fn a_credential_helper_keeps_what_the_file_does_not() {
    let (registry, home) = (Registry::with_passwords(), Home::new());
    let server = registry.address.as_str();
    let name = registry.image("private:1");
    let sandbox = with(&two_layers(), &name);
    let bin = install_helper(&home);
    fs::create_dir(home.file().parent().unwrap()).unwrap();
    for config in [
        json!({"credsStore": "test"}),
        json!({"credHelpers": {server: "test"}}),
    ] {
        fs::write(home.file(), config.to_string()).unwrap();
        let done = ok(home.login(&sandbox, server, "secret"));
        assert!(!done.stderr.contains("WARNING"), "{done:?}");
        assert_eq!(
            (logins_in(&bin), &home.config()["auths"][server]),
            (1, &json!({}))
        );
        ok(home.corten(&sandbox, &["push", &name]));
        // What docker's own client finds there, and leaves there, is ours too.
        ok(home.other("docker", &["logout", server]));
        assert_eq!(logins_in(&bin), 0);
        let denied = home.corten(&sandbox, &["push", &name]);
        assert!(denied.stderr.contains("denied: "), "{denied:?}");
        ok(home.login(&sandbox, server, "secret"));
        ok(home.corten(&sandbox, &["logout", server]));
        assert_eq!(logins_in(&bin), 0);
    }
    fs::write(home.file(), json!({"credsStore": "absent"}).to_string()).unwrap();
    let done = home.corten(&sandbox, &["push", &name]);
    assert!(
        done.stderr
            .contains("there is no credential helper docker-credential-absent"),
        "{done:?}"
    );
}

/// podman and skopeo keep logins in files of their own, and read docker's.
#[test]
fn logins_are_shared_with_podman_and_skopeo() {
    let (registry, home) = (Registry::with_passwords(), Home::new());
    let server = registry.address.as_str();
    let name = registry.image("private:1");
    let sandbox = with(&two_layers(), &name);
    ok(home.login(&sandbox, server, "secret"));
    ok(home.corten(&sandbox, &["push", &name]));
    let image = format!("docker://{name}");
    ok(home.other("skopeo", &["inspect", "--raw", "--tls-verify=false", &image]));
    ok(home.corten(&sandbox, &["logout", server]));

    let words = ["login", "--tls-verify=false", "-u", "me", "-p", "secret", server];
    ok(home.other("skopeo", &words));
    assert!(!fs::read_to_string(home.file()).unwrap().contains("secret"));
    ok(home.corten(&Sandbox::new(), &["pull", &name]));
    ok(home.other("skopeo", &["logout", server]));
    let denied = home.corten(&Sandbox::new(), &["pull", &name]);
    assert!(denied.stderr.contains("pull access denied for"), "{denied:?}");
}

#[test]
fn tokens_are_asked_for_what_is_needed_and_no_more_than_once() {
    let tokens = TokenServer::start();
    let (registry, home) = (Registry::with_tokens(&tokens), Home::new());
    let server = registry.address.as_str();
    let (name, copy) = (registry.image("open/a:1"), registry.image("b:1"));
    let sandbox = with(&two_layers(), &name);

    let wrong = home.login(&sandbox, server, "wrong");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(
        wrong.stderr.contains("incorrect username or password"),
        "{wrong:?}"
    );
    ok(home.login(&sandbox, server, "secret"));
    let entry = &home.config()["auths"][server];
    assert_eq!(
        entry,
        &json!({"auth": "bWU6", "identitytoken": "identity-of-me"}),
        "no password is kept"
    );

    let before = tokens.asked().len();
    ok(home.corten(&sandbox, &["push", &name]));
    let asked = tokens.asked()[before..].to_vec();
    assert_eq!(
        asked,
        [("POST".into(), vec!["repository:open/a:pull,push".into()])]
    );

    sandbox.ok(&["tag", &name, &copy]);
    let before = tokens.asked().len();
    let pushed = ok(home.corten(&sandbox, &["push", &copy]));
    assert_eq!(
        pushed.stdout.matches("Mounted from open/a").count(),
        2,
        "{pushed:?}"
    );
    let wanted = ["repository:b:pull,push", "repository:open/a:pull"].map(str::to_owned);
    assert_eq!(tokens.asked()[before..], [("POST".into(), wanted.to_vec())]);

    let nobody = Home::new();
    let before = tokens.asked().len();
    ok(nobody.corten(&Sandbox::new(), &["pull", &name]));
    assert_eq!(
        tokens.asked()[before..],
        [("GET".into(), vec!["repository:open/a:pull".into()])]
    );
    let denied = nobody.corten(&Sandbox::new(), &["pull", &copy]);
    assert!(denied.stderr.contains("pull access denied for"), "{denied:?}");
    assert!(
        denied.stderr.contains(&format!("hint: `corten login {server}`")),
        "{denied:?}"
    );

    let other = registry.image("other/x:1");
    sandbox.ok(&["tag", &name, &other]);
    let denied = home.corten(&sandbox, &["push", &other]);
    assert!(
        denied
            .stderr
            .contains("denied: requested access to the resource is denied"),
        "{denied:?}"
    );
}
