//! The log's files: their size, their number, their other formats, and no log at all.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fixture::{Bundle, PATIENCE, Process, UNIFIED, runtimes};

/// All that the log's files hold, oldest first, and how many of them are compressed.
fn all_files(log: &Path) -> (String, usize) {
    let (mut texts, mut compressed) = (vec![fs::read_to_string(log).unwrap()], 0);
    for number in 1.. {
        let path = format!("{}.{number}", log.display());
        let text = match fs::File::open(format!("{path}.gz")) {
            Ok(file) => {
                compressed += 1;
                let mut text = String::new();
                flate2::read::GzDecoder::new(file)
                    .read_to_string(&mut text)
                    .unwrap();
                text
            }
            Err(_) => match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(_) => break,
            },
        };
        texts.push(text);
    }
    texts.reverse();
    (texts.concat(), compressed)
}

/// Waits for the children of the shim that are not init.
fn wait_for_compressors(shim: i32, init: i64) {
    let children = fs::read_to_string(format!("/proc/{shim}/task/{shim}/children")).unwrap();
    for child in children.split_ascii_whitespace().map(|pid| pid.parse().unwrap()) {
        if child != init {
            assert!(Process::open(child).ended(PATIENCE));
        }
    }
}

#[test]
fn full_files_are_compressed_and_no_line_is_lost() {
    let bundle = Bundle::sh(
        "i=0; while read to; do while [ $i -lt $to ]; do i=$((i+1)); echo $i; done; echo end >&2; done",
    );
    let limits = [
        "--stdin",
        "--log-max-size=30000",
        "--log-max-files=100",
        "--log-compress",
    ];
    let mut shim = bundle.shim(&runtimes()[0]).args(&limits).created();
    let mut client = shim.attach();
    shim.start();
    let init = shim.state()["init_pid"].as_i64().unwrap();
    for round in 1..=6 {
        client.stdin(format!("{}\n", round * 800).as_bytes());
        client.until("end\n");
        wait_for_compressors(shim.pid(), init);
    }
    client.signal(9);
    client.rest();
    shim.finish();
    let (text, compressed) = all_files(&bundle.log());
    assert!(compressed >= 5, "{compressed}");
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines = records
        .filter(|record| record["stream"] == "stdout")
        .map(|record| record["log"].as_str().unwrap().to_owned());
    let expected: String = (1..=4800).map(|number| format!("{number}\n")).collect();
    assert_eq!(lines.collect::<String>(), expected);
    for entry in fs::read_dir(bundle.path()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".new"), "{name}");
    }
}

#[test]
fn a_flood_keeps_the_number_of_files_and_their_size() {
    let bundle = Bundle::sh("seq 1 200000");
    let limits = ["--log-max-size=100000", "--log-max-files=4", "--log-compress"];
    let mut shim = bundle.shim(&runtimes()[0]).args(&limits).spawn();
    shim.expect_started();
    shim.finish();
    let (text, _) = all_files(&bundle.log());
    let numbers: Vec<u32> = text
        .lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["log"].as_str().unwrap().trim().parse().unwrap()
        })
        .collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "in order, without a gap"
    );
    assert_eq!(numbers.last(), Some(&200_000));
    let mut names = Vec::new();
    for entry in fs::read_dir(bundle.path()).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("container.log") {
            assert!(entry.metadata().unwrap().len() < 240_000, "{name}");
            names.push(name);
        }
    }
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn the_format_of_kubernetes_holds_the_bytes_themselves() {
    let bundle = Bundle::sh("printf 'a\\377b\\n'; printf 'last'");
    let mut shim = bundle
        .shim(&runtimes()[0])
        .unlogged()
        .args(&["--log-driver=k8s-file", "--log-path"])
        .args(&[&bundle.log().display().to_string()])
        .spawn();
    shim.expect_started();
    shim.finish();
    let log = fs::read(bundle.log()).unwrap();
    let lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
    let [one, two, []] = lines.as_slice() else {
        panic!("{:?}", String::from_utf8_lossy(&log))
    };
    let after_time = |line: &[u8]| line[line.iter().position(|byte| *byte == b' ').unwrap()..].to_owned();
    assert_eq!(after_time(one), b" stdout F a\xffb");
    assert_eq!(after_time(two), b" stdout P last");
    assert!(one.starts_with(b"20") && one[..35].contains(&b'Z'));
}

#[test]
fn streams_may_pass_the_shim_by() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("cat; echo err >&2; exit 6");
        bundle.write();
        let mut command = Command::new("unshare");
        command
            .args(["-m", "sh", "-c", UNIFIED, "sh", env!("CARGO_BIN_EXE_corten-shim")])
            .args(["run", "--log-driver=passthrough", "--id", &bundle.id, "--bundle"])
            .arg(bundle.path())
            .arg("--dir")
            .arg(bundle.path().join("shim"))
            .arg("--runtime")
            .arg(&runtime)
            .arg("--runtime-root")
            .arg(bundle.path().join("runtime"))
            .arg("--mounts")
            .arg(bundle.path().join("mounts.json"));
        let mut shim = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut shim.stdin.take().unwrap(), b"through\n").unwrap();
        let output = shim.wait_with_output().unwrap();
        assert_eq!(
            (&output.stdout[..], &output.stderr[..]),
            (&b"through\n"[..], &b"err\n"[..]),
            "{runtime:?}"
        );
        assert!(output.status.success());
        let record = fs::read_to_string(bundle.path().join("shim/exit.json")).unwrap();
        assert!(record.contains("\"exit_code\":6"), "{record}");
    }
}
