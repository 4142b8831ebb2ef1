//! A container with a terminal.

use serde_json::json;

use crate::attach::RESIZE;
use crate::fixture::{Bundle, runtimes};

fn terminal(script: &str) -> Bundle {
    let mut bundle = Bundle::sh(script);
    bundle.config["process"]["terminal"] = json!(true);
    bundle
}

#[test]
fn a_terminal_has_a_size_and_changes_it() {
    for runtime in runtimes() {
        let bundle = terminal(
            "trap 'stty size' WINCH; stty size; echo ready; while :; do read line && echo \"<$line>\"; done",
        );
        let args = ["--tty", "--stdin", "--console-size", "30x100"];
        let mut shim = bundle.shim(&runtime).args(&args).created();
        let mut client = shim.attach();
        shim.start();
        assert_eq!(client.until("ready\r\n"), "30 100\r\nready\r\n");
        client.send(RESIZE, br#"{"rows":41,"cols":132}"#);
        client.stdin(b"typed\n");
        let text = client.until("<typed>\r\n");
        assert!(text.contains("41 132\r\n"), "{text:?}");
        // ^C reaches the foreground, which has no handler for it.
        client.signal(9);
        let received = client.rest();
        assert!(received.stderr.is_empty());
        assert_eq!(shim.finish()["signal"], 9);
    }
}

#[test]
fn the_last_words_of_a_terminal_are_there() {
    for runtime in runtimes() {
        for _ in 0..5 {
            let bundle = terminal("seq 1 2000; exit 3");
            let mut shim = bundle.shim(&runtime).args(&["--tty"]).created();
            let mut client = shim.attach();
            shim.start();
            let received = client.rest();
            let expected: String = (1..=2000).map(|number| format!("{number}\r\n")).collect();
            assert_eq!(String::from_utf8(received.stdout).unwrap(), expected);
            assert_eq!(shim.finish()["exit_code"], 3);
            assert_eq!(bundle.logged_text("stdout"), expected);
        }
    }
}

#[test]
fn keys_of_a_terminal_are_signals() {
    for runtime in runtimes() {
        let bundle =
            terminal("trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 1000 & wait; done");
        let mut shim = bundle.shim(&runtime).args(&["--tty", "--stdin"]).created();
        let mut client = shim.attach();
        shim.start();
        client.until("ready\r\n");
        client.stdin(b"\x03");
        client.until("interrupted\r\n");
        client.rest();
        assert_eq!(shim.finish()["exit_code"], 5);
    }
}

#[test]
fn a_terminal_that_nobody_has_open_costs_nothing_and_may_come_back() {
    let bundle = terminal("exec </dev/null >/dev/null 2>&1; read go </go; echo back >/dev/console; exit 0");
    nix::unistd::mkfifo(&bundle.path().join("upper/go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut shim = bundle.shim(&runtimes()[0]).args(&["--tty"]).created();
    let mut client = shim.attach();
    shim.start();
    let root = format!("/proc/{}/root", shim.state()["init_pid"]);
    // Opening the fifo waits until init reads it: by then it has closed the terminal.
    let mut go = std::fs::File::options()
        .write(true)
        .open(format!("{root}/go"))
        .unwrap();
    let before = cpu_ticks(shim.pid());
    for _ in 0..20 {
        // Each answer is a turn of the shim's loop; it must not turn by itself between them.
        drop(shim.attach());
    }
    assert!(cpu_ticks(shim.pid()) - before < 20, "the shim is busy");
    std::io::Write::write_all(&mut go, b"\n").unwrap();
    assert_eq!(client.rest().stdout, b"back\r\n");
    assert_eq!(shim.finish()["exit_code"], 0);
}

/// User and system time of a process.
fn cpu_ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_container_without_terminal_under_tty_is_refused_clearly() {
    for runtime in runtimes() {
        let bundle = Bundle::sh("echo no terminal");
        let mut shim = bundle.shim(&runtime).args(&["--tty"]).spawn();
        let told = shim.finish_failed();
        assert_eq!(told["step"], "create", "{told}");
    }
}
