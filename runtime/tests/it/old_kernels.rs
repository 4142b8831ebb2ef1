//! Kernels that lack system calls, played by a filter that answers ENOSYS: everything works, nothing leaks, and the
//! attacks on paths fail all the same.
#![allow(unsafe_code, reason = "the filter is loaded between fork and exec")]

use crate::bundle::{Bundle, RUNTIME};
use crate::race;
use corten_runtime::plan::seccomp::{Arch, compile};
use corten_runtime::sys::clone::pidfd_open;
use corten_runtime::sys::seccomp::load;
use nix::poll::{PollFd, PollFlags, poll};
use serde_json::{Value, json};
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

const MOUNT_CALLS: &[&str] = &[
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
];

/// What is missing, and how that world is called.
const WORLDS: &[(&str, &[&str])] = &[
    ("Linux 5.11", &["mount_setattr"]),
    ("Linux 5.8", &["mount_setattr", "close_range"]),
    ("Linux 5.5", &["mount_setattr", "close_range", "openat2"]),
    ("no clone3", &["clone3"]),
    ("no openat2", &["openat2"]),
    ("no mount calls", MOUNT_CALLS),
    ("no open_tree", &["open_tree"]),
    ("no fsopen", &["fsopen"]),
    ("no pidfds", &["pidfd_open", "pidfd_send_signal"]),
    ("no pidfd_send_signal", &["pidfd_send_signal"]),
    (
        "Linux 4.18",
        &[
            "clone3",
            "openat2",
            "close_range",
            "pidfd_open",
            "pidfd_send_signal",
            "pidfd_getfd",
            "faccessat2",
            "open_tree",
            "move_mount",
            "fsopen",
            "fsconfig",
            "fsmount",
            "fspick",
            "mount_setattr",
        ],
    ),
];

/// Under a filter that hides calls.
fn without(calls: &[&str], mut command: Command) -> Command {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": calls, "action": "SCMP_ACT_ERRNO", "errnoRet": libc::ENOSYS}]});
    let profile = profile.to_string();
    let filter = compile(&serde_json::from_str(&profile).unwrap(), Arch::NATIVE).unwrap();
    let load = move || {
        load(&filter.program, filter.flags)
            .map(drop)
            .map_err(|_| std::io::ErrorKind::Other.into())
    };
    // SAFETY: the closure makes one system call, and allocates only to fail.
    unsafe { command.pre_exec(load) };
    command
}

fn call(bundle: &Bundle, calls: &[&str], args: &[&str]) -> Output {
    without(calls, bundle.command(args))
        .arg(bundle.id())
        .output()
        .unwrap()
}

fn must(bundle: &Bundle, world: &str, calls: &[&str], args: &[&str]) -> String {
    let output = call(bundle, calls, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{world}: {args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Mounts of every kind, and what else is done by the calls that are hidden.
fn elaborate(config: &mut Value) {
    config["process"]["user"] = json!({"uid": 0, "gid": 0});
    config["linux"]["maskedPaths"] = json!(["/proc/kcore", "/secret", "/hidden", "/also"]);
    config["linux"]["readonlyPaths"] = json!(["/proc/sys"]);
    let hook = json!({"path": "/bin/true", "timeout": 60});
    config["hooks"] = json!({"createRuntime": [hook]});
    for mount in [
        json!({"destination": "/bound", "type": "bind", "source": "volume", "options": ["rbind", "ro", "nosuid", "rprivate"]}),
        json!({"destination": "/deep/file", "type": "bind", "source": "volume/f", "options": ["bind", "noexec", "noatime"]}),
        json!({"destination": "/tmp", "type": "tmpfs", "source": "mine", "options": ["size=64k", "nodev", "ro"]}),
        json!({"destination": "/link/made", "type": "tmpfs", "source": "tmpfs", "options": ["mode=700"]}),
    ] {
        config["mounts"].as_array_mut().unwrap().push(mount);
    }
}

const LOOK: &str = "
    while read -r _ _ _ _ at options rest; do echo \"$at $options ${rest##*- }\"; done < /proc/self/mountinfo | busybox sed 's/[0-9]* *rw,nr_inodes.*//'
    cat /bound/f /deep/file /secret; echo /hidden/* /also/*
    for file in /bound/x /proc/sys/kernel/hostname /tmp/x /x; do echo no > $file; done 2>&1
    busybox ls -la /dev /link/ | busybox awk '{print $1, $3, $4, $NF}'; echo /proc/self/fd/*";

fn prepare(name: &str) -> Bundle {
    let bundle = Bundle::new(name, LOOK);
    fs::create_dir(bundle.file("volume")).unwrap();
    fs::write(bundle.file("volume/f"), "content\n").unwrap();
    let root = bundle.file("rootfs");
    fs::write(root.join("secret"), "secret\n").unwrap();
    for place in ["hidden", "also", "real", "deep", "tmp", "bound"] {
        fs::create_dir(root.join(place)).unwrap();
    }
    fs::write(root.join("hidden/file"), "").unwrap();
    symlink("/real", root.join("link")).unwrap();
    bundle.edit(elaborate);
    bundle
}

/// What does not depend on the machine's devices and the order of mounts' numbers.
#[test]
fn a_container_finds_the_same_world() {
    let bundle = prepare("old-world");
    let expected = bundle.must(&["run"]);
    assert!(expected.contains("/bound ro,nosuid"), "{expected}");
    assert!(!expected.contains("secret\n"), "{expected}");
    for (world, calls) in WORLDS {
        let seen = must(&bundle, world, calls, &["run"]);
        assert_eq!(seen, expected, "{world}");
        assert_eq!(left_by(&bundle), [""; 0], "{world}");
    }
}

/// What is left once the watchers of processes have seen that these are gone (`sys/old/pidfd.rs`).
fn left_by(bundle: &Bundle) -> Vec<String> {
    let processes = bundle.leftovers();
    let pids = processes
        .iter()
        .filter_map(|left| left.strip_prefix("process /proc/"));
    for watcher in pids.filter_map(|pid| pidfd_open(pid.parse().unwrap()).ok()) {
        let mut end = [PollFd::new(watcher.as_fd(), PollFlags::POLLIN)];
        poll(&mut end, 5000_u16).unwrap();
    }
    bundle.leftovers()
}

#[test]
fn every_command_works() {
    let bundle = Bundle::new("old-life", "exec sleep 1000");
    for (world, calls) in WORLDS {
        let mut create = without(calls, bundle.command(&["create", bundle.id()]));
        let status = create
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .status()
            .unwrap();
        assert!(status.success(), "{world}");
        must(&bundle, world, calls, &["start"]);
        assert!(
            must(&bundle, world, calls, &["state"]).contains("running"),
            "{world}"
        );
        let exec = without(
            calls,
            bundle.command(&["exec", bundle.id(), "sh", "-c", "echo $$; exit 7"]),
        )
        .output();
        let exec = exec.unwrap();
        let errors = String::from_utf8_lossy(&exec.stderr);
        assert_eq!(exec.status.code(), Some(7), "{world}: {errors}");
        // The group, and not only the namespaces.
        let group = without(
            calls,
            bundle.command(&["exec", bundle.id(), "cat", "/proc/self/cgroup"]),
        )
        .output();
        let group = String::from_utf8(group.unwrap().stdout).unwrap();
        let init = format!("/proc/{}/cgroup", bundle.state()["pid"]);
        assert_eq!(group, fs::read_to_string(init).unwrap(), "{world}");
        must(&bundle, world, calls, &["pause"]);
        must(&bundle, world, calls, &["resume"]);
        let kill = without(calls, bundle.command(&["kill", bundle.id(), "KILL"]))
            .output()
            .unwrap();
        assert!(
            kill.status.success(),
            "{world}: {}",
            String::from_utf8_lossy(&kill.stderr)
        );
        must(&bundle, world, calls, &["delete", "--force"]);
        assert_eq!(left_by(&bundle), [""; 0], "{world}");
    }
}

#[test]
fn a_running_container_is_deleted_by_force_and_signals_pass_through_run() {
    let bundle = Bundle::new(
        "old-force",
        "trap 'exit 9' TERM; echo ready; while :; do sleep 1000 & wait; done",
    );
    for (world, calls) in WORLDS {
        let mut run = without(calls, bundle.command(&["run", bundle.id()]));
        let mut child = run.stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap()),
            nix::sys::signal::Signal::SIGTERM,
        )
        .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(9), "{world}");
        let mut run = without(calls, bundle.command(&["run", bundle.id()]));
        let mut child = run.stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        must(&bundle, world, calls, &["delete", "--force"]);
        assert_eq!(child.wait().unwrap().code(), Some(137), "{world}");
        assert_eq!(left_by(&bundle), [""; 0], "{world}");
    }
}

#[test]
fn a_user_namespace_and_a_terminal_work() {
    let bundle = Bundle::new(
        "old-userns",
        "id -u; cat /proc/self/uid_map /volume/f; [ -t 1 ] && echo terminal",
    );
    fs::set_permissions(bundle.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for place in ["dev", "proc", "sys", "volume"] {
        fs::create_dir(bundle.file("rootfs").join(place)).unwrap();
    }
    fs::create_dir(bundle.file("volume")).unwrap();
    fs::write(bundle.file("volume/f"), "content\n").unwrap();
    bundle.edit(|config| {
        let map = json!([{"containerID": 0, "hostID": 100_000, "size": 1000}]);
        config["linux"]["namespaces"]
            .as_array_mut()
            .unwrap()
            .push(json!({"type": "user"}));
        config["linux"]["uidMappings"] = map.clone();
        config["linux"]["gidMappings"] = map;
        config["mounts"].as_array_mut().unwrap().push(
            json!({"destination": "/volume", "type": "bind", "source": "volume", "options": ["bind", "ro"]}),
        );
        config["process"]["terminal"] = json!(true);
    });
    for (world, calls) in WORLDS {
        let run = format!(
            "{RUNTIME} --root {} run {}",
            bundle.file("state").display(),
            bundle.id()
        );
        let mut script = Command::new("script");
        script
            .args(["-qec", &run, "/dev/null"])
            .current_dir(bundle.path())
            .stdin(Stdio::null());
        let output = without(calls, script).output().unwrap();
        let seen = String::from_utf8(output.stdout).unwrap();
        // script(1) echoes the end of its own input.
        let seen = seen.replace("^@", "");
        let words: Vec<&str> = seen.split_whitespace().collect();
        assert_eq!(
            words,
            ["0", "0", "100000", "1000", "content", "terminal"],
            "{world}"
        );
        assert_eq!(left_by(&bundle), [""; 0], "{world}");
    }
}

/// The socket comes from the directory over which mounts are made.
#[test]
fn a_container_of_a_service_manager_finds_its_socket() {
    let bundle = Bundle::new("old-notify", "busybox stat -c '%F %a' $NOTIFY_SOCKET");
    for (world, calls) in WORLDS {
        let mut run = without(calls, bundle.command(&["run", bundle.id()]));
        let output = run.env("NOTIFY_SOCKET", "@nobody").output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.stdout, b"socket 777\n", "{world}: {errors}");
        assert_eq!(left_by(&bundle), [""; 0], "{world}");
    }
    std::os::unix::fs::chown(bundle.file("rootfs"), Some(100_000), Some(100_000)).unwrap();
    bundle.edit(|config| {
        let map = json!([{"containerID": 0, "hostID": 100_000, "size": 1000}]);
        config["linux"]["uidMappings"] = map.clone();
        config["linux"]["gidMappings"] = map;
        let namespaces = config["linux"]["namespaces"].as_array_mut().unwrap();
        namespaces.push(json!({"type": "user"}));
    });
    // Without open_tree(2), nobody can hand the mount to the user namespace's root.
    for (world, calls) in WORLDS.iter().filter(|(_, calls)| !calls.contains(&"open_tree")) {
        let mut run = without(calls, bundle.command(&["run", bundle.id()]));
        let output = run.env("NOTIFY_SOCKET", "@nobody").output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.stdout, b"socket 777\n",
            "{world}, user namespace: {errors}"
        );
        assert_eq!(left_by(&bundle), [""; 0], "{world}, user namespace");
    }
}

/// The attacks of the cve_* tests that are about paths.
#[test]
fn links_lead_nowhere_else() {
    for (world, calls) in WORLDS {
        let outside = tempfile::tempdir().unwrap();
        let up = format!("../../../../../..{}", outside.path().display());
        for target in [outside.path().to_str().unwrap(), &up] {
            let bundle = Bundle::new("old-escape", "true");
            symlink(target, bundle.file("rootfs/volume")).unwrap();
            bundle.edit(|config| {
                config["root"]["readonly"] = json!(false);
                let tmpfs = |to: &str| json!({"destination": to, "type": "tmpfs", "source": "tmpfs"});
                let mounts = config["mounts"].as_array_mut().unwrap();
                mounts.extend([tmpfs("/volume/below"), tmpfs("/volume/../volume/again")]);
                config["process"]["cwd"] = json!("/volume/cwd");
            });
            must(&bundle, world, calls, &["run"]);
            assert_eq!(
                fs::read_dir(outside.path()).unwrap().count(),
                0,
                "{world}: made outside"
            );
        }
        for (name, expected) in [
            ("proc", "must be mounted on ordinary directory"),
            ("volume", "inside /proc"),
        ] {
            let bundle = Bundle::new("old-proc", "true");
            symlink("/proc/sys", bundle.file("rootfs").join(name)).unwrap();
            bundle.edit(|config| {
                let tmpfs = json!({"destination": "/volume", "type": "tmpfs", "source": "tmpfs"});
                config["mounts"].as_array_mut().unwrap().push(tmpfs);
            });
            let output = call(&bundle, calls, &["run"]);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(errors.contains(expected), "{world}: {errors}");
        }
    }
}

/// The race of cve_2021_30465, where the walk is the runtime's own.
#[test]
fn a_swapped_directory_never_leads_out() {
    let (world, calls) = WORLDS[WORLDS.len() - 1];
    let outside = tempfile::tempdir().unwrap();
    let bundle = Bundle::new("old-race", "true");
    let (way, link) = (bundle.file("rootfs/way"), bundle.file("rootfs/link"));
    fs::create_dir(&way).unwrap();
    symlink(outside.path(), &link).unwrap();
    bundle.edit(|config| {
        let mounts = config["mounts"].as_array_mut().unwrap();
        mounts.push(json!({"destination": "/way/made/here", "type": "tmpfs", "source": "tmpfs"}));
        mounts.push(json!({"destination": "/way/other", "type": "bind", "source": "rootfs/bin", "options": ["bind", "ro"]}));
    });
    race::against(&way, &link, 30, || {
        call(&bundle, calls, &["run"]);
        assert_eq!(
            fs::read_dir(outside.path()).unwrap().count(),
            0,
            "{world}: made outside"
        );
    });
}

#[test]
fn no_descriptor_of_the_caller_gets_in() {
    let bundle = Bundle::new(
        "old-fds",
        "for n in 3 4 5 6 7 8 9 77; do [ -e /proc/self/fd/$n ] && echo leak $n; done; echo end",
    );
    for (world, calls) in WORLDS {
        let run = format!(
            "exec 7</ 9</etc; exec {RUNTIME} --root {} run {}",
            bundle.file("state").display(),
            bundle.id()
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &run]).current_dir(bundle.path());
        let output = without(calls, shell).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "end\n", "{world}");
    }
}

#[test]
fn what_nothing_can_stand_in_for_says_so() {
    let bundle = Bundle::new("old-refused", "true");
    bundle.edit(|config| {
        let rro = json!({"destination": "/v", "type": "bind", "source": ".", "options": ["rbind", "rro"]});
        config["mounts"].as_array_mut().unwrap().push(rro);
        config["root"]["readonly"] = json!(false);
    });
    let output = call(&bundle, MOUNT_CALLS, &["run"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("need Linux 5.12"), "{errors}");
}
