//! kill -9 anywhere: strace ends a program at its n-th system call that changes something, for every n (or evenly spaced
//! ones, when there are many); afterwards one command cleans everything up.

use corten_conformance::bundle::{Bundle, Runtime};
use corten_conformance::debian::Debian;
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::{Case, Cmd, programs, skip};
use serde_json::json;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The calls that leave something behind, or tell somebody something.
const CALLS: &str = "?mkdir,mkdirat,?rename,renameat,renameat2,?unlink,unlinkat,?rmdir,?link,linkat,?symlink,symlinkat,\
    mount,umount2,?move_mount,?fsmount,?open_tree,?mount_setattr,clone,?clone3,?fork,?vfork,unshare,setns,flock,fsync,\
    fdatasync,syncfs,ftruncate,sendmsg,connect,bind,listen,kill,?pidfd_send_signal,execve,utimensat,fchmod,fchown";

/// At most so many of the moments are tried.
const MOMENTS: usize = 40;

/// Does strace follow the program's children?
#[derive(Clone, Copy)]
enum Follow {
    Yes,
    No,
}

fn strace(case: &Case, follow: Follow, arguments: &[&str]) -> Cmd {
    let cmd = case.cmd("strace").arg("--quiet=all").args(arguments);
    match follow {
        Follow::Yes => cmd.args(["--follow-forks", "--seccomp-bpf"]),
        Follow::No => cmd,
    }
}

/// How many of the calls the command makes in the thread that makes most of them.
#[track_caller]
fn count(case: &Case, follow: Follow, complete: impl FnOnce(Cmd) -> Cmd) -> usize {
    let log = case.path("strace.log");
    let trace = format!("trace={CALLS}");
    complete(strace(
        case,
        follow,
        &["-e", &trace, "-o", &log.display().to_string()],
    ))
    .ok();
    let text = fs::read_to_string(&log).expect("strace's output");
    let mut per_thread: HashMap<&str, usize> = HashMap::new();
    for line in text
        .lines()
        .filter(|l| !l.contains("resumed>") && !l.contains("+++"))
    {
        let thread = match follow {
            Follow::Yes => line.split(' ').next().unwrap_or_default(),
            Follow::No => "the only one",
        };
        *per_thread.entry(thread).or_default() += 1;
    }
    per_thread.into_values().max().unwrap_or(0)
}

/// The command, killed at its n-th call.
fn killed_at(case: &Case, follow: Follow, n: usize) -> Cmd {
    let inject = format!("inject={CALLS}:signal=SIGKILL:when={n}");
    strace(
        case,
        follow,
        &["-e", &format!("trace={CALLS}"), "-e", &inject, "-o", "/dev/null"],
    )
}

fn moments(count: usize) -> impl Iterator<Item = usize> {
    assert!(count > 3, "strace saw only {count} calls");
    let step = count.div_ceil(MOMENTS);
    (1..=count).step_by(step)
}

#[test]
fn the_runtime_killed_in_create() {
    if programs::peer("strace").is_none() {
        skip!("strace is not installed");
    }
    let runtime = Runtime::ours();
    let create = |case: &Case, cmd: Cmd, id: &str| {
        let root = case.dir("root-corten-runtime");
        let bundle = case.path("bundle");
        cmd.arg(runtime.program())
            .arg("--root")
            .arg(root)
            .args(["create", "--bundle"])
            .arg(bundle)
            .arg(id)
    };
    let counted = {
        let case = Case::new();
        Bundle::new(&case, "bundle", &["block"]).write();
        let calls = count(&case, Follow::No, |cmd| create(&case, cmd, &case.id("c")));
        runtime.cmd(&case).args(["delete", "--force", &case.id("c")]).ok();
        calls
    };
    for n in moments(counted) {
        let case = Case::new();
        Bundle::new(&case, "bundle", &["block"]).write();
        create(&case, killed_at(&case, Follow::No, n), &case.id("c")).run();
        runtime.cmd(&case).args(["delete", "--force", &case.id("c")]).ok();
        case.assert_empty("root-corten-runtime");
        assert_no_leaks(&case, n);
    }
}

#[test]
fn the_runtime_killed_in_delete() {
    if programs::peer("strace").is_none() {
        skip!("strace is not installed");
    }
    let runtime = Runtime::ours();
    let started = |case: &Case| {
        let bundle = Bundle::new(case, "bundle", &["block"]).write();
        let create = runtime.cmd(case).args(["create", "--bundle"]).arg(&bundle.dir);
        create.arg(case.id("c")).ok();
        runtime.cmd(case).arg("start").arg(case.id("c")).ok();
    };
    let called = |case: &Case, cmd: Cmd| {
        let cmd = cmd
            .arg(runtime.program())
            .arg("--root")
            .arg(case.dir("root-corten-runtime"));
        cmd.args(["delete", "--force"]).arg(case.id("c"))
    };
    let counted = {
        let case = Case::new();
        started(&case);
        count(&case, Follow::No, |cmd| called(&case, cmd))
    };
    for n in moments(counted) {
        let case = Case::new();
        started(&case);
        called(&case, killed_at(&case, Follow::No, n)).run();
        runtime.cmd(&case).args(["delete", "--force", &case.id("c")]).ok();
        case.assert_empty("root-corten-runtime");
        assert_no_leaks(&case, n);
    }
}

#[track_caller]
fn assert_no_leaks(case: &Case, n: usize) {
    let left = case.leaks();
    assert!(left.is_empty(), "killed at call {n}: {left:?}");
}

/// Removes every container that `ps` shows, and expects nothing to be left.
#[track_caller]
fn clean_up(case: &Case, engine: &Engine<'_>, n: usize) {
    case.settle();
    let listed = engine.verb(&["ps", "--all", "--quiet", "--no-trunc"]).ok().out();
    for id in listed.lines() {
        engine.verb(&["rm", "--force", id]).ok();
    }
    engine.assert_no_containers();
    assert_no_leaks(case, n);
}

#[test]
fn corten_killed_in_run() {
    if programs::peer("strace").is_none() {
        skip!("strace is not installed");
    }
    let server = serve(probe_image(&json!({})));
    let run = |case: &Case, cmd: Cmd| {
        let dirs = [case.path("store"), case.path("state")];
        cmd.arg(programs::ours("corten"))
            .arg("--root")
            .arg(&dirs[0])
            .arg("--state-dir")
            .arg(&dirs[1])
            .args(["run", "--rm", &server.image(), "exit", "0"])
    };
    let case = Case::new();
    let engine = Engine::new(&case);
    engine.pull(&server.image());
    let counted = count(&case, Follow::Yes, |cmd| run(&case, cmd));
    for n in moments(counted) {
        run(&case, killed_at(&case, Follow::Yes, n)).run();
        clean_up(&case, &engine, n);
        engine.verb(&["run", "--rm", &server.image()]).ok();
    }
}

/// A directory with our programs, in which the shim is a script that runs it under strace.
fn programs_with_shim(case: &Case, strace: &str) -> PathBuf {
    let dir = case.dir("bin");
    for name in ["corten", "corten-runtime"] {
        programs::copy(&programs::ours(name), &dir.join(name));
    }
    let script = format!(
        "#!/bin/sh\nexec {strace} {} \"$@\"\n",
        programs::ours("corten-shim").display()
    );
    let shim = case.file("bin/corten-shim", script);
    fs::set_permissions(shim, fs::Permissions::from_mode(0o755)).expect("permissions");
    dir
}

fn corten_in(case: &Case, dir: &Path, args: &[&str]) -> Cmd {
    let dirs = [case.path("store"), case.path("state")];
    case.cmd(dir.join("corten"))
        .arg("--root")
        .arg(&dirs[0])
        .arg("--state-dir")
        .arg(&dirs[1])
        .args(args)
}

/// How often the journal tells that this container ended.
#[track_caller]
fn ends_told(engine: &Engine<'_>, id: &str) -> usize {
    let filter = format!("container={id}");
    let words = [
        "events",
        "--since",
        "0",
        "--until",
        "0s",
        "--filter",
        "event=die",
        "--filter",
        &filter,
    ];
    engine.verb(&words).ok().out().lines().count()
}

#[test]
fn the_shim_killed_in_run() {
    if programs::peer("strace").is_none() {
        skip!("strace is not installed");
    }
    let server = serve(probe_image(&json!({})));
    let case = Case::new();
    let engine = Engine::new(&case);
    engine.pull(&server.image());
    let log = case.path("shim.log");
    let counting = format!("strace --quiet=all -e trace={CALLS} -o {}", log.display());
    let dir = programs_with_shim(&case, &counting);
    corten_in(&case, &dir, &["run", "--rm", &server.image(), "exit", "0"]).ok();
    let counted = fs::read_to_string(&log)
        .expect("strace's output")
        .lines()
        .filter(|l| !l.contains("+++"))
        .count();
    for n in moments(counted) {
        let killing = format!(
            "strace --quiet=all -e trace={CALLS} -e inject={CALLS}:signal=SIGKILL:when={n} -o /dev/null"
        );
        programs_with_shim(&case, &killing);
        let out = corten_in(&case, &dir, &["run", &server.image(), "exit", "0"]).run();
        println!("killed at call {n}: {} {}", out.status, out.err().trim());
        for id in engine
            .verb(&["ps", "--all", "--quiet", "--no-trunc"])
            .ok()
            .out()
            .lines()
        {
            // Whoever looks tells what the shim could not any more, and nobody twice.
            let ends = usize::from(engine.bundle(id).join("exit.json").exists());
            assert_eq!(ends_told(&engine, id), ends, "killed at call {n}");
            engine.verb(&["rm", "--force", id]).ok();
            assert_eq!(ends_told(&engine, id), ends, "killed at call {n}, and removed");
        }
        engine.assert_no_containers();
        assert_no_leaks(&case, n);
    }
    fs::remove_dir_all(dir).expect("the programs");
}

#[test]
fn a_pull_killed_anywhere() {
    if programs::peer("strace").is_none() {
        skip!("strace is not installed");
    }
    let debian = Debian::get();
    let image = debian.image("oci-gzip");
    let pull = |case: &Case, cmd: Cmd, store: &str| {
        cmd.arg(programs::ours("corten"))
            .arg("--root")
            .arg(case.path(store))
            .arg("--state-dir")
            .arg(case.path("state"))
            .args(["pull", "--quiet", &image])
    };
    let case = Case::new();
    let counted = count(&case, Follow::Yes, |cmd| pull(&case, cmd, "counted"));
    fs::remove_dir_all(case.path("counted")).expect("the store");
    for n in moments(counted).step_by(3) {
        let store = format!("store-{n}");
        pull(&case, killed_at(&case, Follow::Yes, n), &store).run();
        let cmd = || {
            let dirs = [case.path(&store), case.path("state")];
            case.cmd(programs::ours("corten"))
                .arg("--root")
                .arg(&dirs[0])
                .arg("--state-dir")
                .arg(&dirs[1])
        };
        let listed = cmd().args(["images", "--quiet"]).ok().out();
        assert!(listed.lines().count() <= 1, "killed at call {n}: {listed}");
        pull(&case, case.cmd("env"), &store).ok();
        cmd()
            .args(["run", "--rm", &image, "cat", "/etc/debian_version"])
            .ok();
        assert_eq!(cmd().args(["ps", "--all", "--quiet"]).ok().out(), "");
        cmd().args(["rmi", &image]).ok();
        fs::remove_dir_all(case.path(&store)).expect("the store");
    }
}

#[test]
fn a_container_whose_shim_is_killed_lives_on_and_is_removed() {
    let case = Case::new();
    let server = serve(probe_image(&json!({})));
    let engine = Engine::new(&case);
    engine.pull(&server.image());
    let id = engine.id(&["run", "-d", &server.image(), "block"]);
    let pid = engine.pid(&id);
    let shim = fs::read(case.path("state/shims").join(&id).join("shim.json")).expect("shim.json");
    let shim: serde_json::Value = serde_json::from_slice(&shim).expect("JSON");
    let shim = u32::try_from(shim["pid"].as_u64().expect("a pid")).expect("a pid");
    case.cmd("kill").args(["-9", &shim.to_string()]).ok();
    corten_conformance::wait::for_end_of(shim);
    assert!(corten_conformance::wait::exists(pid), "the container lives on");
    assert_eq!(engine.inspect(&id)["State"]["Pid"], pid);
    engine.verb(&["rm", "--force", &id]).ok();
    assert!(!corten_conformance::wait::exists(pid));
    engine.assert_no_containers();
}
