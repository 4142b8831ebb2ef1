//! `run` in the foreground: output, input, exit codes.

use std::fs;
use std::io::Read;
use std::process::Command;

use crate::sandbox::{HELLO, RUNTIMES, Sandbox, program};

#[test]
fn output_and_exit_codes_are_the_containers() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let done = sandbox.corten(&["run", "--rm", HELLO]);
        assert_eq!(done.code, Some(0), "{runtime}: {done:?}");
        assert!(
            done.stdout.starts_with("Hello from a container"),
            "{runtime}: {done:?}"
        );
        assert!(done.stdout.contains("process    1 "), "{runtime}: {done:?}");
        for code in [1, 42, 255] {
            let done = sandbox.corten(&["run", "--rm", HELLO, "exit", &code.to_string()]);
            assert_eq!(done.code, Some(code), "{runtime}: {done:?}");
        }
        sandbox.assert_empty();
    }
}

#[test]
fn streams_stay_apart_and_input_is_piped_through() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let done = sandbox.corten(&["run", "--rm", HELLO, "err", "oops"]);
        assert_eq!(
            (done.stdout.as_str(), done.stderr.as_str()),
            ("", "oops\n"),
            "{runtime}"
        );
        let input: Vec<u8> = (0..1 << 20).map(|number: u32| (number % 251) as u8).collect();
        let mut child = sandbox.spawn(&["run", "--rm", "-i", HELLO, "cat"]);
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut output = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::io::Write::write_all(&mut stdin, &input).unwrap();
                drop(stdin);
            });
            stdout.read_to_end(&mut output).unwrap();
        });
        assert!(child.wait().unwrap().success());
        assert!(
            output == input,
            "{runtime}: {} of {} bytes came back",
            output.len(),
            input.len()
        );
        sandbox.assert_empty();
    }
}

#[test]
fn a_slow_reader_gets_every_byte() {
    const COUNT: usize = 16 << 20;
    let sandbox = Sandbox::new();
    let mut child = sandbox.spawn(&["run", "--rm", HELLO, "bytes", &COUNT.to_string()]);
    let mut stdout = child.stdout.take().unwrap();
    // Small reads with many switches between the processes: much slower than the container writes.
    let mut buffer = [0; 1 << 10];
    let mut position = 0_usize;
    loop {
        let length = stdout.read(&mut buffer).unwrap();
        if length == 0 {
            break;
        }
        for byte in &buffer[..length] {
            assert_eq!(
                *byte,
                b"abcdefghijklmnopqrstuvwxyz"[position % 26],
                "at {position}"
            );
            position += 1;
        }
    }
    assert_eq!(position, COUNT);
    assert!(child.wait().unwrap().success());
}

#[test]
fn docker_exit_codes_for_what_cannot_run() {
    for runtime in RUNTIMES {
        let sandbox = Sandbox::with(runtime);
        let code = |words: &[&str]| {
            let done = sandbox.corten(&[&["run", "--rm"], words].concat());
            assert!(
                done.stderr.starts_with("Error: "),
                "{runtime} {words:?}: {done:?}"
            );
            done.code
        };
        assert_eq!(code(&["--entrypoint", "/nope", HELLO]), Some(127), "{runtime}");
        assert_eq!(code(&["--entrypoint", "nope", HELLO]), Some(127), "{runtime}");
        assert_eq!(code(&["--entrypoint", "/etc", HELLO]), Some(126), "{runtime}");
        sandbox.assert_empty();
    }
}

/// What the runtime knows about a failure comes all the way, by its log and the shim's message.
#[test]
fn the_runtimes_hints_are_shown() {
    let sandbox = Sandbox::new();
    let done = sandbox.corten(&["run", "--rm", "--sysctl", "net.ipv4.no-such=1", HELLO]);
    assert_eq!(done.code, Some(125), "{done:?}");
    let hint = "\n  hint: this kernel has no such parameter, or its module is not loaded\n";
    assert!(done.stderr.ends_with(hint), "{done:?}");
    sandbox.assert_empty();
}

#[test]
fn what_is_asked_wrongly_is_named() {
    let sandbox = Sandbox::new();
    for (words, part) in [
        (
            &["--isolation", "process", HELLO][..],
            "the flag --isolation is not supported yet",
        ),
        (&["-p", "80:80", HELLO], "the flag -p is not supported yet"),
        (&["--frobnicate", HELLO], "unknown flag: --frobnicate"),
        (&["--pull", "never", "localhost:1/none"], "No such image"),
        (&["--cap-add", "FLY", HELLO], "CAP_FLY"),
        (&["-u", "nobody-here", HELLO], "unable to find user nobody-here"),
        (&["-w", "relative", HELLO], "absolute path"),
        (&["--network", "bridge", HELLO], "network bridge not found"),
        (
            &["-v", "named:/data", HELLO],
            "named volumes are not supported yet",
        ),
        (
            &["--mount", "type=bind,src=/does/not/exist,dst=/x", HELLO],
            "bind source path does not exist",
        ),
        (&["--device", "/dev/none", HELLO], "/dev/none"),
        (&["--ulimit", "files=1", HELLO], "invalid ulimit type: files"),
        (&["--stop-signal", "NOPE", HELLO], "Invalid signal: NOPE"),
        (&["--security-opt", "x=y", HELLO], "invalid --security-opt"),
        (&["--env-file", "/does/not/exist", HELLO], "/does/not/exist"),
        (&["--memory", "lots", HELLO], "invalid size: 'lots'"),
        (&["--name=-bad-", HELLO], "Invalid container name"),
        (&["-it", HELLO], "the input device is not a TTY"),
        (&["--runtime-that-is-none", HELLO], "unknown flag"),
        (&["UPPER"], "lower"),
        (&[], "required arguments"),
    ] {
        let done = sandbox.corten(&[&["run", "--rm"], words].concat());
        assert!(done.stderr.contains(part), "{words:?}: {done:?}");
        assert!(matches!(done.code, Some(125 | 1)), "{words:?}: {done:?}");
        sandbox.assert_empty();
    }
}

#[test]
fn the_environment_is_the_images_and_the_users() {
    let sandbox = Sandbox::new();
    let env = sandbox.ok(&[
        "run",
        "--rm",
        "-e",
        "A=1",
        "-e",
        "B=x=y",
        "--hostname",
        "box",
        HELLO,
        "env",
    ]);
    for line in ["A=1", "B=x=y", "HOSTNAME=box"] {
        assert!(env.lines().any(|known| known == line), "{line} in {env}");
    }
}

#[test]
fn init_passes_on_exit_codes() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox
            .corten(&["run", "--rm", "--init", HELLO, "exit", "7"])
            .code,
        Some(7)
    );
    let missing = sandbox.corten(&["run", "--rm", "--init", "--entrypoint", "/nope", HELLO]);
    assert_eq!(missing.code, Some(127), "{missing:?}");
}

#[test]
fn cidfile_holds_the_id_and_is_never_overwritten() {
    let sandbox = Sandbox::new();
    let file = sandbox.root().with_file_name("cid");
    let name = file.to_str().unwrap();
    let id = sandbox.ok(&["create", "--cidfile", name, HELLO]);
    assert_eq!(fs::read_to_string(&file).unwrap(), id);
    let again = sandbox.corten(&["create", "--cidfile", name, HELLO]);
    assert_eq!(again.code, Some(125), "{again:?}");
    assert_eq!(sandbox.ok(&["ps", "-aq"]).lines().count(), 1);
    fs::remove_file(&file).unwrap();
    let failed = sandbox.corten(&["run", "--pull", "never", "--cidfile", name, "nosuch:tag"]);
    assert_eq!(failed.code, Some(125), "{failed:?}");
    assert!(!file.exists(), "there is no container whose id it could hold");
}

/// docs/contracts/bundle.md: any container directory can be run by hand.
#[test]
fn a_person_can_run_the_bundle_by_hand() {
    let sandbox = Sandbox::new();
    let id = sandbox.ok(&["create", HELLO]);
    let bundle = sandbox.root().join("containers").join(&id);
    let state = tempfile::tempdir().unwrap();
    let output = Command::new(program("corten-shim"))
        .args([
            "mount",
            "--bundle",
            ".",
            "--mounts",
            "mounts.json",
            "--",
            "runc",
            "--root",
        ])
        .arg(state.path())
        .args(["run", "by-hand"])
        .current_dir(&bundle)
        // As a shell sets it.
        .env("PWD", &bundle)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("Hello from a container"), "{output:?}");
}
