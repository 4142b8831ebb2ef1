//! Our runtime in podman's hands.

use corten_conformance::bundle::Runtime;
use corten_conformance::engine::probe_image;
use corten_conformance::pty::Session;
use corten_conformance::{Case, Cmd, cgroups, programs, skip};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

const LIMITS: [&str; 4] = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];

struct Podman<'a> {
    case: &'a Case,
}

impl Podman<'_> {
    /// podman with a storage of its own and our runtime.
    fn cmd(&self, args: &[&str]) -> Cmd {
        let dirs = self.case.dir("podman");
        self.case
            .cmd("podman")
            .arg("--root")
            .arg(dirs.join("root"))
            .arg("--runroot")
            .arg(dirs.join("run"))
            .arg("--tmpdir")
            .arg(dirs.join("tmp"))
            .args([
                "--storage-driver",
                "vfs",
                "--cgroup-manager",
                "cgroupfs",
                "--events-backend",
                "none",
            ])
            .arg("--runtime")
            .arg(Runtime::ours().program())
            .args(args)
    }

    /// `run` below a cgroup of the case, with limits that need no CAP_SYS_RESOURCE: podman's own defaults do.
    fn run(&self, args: &[&str]) -> Cmd {
        self.cmd(&["run", "--cgroup-parent", &format!("/{}", self.case.tag())])
            .args(LIMITS)
            .args(args)
    }

    /// `run` of a container that nobody needs afterwards.
    fn run_once(&self, args: &[&str]) -> Cmd {
        self.run(&["--network", "none", "--rm"]).args(args)
    }

    /// podman leaves the cgroups that it made above those of its containers.
    fn remove_cgroups(&self) {
        self.case.settle();
        for cgroup in cgroups::named_like(self.case.tag()) {
            cgroups::remove(&cgroup);
        }
    }
}

#[track_caller]
fn with_podman(test: impl FnOnce(&Podman<'_>)) {
    let case = Case::new();
    let layout = case.dir("layout");
    probe_image(&json!({})).write_layout(&layout, "probe");
    let podman = Podman { case: &case };
    podman
        .cmd(&["pull", "--quiet", &format!("oci:{}:probe", layout.display())])
        .ok();
    let id = podman.cmd(&["images", "--quiet", "--no-trunc"]).ok().out();
    podman.cmd(&["tag", id.trim(), "localhost/probe"]).ok();
    test(&podman);
    podman.cmd(&["rm", "--all", "--force"]).ok();
    podman.cmd(&["rmi", "--all", "--force"]).ok();
    podman.remove_cgroups();
    fs::remove_dir_all(case.path("podman")).expect("podman's directory");
}

#[test]
fn run_gives_output_and_exit_codes() {
    if programs::peer("podman").is_none() {
        skip!("podman is not installed");
    }
    with_podman(|podman| {
        let out = podman.run_once(&["localhost/probe"]).ok();
        assert_eq!(out.out(), "hello\n");
        for code in [0, 1, 42] {
            podman
                .run(&["localhost/probe", "exit", &code.to_string()])
                .run()
                .code(code);
        }
        let out = podman
            .run_once(&["-i", "localhost/probe", "cat"])
            .stdin("piped")
            .ok();
        assert_eq!(out.out(), "piped");
        podman
            .run(&["--entrypoint", "/not/there", "localhost/probe"])
            .run()
            .code(127);
    });
}

#[test]
fn options_reach_the_container() {
    if programs::peer("podman").is_none() {
        skip!("podman is not installed");
    }
    with_podman(|podman| {
        let args = [
            "--hostname",
            "pod",
            "--user",
            "1000:2000",
            "--read-only",
            "--cap-drop",
            "all",
        ];
        let facts = podman
            .run_once(&args)
            .args(["localhost/probe", "facts"])
            .ok()
            .json();
        assert_eq!(facts["hostname"], "pod");
        assert_eq!(facts["status"]["Uid"], "1000 1000 1000 1000");
        assert_eq!(facts["status"]["CapBnd"], "0000000000000000");
        // podman gives the terminal its size some time after the start.
        let mut session = Session::start(
            podman.run_once(&["-it", "localhost/probe", "winsize", "set"]),
            31,
            61,
        );
        session.shows("size 31 61");
        session.type_in("end\r");
        assert_eq!(session.ends().0.code(), Some(0));
    });
}

#[test]
fn a_detached_container_is_stopped_and_removed() {
    if programs::peer("podman").is_none() {
        skip!("podman is not installed");
    }
    with_podman(|podman| {
        podman
            .run(&[
                "--network",
                "host",
                "-d",
                "--name",
                "long",
                "localhost/probe",
                "block",
            ])
            .ok();
        let state = podman
            .cmd(&["inspect", "--format", "{{.State.Status}} {{.OCIRuntime}}", "long"])
            .ok()
            .out();
        assert!(
            state.starts_with("running ") && state.contains("corten-runtime"),
            "{state}"
        );
        podman.cmd(&["kill", "long"]).ok();
        assert_eq!(podman.cmd(&["wait", "long"]).ok().out().trim(), "137");
        podman.cmd(&["rm", "long"]).ok();
    });
}

#[test]
fn exec_joins_a_container() {
    if programs::peer("podman").is_none() {
        skip!("podman is not installed");
    }
    with_podman(|podman| {
        let limits = ["--network", "host", "-d", "--name", "long"];
        podman.run(&limits).args(["localhost/probe", "block"]).ok();
        let exec = |args: &[&str]| podman.cmd(&["exec"]).args(args);
        for code in [0, 42] {
            exec(&["long", "/probe", "exit", &code.to_string()])
                .run()
                .code(code);
        }
        exec(&["long", "/not/there"]).run().code(127);
        let out = exec(&["-i", "long", "/probe", "cat"]).stdin("piped").ok();
        assert_eq!(out.out(), "piped");
        let facts = exec(&["--user", "1000:2000", "--workdir", "/proc", "--env", "A=b"])
            .args(["long", "/probe", "facts"])
            .ok()
            .json();
        assert_eq!(facts["status"]["Uid"], "1000 1000 1000 1000");
        assert_eq!(facts["cwd"], "/proc");
        assert!(facts["env"].to_string().contains("\"A=b\""), "{}", facts["env"]);
        let mut session = Session::start(exec(&["-it", "long", "/probe", "winsize", "set"]), 31, 61);
        session.shows("size 31 61");
        session.type_in("end\r");
        assert_eq!(session.ends().0.code(), Some(0));
        exec(&["-d", "long", "/probe", "block"]).ok();
        podman.cmd(&["kill", "long"]).ok();
        podman.cmd(&["wait", "long"]).ok();
        podman.cmd(&["rm", "long"]).ok();
    });
}

#[test]
fn health_checks_tell_the_health() {
    if programs::peer("podman").is_none() {
        skip!("podman is not installed");
    }
    with_podman(|podman| {
        for (code, healthy) in [(0, true), (1, false)] {
            let command = format!("CMD /probe exit {code}");
            let options = ["--network", "host", "-d", "--name", "checked"];
            let run = podman.run(&options).args(["--health-cmd", &command]);
            run.args(["--health-interval", "disable", "localhost/probe", "block"])
                .ok();
            let check = podman.cmd(&["healthcheck", "run", "checked"]).run();
            assert_eq!(check.status.success(), healthy, "{check:?}");
            podman.cmd(&["rm", "--force", "checked"]).ok();
        }
    });
}

#[test]
fn a_container_is_paused_saved_and_brought_back() {
    if programs::peer("podman").is_none() {
        skip!("podman is not installed");
    }
    let Some(path) = path_with_criu() else {
        skip!("no CRIU that works on this kernel");
    };
    with_podman(|podman| {
        let status = || {
            podman
                .cmd(&["inspect", "--format", "{{.State.Status}}", "c"])
                .ok()
                .out()
        };
        let with_criu = |args: &[&str]| podman.cmd(args).env("PATH", &path);
        let limits = ["--network", "none", "-d", "--name", "c"];
        podman.run(&limits).args(["localhost/probe", "block"]).ok();
        podman.cmd(&["pause", "c"]).ok();
        assert_eq!(status(), "paused\n");
        podman.cmd(&["unpause", "c"]).ok();
        podman.cmd(&["stats", "--no-stream", "c"]).ok();
        with_criu(&["container", "checkpoint", "c"]).ok();
        assert_eq!(status(), "exited\n");
        with_criu(&["container", "restore", "c"]).ok();
        assert_eq!(status(), "running\n");
        let archive = podman.case.path("saved.tar.gz");
        with_criu(&["container", "checkpoint", "--leave-running", "--export"])
            .arg(&archive)
            .arg("c")
            .ok();
        assert_eq!(status(), "running\n");
        podman.cmd(&["rm", "--force", "--time", "0", "c"]).ok();
        with_criu(&["container", "restore", "--import"])
            .arg(&archive)
            .ok();
        assert_eq!(status(), "running\n");
    });
}

/// PATH with the CRIU that `CORTEN_CRIU` names, if that works here.
fn path_with_criu() -> Option<String> {
    let criu = PathBuf::from(env::var_os("CORTEN_CRIU")?);
    let works = Command::new(&criu).arg("check").output().ok()?.status.success();
    let path = format!("{}:{}", criu.parent()?.display(), env::var("PATH").ok()?);
    works.then_some(path)
}
