//! `exec`: one more process in a container, the same under every runtime.

use corten_conformance::bundle::{Bundle, Runtime};
use corten_conformance::probe::Facts;
use corten_conformance::pty::Session;
use corten_conformance::{Case, Cmd, Out, wait};
use serde_json::json;
use std::fs;

/// A running container.
struct Container<'a> {
    case: &'a Case,
    runtime: &'a Runtime,
    id: String,
    bundle: Bundle,
}

impl Container<'_> {
    fn exec(&self, options: &[&str], command: &[&str]) -> Cmd {
        self.runtime
            .cmd(self.case)
            .arg("exec")
            .args(options)
            .arg(&self.id)
            .args(command)
    }

    #[track_caller]
    fn facts(&self, options: &[&str]) -> Facts {
        Facts(self.exec(options, &["/probe", "facts"]).ok().json())
    }

    /// Every failure of the runtime itself exits with 255; with 1 under newer crun.
    #[track_caller]
    fn refuses(&self, command: &[&str]) -> Out {
        let refused = self.exec(&[], command).fails();
        if self.runtime.kind == "crun" {
            refused
        } else {
            refused.code(255)
        }
    }

    #[track_caller]
    fn delete(&self) {
        let delete = self.runtime.cmd(self.case).args(["delete", "--force"]);
        delete.arg(&self.id).ok();
        // The last of its processes may still be on their way out.
        self.case.settle();
    }

    fn verb(&self, verb: &str) -> Cmd {
        self.runtime.cmd(self.case).args([verb, &self.id])
    }
}

/// Runs a test in a container of each runtime; the bundle may be changed before.
#[track_caller]
fn with_each(change: impl Fn(Bundle) -> Bundle, test: impl Fn(&Container<'_>)) {
    for runtime in &Runtime::all() {
        let case = &Case::new();
        let bundle = change(Bundle::new(case, "bundle", &["ready", "/fifo"])).write();
        wait::fifo(&bundle.root("fifo"));
        let id = case.id("c");
        let create = runtime.cmd(case).args(["create", "--bundle"]).arg(&bundle.dir);
        create.arg(&id).ok();
        runtime.cmd(case).args(["start", &id]).ok();
        assert_eq!(wait::for_line_in(&bundle.root("fifo")), "ready");
        let container = Container {
            case,
            runtime,
            id,
            bundle,
        };
        test(&container);
        container.delete();
    }
}

#[test]
fn exit_codes_are_the_processes_own() {
    with_each(
        |bundle| bundle,
        |container| {
            for code in [0, 1, 42, 255] {
                let exit = ["/probe", "exit", &code.to_string()];
                container.exec(&[], &exit).run().code(code);
            }
            container.exec(&[], &["/probe", "crash"]).run().code(128 + 11);
            container.refuses(&["/not/there"]);
            container.refuses(&["nowhere"]);
        },
    );
}

#[test]
fn standard_streams_are_the_callers() {
    with_each(
        |bundle| bundle,
        |container| {
            let cat = container.exec(&[], &["/probe", "cat"]).stdin("piped").ok();
            assert_eq!(cat.out(), "piped");
            let warned = container.exec(&[], &["/probe", "warn", "words"]).ok();
            assert_eq!((warned.out().as_str(), warned.err().as_str()), ("", "words\n"));
        },
    );
}

#[test]
fn a_process_shares_namespaces_and_limits_with_init() {
    with_each(
        |bundle| {
            bundle
                .set(
                    "/process/rlimits",
                    json!([{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]),
                )
                .set("/process/oomScoreAdj", 123)
                .set("/process/env", json!(["PATH=/", "A=own"]))
        },
        |container| {
            let facts = container.facts(&[]);
            let pid = container.runtime.state(container.case, &container.id)["pid"].clone();
            for kind in ["pid", "mnt", "net", "ipc", "uts", "cgroup"] {
                let link = fs::read_link(format!("/proc/{pid}/ns/{kind}")).expect("init's namespace");
                assert_eq!(
                    facts.text(&format!("/namespaces/{kind}")),
                    link.to_string_lossy(),
                    "{}",
                    container.runtime.name
                );
            }
            // crun gives the caller's to the process.
            if container.runtime.kind != "crun" {
                // runc 1.1 raises the soft one.
                assert_eq!(facts.at("/limits/Max open files/1"), "200");
                assert_eq!(facts.text("/oom_score_adj"), "123");
                assert_eq!(facts.status("NoNewPrivs"), "1");
            }
            assert_eq!(facts.status("CapEff"), "0000000020000420");
            assert_eq!(facts.text("/cwd"), "/");
            let env = facts.at("/env").to_string();
            assert!(env.contains("\"A=own\""), "{env}");
        },
    );
}

#[test]
fn options_change_the_process() {
    with_each(
        |bundle| bundle.set("/process/noNewPrivileges", false),
        |container| {
            let facts = container.facts(&["--user", "1000:2000", "--cwd", "/tmp", "--env", "B=set"]);
            assert_eq!(facts.status("Uid"), "1000 1000 1000 1000");
            assert_eq!(facts.status("Gid"), "2000 2000 2000 2000");
            // crun has no such option, and its --cap takes all others away.
            if container.runtime.kind != "crun" {
                let more = container.facts(&["--additional-gids", "3000"]);
                // runc gives it twice.
                assert!(more.status("Groups").split(' ').all(|group| group == "3000"));
                let more = container.facts(&["--cap", "CAP_NET_ADMIN", "--no-new-privs"]);
                assert_eq!(more.status("CapBnd"), "0000000020001420");
                assert_eq!(more.status("CapEff"), "0000000020001420");
                assert_eq!(more.status("NoNewPrivs"), "1");
            }
            assert_eq!(facts.text("/cwd"), "/tmp");
            assert!(facts.at("/env").to_string().contains("\"B=set\""));
            assert_eq!(facts.status("NoNewPrivs"), "0");
        },
    );
}

#[test]
fn a_file_describes_the_process() {
    with_each(
        |bundle| bundle,
        |container| {
            let process = json!({
                "terminal": false, "user": {"uid": 7, "gid": 8, "additionalGids": [9]},
                "args": ["/probe", "facts"], "env": ["ONLY=this"], "cwd": "/dev",
                "noNewPrivileges": true
            });
            let file = container.case.file("process.json", process.to_string());
            let file = file.display().to_string();
            let facts = Facts(container.exec(&["--process", &file], &[]).ok().json());
            assert_eq!(facts.status("Uid"), "7 7 7 7");
            assert_eq!(facts.status("Groups"), "9");
            assert_eq!(facts.text("/cwd"), "/dev");
            assert!(facts.at("/env").to_string().contains("\"ONLY=this\""));
        },
    );
}

#[test]
fn only_the_three_standard_descriptors_are_open() {
    with_each(
        |bundle| bundle,
        |container| {
            let facts = container.facts(&[]);
            let open = facts.at("/fds").as_object().expect("descriptors");
            let mut names: Vec<&String> = open.keys().collect();
            names.sort();
            assert_eq!(names, ["0", "1", "2"], "{}", container.runtime.name);
        },
    );
}

/// Waits until the probe finds this size: what is typed may overtake the news of it.
#[track_caller]
fn has_size(session: &mut Session, size: &str) {
    let found = (0..100).any(|_| {
        session.shows("size ");
        let same = session.shows("\n").trim_end() == size;
        session.type_in("more\r");
        same
    });
    assert!(found, "the size is never {size}");
}

#[test]
fn a_terminal_is_the_callers_and_follows_its_size() {
    with_each(
        |bundle| bundle,
        |container| {
            let command = container.exec(&["--tty"], &["/probe", "winsize"]);
            let mut session = Session::start(command, 31, 61);
            has_size(&mut session, "31 61");
            // Older peers miss some changes.
            if container.runtime.kind == "corten-runtime" {
                session.resize(33, 77);
                has_size(&mut session, "33 77");
            }
            session.type_in("end\r");
            assert_eq!(session.ends().0.code(), Some(0));
        },
    );
}

#[test]
fn a_detached_process_outlives_exec_and_is_in_the_pid_file() {
    with_each(
        |bundle| bundle,
        |container| {
            wait::fifo(&container.bundle.root("second"));
            let pid_file = container.case.path("exec-pid");
            let options = ["--detach", "--pid-file", &pid_file.display().to_string()];
            container.exec(&options, &["/probe", "ready", "/second"]).ok();
            assert_eq!(wait::for_line_in(&container.bundle.root("second")), "ready");
            let pid: u32 = fs::read_to_string(pid_file)
                .expect("the pid file")
                .parse()
                .expect("a pid");
            assert!(wait::exists(pid));
            container.delete();
            wait::for_end_of(pid);
        },
    );
}

#[test]
fn a_paused_container_takes_no_process() {
    with_each(
        |bundle| bundle,
        |container| {
            container.verb("pause").ok();
            container.refuses(&["/probe", "exit", "0"]).says("paused");
            container.verb("resume").ok();
            container.exec(&[], &["/probe", "exit", "0"]).ok();
        },
    );
}

/// The filter of the container holds for each of its processes.
#[test]
fn a_filter_is_in_force() {
    with_each(
        |bundle| {
            bundle.set(
                "/linux/seccomp",
                json!({
                    "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                    "syscalls": [{"names": ["sched_setaffinity"], "action": "SCMP_ACT_ERRNO"}]
                }),
            )
        },
        |container| assert_eq!(container.facts(&[]).status("Seccomp"), "2"),
    );
}
