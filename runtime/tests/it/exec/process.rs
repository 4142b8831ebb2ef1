//! What the process is: user, groups, capabilities, environment, limits, descriptors, standard streams.

use super::{exec, outcome, refused, running, says};
use crate::bundle::Bundle;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::Stdio;

#[test]
fn the_containers_own_process_is_the_model() {
    let bundle = running("model", |config| {
        config["process"]["cwd"] = json!("/bin");
        config["process"]["env"] = json!(["PATH=/bin", "A=own", "HOME="]);
        config["process"]["user"] = json!({"uid": 7, "gid": 8, "additionalGids": [9], "umask": 0o077});
        config["process"]["rlimits"] = json!([{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]);
        config["process"]["oomScoreAdj"] = json!(321);
    });
    let passwd = bundle.file("rootfs/etc");
    fs::create_dir(&passwd).unwrap();
    fs::write(
        passwd.join("passwd"),
        "a:x:7:8::/home/a:/bin/sh\nb:x:70:8::/home/b:/bin/sh\n",
    )
    .unwrap();
    let script = "pwd; echo $A $HOME; id; umask; ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj";
    assert_eq!(
        says(&bundle, &[], script),
        "/bin\nown /home/a\nuid=7(a) gid=8 groups=9\n0077\n100\n200\n321\n"
    );
    let options = [
        "--user", "70:80", "-g", "90", "--cwd", "/", "-e", "A=new", "-e", "B=x\ny", "-e", "A=last",
    ];
    assert_eq!(
        says(&bundle, &options, "pwd; echo $A $HOME; echo \"$B\"; id"),
        "/\nlast /home/b\nx\ny\nuid=70(b) gid=80 groups=9,90\n"
    );
    let output = outcome(&bundle, &options, &["busybox", "cat", "/proc/self/environ"]);
    let environ = String::from_utf8(output.stdout).unwrap();
    let of_a: Vec<&str> = environ
        .split('\0')
        .filter(|entry| entry.starts_with("A="))
        .collect();
    assert_eq!(of_a, ["A=last"]);
    // A group that is not named stays (CVE-2026-30892 took the user for 0).
    assert_eq!(says(&bundle, &["--user", "1"], "id"), "uid=1 gid=8 groups=9\n");
}

#[test]
fn a_file_describes_the_process() {
    let bundle = running("file", |config| {
        config["process"]["rlimits"] = json!([{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]);
    });
    let file = bundle.file("process.json");
    let write = |process: Value| fs::write(&file, process.to_string()).unwrap();
    let run = || outcome(&bundle, &["--process", "process.json"], &[]);
    write(json!({
        "args": ["/bin/sh", "-c", "pwd; id; echo $A; ulimit -n; busybox grep CapEff /proc/self/status"],
        "cwd": "/bin", "env": ["A=file"], "user": {"uid": 0, "gid": 5}
    }));
    let output = String::from_utf8(run().stdout).unwrap();
    assert_eq!(
        output,
        "/bin\nuid=0 gid=5\nfile\n100\nCapEff:\t0000000020000420\n"
    );
    write(json!({"args": [], "cwd": "/"}));
    assert!(refused(&bundle, &["--process", "process.json"], &[]).contains("process.args"),);
    fs::write(&file, "{\"args\": [1]}").unwrap();
    let message = refused(&bundle, &["--process", "process.json"], &[]);
    assert!(message.contains("args[0]: found integer `1`"), "{message}");
    let message = refused(&bundle, &["--process", "absent.json"], &[]);
    assert!(message.contains("absent.json"), "{message}");
}

fn capabilities(bundle: &Bundle, options: &[&str]) -> String {
    let script =
        "busybox grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNew' /proc/self/status | busybox awk '{print $2}'";
    says(bundle, options, script).replace('\n', " ")
}

#[test]
fn capabilities_are_added_to_all_sets_that_do_not_outlive_execve() {
    let bundle = running("caps", |config| {
        config["process"]["noNewPrivileges"] = json!(false);
        let own = json!(["CAP_KILL", "CAP_AUDIT_WRITE"]);
        config["process"]["capabilities"] =
            json!({"bounding": own, "effective": own, "permitted": own, "inheritable": own});
    });
    let (own, more) = ("0000000020000020", "0000000020200020");
    assert_eq!(
        capabilities(&bundle, &[]),
        format!("{own} {own} {own} {own} 0000000000000000 0 ")
    );
    assert_eq!(
        capabilities(&bundle, &["--cap", "CAP_SYS_ADMIN", "--no-new-privs"]),
        format!("{own} {more} {more} {more} 0000000000000000 1 ")
    );
}

/// Where processes of the container may trace others, nothing of it is seen before it has joined everything.
#[test]
fn a_container_that_may_trace_gets_the_same_process() {
    let bundle = running("tracing", |config| {
        let own = json!(["CAP_SYS_PTRACE"]);
        config["process"]["capabilities"] = json!({"bounding": own, "effective": own, "permitted": own});
    });
    assert_eq!(says(&bundle, &[], "echo $((1 + 1)); exit 0"), "2\n");
    let output = outcome(&bundle, &[], &["sh", "-c", "kill -TERM $$"]);
    assert_eq!(output.status.code(), Some(143));
    let mut exec = exec(&bundle, &["--detach", "--pid-file", "pid"], &["sleep", "1000"]);
    assert!(
        exec.stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let pid = fs::read_to_string(bundle.file("pid")).unwrap();
    let same = |kind: &str| {
        let link = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).unwrap();
        link(&pid) == link(&bundle.state()["pid"].to_string())
    };
    assert!(["pid", "mnt", "net", "ipc", "uts"].into_iter().all(same));
    assert_eq!(
        refused(&bundle, &[], &["/nope"]),
        "exec /nope: no such file or directory"
    );
}

#[test]
fn standard_streams_are_the_callers() {
    let bundle = running("streams", |_| {});
    let mut exec = exec(&bundle, &[], &["sh", "-c", "cat; echo err >&2"]);
    let mut exec = exec
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = vec![b'x'; 1 << 20];
    let mut stdin = exec.stdin.take().unwrap();
    let sent = input.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&sent).unwrap());
    let output = exec.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.stdout == input, "{} bytes", output.stdout.len());
    assert_eq!(output.stderr, b"err\n");
}

/// A user may open /dev/stdout again; a file keeps its owner.
#[test]
fn pipes_are_the_users_and_files_are_not() {
    let bundle = running("owner", |_| {});
    assert_eq!(
        says(&bundle, &["--user", "1000"], "echo again >/proc/self/fd/1"),
        "again\n"
    );
    let log = fs::File::create(bundle.file("log")).unwrap();
    let mut exec = exec(&bundle, &["--user", "1000"], &["echo", "logged"]);
    assert!(exec.stdout(log).status().unwrap().success());
    use std::os::unix::fs::MetadataExt;
    assert_eq!(fs::metadata(bundle.file("log")).unwrap().uid(), 0);
    assert_eq!(fs::metadata("/dev/null").unwrap().uid(), 0);
}

#[test]
fn no_descriptor_of_the_caller_reaches_the_process_but_those_to_keep() {
    let bundle = running("fds", |_| {});
    let script = format!(
        "exec 3</dev/null 4</etc/passwd 5</; {} --root {} exec \"$@\" {} busybox ls /proc/self/fd",
        crate::bundle::RUNTIME,
        bundle.file("state").display(),
        bundle.id()
    );
    let open = |options: &[&str]| {
        let mut shell = std::process::Command::new("bash");
        let shell = shell.args(["-c", &script, "bash"]).args(options);
        shell.stdin(Stdio::null()).output().unwrap()
    };
    // The last one is the directory that ls reads.
    assert_eq!(open(&[]).stdout, b"0\n1\n2\n3\n");
    assert_eq!(open(&["--preserve-fds", "2"]).stdout, b"0\n1\n2\n3\n4\n5\n");
    let missing = open(&["--preserve-fds", "7"]);
    assert_eq!(missing.status.code(), Some(255));
    let errors = String::from_utf8(missing.stderr).unwrap();
    assert!(errors.starts_with("file descriptor 6 is not open"), "{errors}");
}

#[test]
fn cpus_are_those_asked_for_and_never_the_callers() {
    let allowed = "busybox grep Cpus_allowed_list /proc/self/status | busybox awk '{print $2}'";
    let all = fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    let bundle = running("cpus", |_| {});
    let mut bound = std::process::Command::new("taskset");
    bound.args(["--cpu-list", "0", crate::bundle::RUNTIME, "--root"]);
    bound
        .arg(bundle.file("state"))
        .args(["exec", bundle.id(), "sh", "-c", allowed]);
    let output = bound.stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), all);
    let bundle = running("affinity", |config| {
        config["process"]["execCPUAffinity"] = json!({"initial": "0", "final": "1"});
    });
    assert_eq!(says(&bundle, &[], allowed), "1\n");
    let process = json!({
        "args": ["/bin/sh", "-c", allowed], "cwd": "/", "env": ["PATH=/bin"],
        "execCPUAffinity": {"initial": "1", "final": "0"}
    });
    fs::write(bundle.file("process.json"), process.to_string()).unwrap();
    let output = outcome(&bundle, &["--process", "process.json"], &[]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "0\n");
}
