//! Logs of bounded size, in other formats, and none: written by the shim, read by `corten logs`.

use std::io::{BufRead, BufReader, Write};

use crate::sandbox::{HELLO, Sandbox};

/// Numbers, a line each.
fn lines(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(|number| format!("{number}\n")).collect()
}

#[test]
fn a_follower_sees_every_line_once_while_files_move_on() {
    let sandbox = Sandbox::new();
    let options = [
        "--log-opt",
        "max-size=4k",
        "--log-opt",
        "max-file=100",
        "--log-opt",
        "compress=true",
    ];
    let mut words = vec!["run", "-i", "--name", "box"];
    words.extend(options);
    words.extend([HELLO, "cat"]);
    let mut container = sandbox.spawn(&words);
    let mut input = container.stdin.take().unwrap();
    let mut echo = BufReader::new(container.stdout.take().unwrap());
    let mut line = String::new();
    writeln!(input, "1").unwrap();
    echo.read_line(&mut line).unwrap();
    let follower = sandbox.spawn(&["logs", "-f", "box"]);
    for number in 2..=2000 {
        writeln!(input, "{number}").unwrap();
        // One at a time, so that each is a record of its own when files move on.
        line.clear();
        echo.read_line(&mut line).unwrap();
    }
    drop(input);
    assert!(container.wait().unwrap().success());
    let followed = follower.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(followed.stdout).unwrap(), lines(1..=2000));
    assert_eq!(sandbox.ok(&["logs", "box"]) + "\n", lines(1..=2000));
    assert_eq!(
        sandbox.ok(&["logs", "--tail", "150", "box"]) + "\n",
        lines(1851..=2000)
    );
    let log = sandbox.inspect("box")["HostConfig"]["LogConfig"].clone();
    assert_eq!(
        (&log["Type"], &log["Config"]["max-size"]),
        (&"json-file".into(), &"4k".into())
    );
    sandbox.ok(&["rm", "box"]);
    sandbox.assert_empty();
}

#[test]
fn the_oldest_lines_go_first() {
    let sandbox = Sandbox::new();
    let words = [
        "run",
        "-i",
        "--name",
        "box",
        "--log-opt",
        "max-size=4k",
        "--log-opt",
        "max-file=2",
        HELLO,
        "cat",
    ];
    assert_eq!(
        sandbox.with_input(&words, lines(1..=1000).as_bytes()).code,
        Some(0)
    );
    let kept = sandbox.ok(&["logs", "box"]) + "\n";
    let first: u32 = kept.lines().next().unwrap().parse().unwrap();
    assert!((800..1000).contains(&first), "{first}");
    assert_eq!(kept, lines(first..=1000));
    sandbox.ok(&["rm", "box"]);
}

#[test]
fn other_drivers() {
    let sandbox = Sandbox::new();
    let words = [
        "run",
        "-i",
        "--name",
        "box",
        "--log-driver",
        "k8s-file",
        HELLO,
        "cat",
    ];
    assert_eq!(sandbox.with_input(&words, b"one\ntwo").code, Some(0));
    assert_eq!(sandbox.ok(&["logs", "box"]), "one\ntwo");
    let id = sandbox.inspect("box")["Id"].as_str().unwrap().to_owned();
    let file =
        std::fs::read_to_string(sandbox.root().join("containers").join(id).join("container.log")).unwrap();
    assert!(
        file.contains(" stdout F one\n") && file.contains(" stdout P two\n"),
        "{file}"
    );

    sandbox.ok(&["run", "--name", "quiet", "--log-driver", "none", HELLO]);
    let refused = sandbox.corten(&["logs", "quiet"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("does not support reading"), "{refused:?}");
    assert_eq!(sandbox.inspect("quiet")["LogPath"], "");
    let refused = sandbox.corten(&["run", "--log-driver", "syslog", HELLO]);
    assert_eq!(refused.code, Some(125));
    assert!(refused.stderr.contains("not supported yet"), "{refused:?}");
    sandbox.ok(&["rm", "box", "quiet"]);
    sandbox.assert_empty();
}

#[test]
fn records_carry_what_the_options_ask_for() {
    let sandbox = Sandbox::new();
    let run = |name: &str, options: &[&str]| {
        let words = [
            "run",
            "--name",
            name,
            "-l",
            "team=a b",
            "-e",
            "COLOUR=red",
            "-e",
            "PASS=1",
        ];
        let options = options.iter().flat_map(|option| ["--log-opt", option]);
        let words: Vec<&str> = words
            .into_iter()
            .chain(options)
            .chain(["-i", HELLO, "cat"])
            .collect();
        sandbox.with_input(&words, b"x\n")
    };
    let options = ["labels=team", "env-regex=^COL", "tag={{.ImageName}}/{{.Name}}"];
    assert_eq!(run("box", &options).code, Some(0));
    let tag = format!("{HELLO}/box").replace('/', "%2F").replace(':', "%3A");
    assert_eq!(
        sandbox.ok(&["logs", "--details", "box"]),
        format!("COLOUR=red,tag={tag},team=a+b x")
    );
    assert_eq!(sandbox.ok(&["logs", "box"]), "x");
    // The tag follows the name.
    sandbox.ok(&["rename", "box", "crate"]);
    assert_eq!(
        sandbox.with_input(&["start", "-ai", "crate"], b"y\n").code,
        Some(0)
    );
    let told = sandbox.ok(&["logs", "--details", "--tail", "1", "crate"]);
    assert!(told.contains("%2Fcrate,team"), "{told}");
    assert_eq!(run("plain", &[]).code, Some(0));
    assert_eq!(sandbox.ok(&["logs", "--details", "plain"]), " x");
    let refused = run("bad", &["tag={{.Nope}}"]);
    assert_eq!(refused.code, Some(125), "{refused:?}");
    assert!(refused.stderr.contains("field Nope"), "{refused:?}");
    sandbox.ok(&["rm", "crate", "plain"]);
    sandbox.assert_empty();
}
