//! Identity, limits, environment and the program itself.

use super::{bundle, output, refusal};
use crate::bundle::{Bundle, copy_program};

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn status(name: &str, field: &str, change: impl FnOnce(&mut Value)) -> String {
    let script = format!(
        "while read -r name value; do [ $name = {field}: ] && echo $value; done < /proc/self/status; true"
    );
    output(name, &script, change).trim().to_owned()
}

#[test]
fn user_groups_and_umask() {
    let seen = output("user", "id; umask", |config| {
        config["process"]["user"] = json!({"uid": 5, "gid": 6, "additionalGids": [7, 8], "umask": 63});
    });
    assert_eq!(seen, "uid=5 gid=6 groups=7,8\n0077\n");
}

#[test]
fn all_five_capability_sets() {
    let set = json!(["CAP_CHOWN", "CAP_KILL"]);
    let some = json!({"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"], "permitted": set, "inheritable": set,
        "ambient": ["CAP_KILL"], "effective": ["CAP_KILL"]});
    // For another user than 0 execve leaves the ambient set only.
    for (field, expected) in [
        ("CapBnd", 0b1010_0001),
        ("CapInh", 0b10_0001),
        ("CapPrm", 0b10_0000),
        ("CapAmb", 0b10_0000),
    ] {
        let seen = status("caps", field, |config| {
            config["process"]["capabilities"] = some.clone();
            config["process"]["user"]["uid"] = json!(9);
        });
        assert_eq!(u64::from_str_radix(&seen, 16).unwrap(), expected, "{field}");
    }
}

#[test]
fn unknown_capabilities_warn_and_are_left_out() {
    let bundle = bundle("cap-unknown", "echo ran");
    bundle.edit(|config| config["process"]["capabilities"]["bounding"] = json!(["CAP_FLY"]));
    let output = bundle.call(&["run"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ran\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("unknown capability CAP_FLY"));
}

#[test]
fn an_ambient_capability_that_cannot_be_raised_is_a_warning() {
    let bundle = bundle("cap-ambient", "echo ran");
    bundle.edit(|config| {
        config["process"]["capabilities"]["inheritable"] = json!([]);
        config["process"]["capabilities"]["ambient"] = json!(["CAP_KILL"]);
    });
    let output = bundle.call(&["run"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ran\n");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("can't raise ambient capability CAP_KILL"),
        "{errors}"
    );
}

/// Runs the bundle's container by a shell that prepares the call.
fn run_by_shell(bundle: &Bundle, script: &str) -> std::process::Output {
    let run = bundle.command(&["run", bundle.id()]);
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", script, "sh"])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(bundle.path());
    command.output().unwrap()
}

#[test]
fn sockets_are_handed_over_as_systemd_does_it() {
    let script = "echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; for n in 3 4; do [ -e /proc/self/fd/$n ] && echo $n; done; true";
    let call = |prepare: &str| {
        let bundle = bundle("listen", script);
        let call = format!(
            "exec 3</dev/zero 4</dev/zero; export LISTEN_FDS=1 LISTEN_FDNAMES=a {prepare}; exec \"$@\""
        );
        String::from_utf8(run_by_shell(&bundle, &call).stdout).unwrap()
    };
    assert_eq!(call("LISTEN_PID=$$"), "1 1 a\n3\n");
    // Another process's: the descriptors are whatever the caller has open there.
    assert_eq!(call("LISTEN_PID=1"), "\n");
    assert_eq!(call(""), "\n");
}

/// What the runtime opens would take their numbers, and stay open in the container.
#[test]
fn standard_streams_that_the_caller_closed_lead_to_dev_null() {
    let script =
        "for n in 0 1 2; do seen=$seen$(/bin/busybox readlink /proc/$$/fd/$n); done; echo $seen >/seen";
    let bundle = bundle("closed", script);
    bundle.edit(|config| config["root"]["readonly"] = json!(false));
    assert!(run_by_shell(&bundle, "exec \"$@\" <&- >&- 2>&-").status.success());
    let seen = fs::read_to_string(bundle.file("rootfs/seen")).unwrap();
    assert_eq!(seen, "/dev/null/dev/null/dev/null\n");
}

/// Programs such as `yes | head` end by it.
#[test]
fn a_broken_pipe_is_not_ignored() {
    let ignored = status("sigpipe", "SigIgn", |_| {});
    let ignored = u64::from_str_radix(&ignored, 16).unwrap();
    assert_eq!(ignored & 1 << (libc::SIGPIPE - 1), 0, "{ignored:x}");
}

#[test]
fn no_new_privileges_as_asked() {
    for wanted in [true, false] {
        let seen = status("nnp", "NoNewPrivs", |config| {
            config["process"]["noNewPrivileges"] = json!(wanted);
        });
        assert_eq!(seen, u8::from(wanted).to_string());
    }
}

#[test]
fn an_apparmor_profile_is_taken_or_refused_with_the_reason() {
    let attribute = "/proc/thread-self/attr/apparmor/exec";
    if std::path::Path::new(attribute).exists() {
        let seen = output("apparmor", "cat /proc/self/attr/apparmor/current", |config| {
            config["process"]["apparmorProfile"] = json!("unconfined");
        });
        assert_eq!(seen, "unconfined\n");
        let error = refusal("apparmor-missing", |config| {
            config["process"]["apparmorProfile"] = json!("corten-no-such-profile");
        });
        assert!(error.contains("no such profile is loaded"), "{error}");
    } else {
        let error = refusal("apparmor-none", |config| {
            config["process"]["apparmorProfile"] = json!("unconfined");
        });
        assert!(error.contains("runs without AppArmor"), "{error}");
    }
}

#[test]
fn limits_and_oom_score() {
    let seen = output(
        "limits",
        "ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj",
        |config| {
            config["process"]["rlimits"] = json!([
            {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]);
            config["process"]["oomScoreAdj"] = json!(123);
        },
    );
    assert_eq!(seen, "100\n200\n0\n123\n");
}

#[test]
fn the_last_of_equal_variables_wins() {
    let seen = output("env", "busybox env", |config| {
        config["process"]["env"] = json!(["A=1", "PATH=/bin", "B=x\ny", "A=2", "HOME=/h"]);
    });
    let mut lines: Vec<&str> = seen
        .lines()
        .filter(|line| !line.starts_with("PWD=") && !line.starts_with("SHLVL="))
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, ["A=2", "B=x", "HOME=/h", "PATH=/bin", "y"]);
}

#[test]
fn home_comes_from_the_images_passwd() {
    let bundle = bundle("home", "echo $HOME");
    fs::create_dir(bundle.file("rootfs/etc")).unwrap();
    fs::write(
        bundle.file("rootfs/etc/passwd"),
        "root:x:0:0::/root:\nu:x:42:42::/home/u:\n",
    )
    .unwrap();
    bundle.edit(|config| config["process"]["user"]["uid"] = json!(42));
    assert_eq!(bundle.must(&["run"]), "/home/u\n");
    bundle.edit(|config| config["process"]["user"]["uid"] = json!(43));
    assert_eq!(bundle.must(&["run"]), "/\n");
    bundle.edit(|config| config["process"]["env"] = json!(["PATH=/bin", "HOME="]));
    assert_eq!(bundle.must(&["run"]), "/\n");
}

#[test]
fn a_passwd_that_is_a_fifo_or_endless_blocks_nobody() {
    let bundle = bundle("home-fifo", "echo $HOME");
    fs::create_dir(bundle.file("rootfs/etc")).unwrap();
    nix::unistd::mkfifo(
        &bundle.file("rootfs/etc/passwd"),
        nix::sys::stat::Mode::from_bits_truncate(0o644),
    )
    .unwrap();
    assert_eq!(bundle.must(&["run"]), "/\n");
    fs::remove_file(bundle.file("rootfs/etc/passwd")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", bundle.file("rootfs/etc/passwd")).unwrap();
    assert_eq!(bundle.must(&["run"]), "/\n");
}

#[test]
fn a_missing_working_directory_is_made() {
    let seen = output("cwd", "busybox pwd", |config| {
        config["process"]["cwd"] = json!("/some/where");
        config["root"]["readonly"] = json!(false);
    });
    assert_eq!(seen, "/some/where\n");
}

#[test]
fn a_working_directory_may_be_closed_to_the_user() {
    let bundle = bundle("cwd-closed", "/bin/busybox pwd");
    fs::create_dir(bundle.file("rootfs/closed")).unwrap();
    fs::set_permissions(bundle.file("rootfs/closed"), fs::Permissions::from_mode(0o700)).unwrap();
    bundle.edit(|config| {
        config["process"]["cwd"] = json!("/closed");
        config["process"]["user"]["uid"] = json!(1000);
    });
    assert_eq!(bundle.must(&["run"]), "/closed\n");
}

#[test]
fn programs_are_found_by_the_containers_path() {
    let bundle = bundle("path", "true");
    bundle.edit(|config| {
        config["process"]["args"] = json!(["echo", "found"]);
        config["process"]["env"] = json!(["PATH=/nowhere:/bin"]);
    });
    assert_eq!(bundle.must(&["run"]), "found\n");
}

#[test]
fn a_missing_program_fails_create() {
    let bundle = bundle("no-program", "true");
    bundle.edit(|config| config["process"]["args"] = json!(["nosuch"]));
    assert_eq!(
        bundle.refused(&["create"]),
        "exec: \"nosuch\": executable file not found in $PATH"
    );
    bundle.edit(|config| config["process"]["args"] = json!(["/no/such"]));
    assert_eq!(
        bundle.refused(&["create"]),
        "exec /no/such: no such file or directory"
    );
    bundle.edit(|config| config["process"]["args"] = json!(["/bin"]));
    assert_eq!(bundle.refused(&["create"]), "exec /bin: is a directory");
}

#[test]
fn a_missing_interpreter_is_named() {
    let bundle = bundle("interpreter", "true");
    let script = bundle.file("rootfs/run.sh");
    fs::write(&script, "#!/usr/bin/python9\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    bundle.edit(|config| config["process"]["args"] = json!(["/run.sh"]));
    let output = bundle.call(&["run"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        errors.lines().next(),
        Some("exec /run.sh: no such file or directory")
    );
    assert!(
        errors.contains("its interpreter /usr/bin/python9 is not in the root file system"),
        "{errors}"
    );
}

#[test]
fn what_is_no_program_says_so() {
    let bundle = bundle("no-format", "true");
    let file = bundle.file("rootfs/data");
    fs::write(&file, "just text\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    bundle.edit(|config| config["process"]["args"] = json!(["/data"]));
    assert_eq!(bundle.refused(&["run"]), "exec /data: exec format error");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(bundle.refused(&["run"]), "exec /data: permission denied");
}

/// Whether a program may be run is the kernel's to say, under the process's own rights.
#[test]
fn a_program_of_another_user_runs_by_capability() {
    let bundle = bundle("x-permission", "true");
    fs::create_dir(bundle.file("rootfs/own")).unwrap();
    let program = bundle.file("rootfs/own/echo");
    copy_program("/bin/busybox", &program);
    std::os::unix::fs::chown(&program, Some(5), Some(5)).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o500)).unwrap();
    bundle.edit(|config| {
        config["process"]["args"] = json!(["/own/echo", "ran"]);
        config["process"]["user"] = json!({"uid": 9, "gid": 9});
    });
    assert_eq!(bundle.refused(&["run"]), "exec /own/echo: permission denied");
    bundle.edit(|config| {
        for set in ["bounding", "permitted", "effective", "inheritable", "ambient"] {
            config["process"]["capabilities"][set] = json!(["CAP_DAC_OVERRIDE"]);
        }
    });
    assert_eq!(bundle.must(&["run"]), "ran\n");
}

#[test]
fn no_descriptor_leaks() {
    // Opened without O_CLOEXEC by a careless caller, and inherited by the runtime.
    let bundle = bundle(
        "fds",
        "for n in 3 4 5 6 7 8 9 10 77; do [ -e /proc/self/fd/$n ] && echo leak $n; done; echo end",
    );
    let leaked = fs::File::open("/").unwrap();
    let leaked = nix::unistd::dup(&leaked).unwrap();
    assert_eq!(bundle.must(&["run"]), "end\n");
    drop(leaked);
}

#[test]
fn a_limit_beyond_the_runtimes_own_is_told() {
    let error = refusal("limit", |config| {
        config["process"]["rlimits"] = json!([{"type": "RLIMIT_NOFILE", "soft": 1, "hard": u64::MAX}]);
    });
    assert!(
        error.contains("set RLIMIT_NOFILE to 1 (soft), unlimited (hard)"),
        "{error}"
    );
}

#[test]
fn the_callers_cpus_do_not_bind_the_container() {
    let script = "busybox grep Cpus_allowed_list /proc/self/status | busybox awk '{print $2}'";
    let bundle = bundle("allcpus", script);
    let mut bound = std::process::Command::new("taskset");
    bound.args(["--cpu-list", "0", crate::bundle::RUNTIME, "--root"]);
    bound.arg(bundle.file("state")).args(["run", bundle.id()]);
    let output = bound.current_dir(bundle.path()).output().unwrap();
    let all = fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), all);
}
