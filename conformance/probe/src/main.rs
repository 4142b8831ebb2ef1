//! The probe: runs inside a container and reports facts; the harness outside judges them.
//! Static, without dependencies, so that it runs in an empty root file system.
//!
//! `facts [SYSCTL…]` prints one JSON object; the other verbs do one small thing each.

mod facts;
mod json;
mod sys;
mod tree;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    let text: Vec<&str> = args.iter().filter_map(|a| a.to_str()).collect();
    match run(&text) {
        Ok(code) => code,
        Err(error) => {
            _ = writeln!(io::stderr(), "corten-probe: {error}");
            ExitCode::from(99)
        }
    }
}

fn run(args: &[&str]) -> Result<ExitCode> {
    match *args {
        ["facts", ref sysctls @ ..] => out(facts::report(sysctls).as_bytes())?,
        ["tree", dir] => out(tree::listing(Path::new(dir))?.as_bytes())?,
        ["exit", code] => return Ok(ExitCode::from(code.parse::<u8>()?)),
        ["cat"] => _ = io::copy(&mut io::stdin().lock(), &mut io::stdout().lock())?,
        ["bytes", count] => bytes(count.parse()?)?,
        ["lines", count, length, go, done] => lines(count.parse()?, length.parse()?, go, done)?,
        ["say", ref words @ ..] => out(format!("{}\n", words.join(" ")).as_bytes())?,
        ["warn", ref words @ ..] => writeln!(io::stderr(), "{}", words.join(" "))?,
        ["try", ref paths @ ..] => out(attempts(paths).as_bytes())?,
        ["block"] => block()?,
        ["ready", path] => ready(path)?,
        ["crash"] => sys::crash(),
        ["winsize"] => winsize()?,
        ["winsize", "set"] => {
            sys::await_window_size()?;
            winsize()?;
        }
        ["peak", program, ref rest @ ..] => return peak(program, rest),
        _ => return Err(format!("no such verb: {args:?}").into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn out(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Byte `i` of the stream that `bytes N` writes; the harness computes the same.
fn pattern(i: u64) -> u8 {
    (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]
}

fn bytes(count: u64) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let mut position = 0;
    while position < count {
        let end = (position + 65_536).min(count);
        let block: Vec<u8> = (position..end).map(pattern).collect();
        stdout.write_all(&block)?;
        position = end;
    }
    stdout.flush()
}

/// When the FIFO `go` ends, writes lines of a length, as many as a pipe holds at a time; then as `ready` does.
fn lines(count: usize, length: usize, go: &str, done: &str) -> io::Result<()> {
    let line = [vec![b'x'; length.saturating_sub(1)], vec![b'\n']].concat();
    let at_once = (65_536 / length.max(1)).max(1);
    let block = line.repeat(at_once);
    fs::read(go)?;
    let mut stdout = io::stdout().lock();
    let mut left = count;
    while left > 0 {
        let now = left.min(at_once);
        stdout.write_all(block.get(..now * line.len()).unwrap_or_default())?;
        left -= now;
    }
    stdout.flush()?;
    drop(stdout);
    ready(done)
}

/// For each path: can it be read, can it be written? As one JSON object.
fn attempts(paths: &[&str]) -> String {
    let mut object = json::Object::new();
    for path in paths {
        let read = fs::File::open(path).and_then(|mut file| file.read(&mut [0; 1]));
        let write = if Path::new(path).is_dir() {
            let name = Path::new(path).join("corten-probe-try");
            fs::File::create(&name).and_then(|_| fs::remove_file(&name))
        } else {
            fs::OpenOptions::new().write(true).open(path).map(|_| ())
        };
        let mut one = json::Object::new();
        one.raw("read", &outcome(read.map(|_| ())));
        one.raw("write", &outcome(write));
        object.raw(path, &one.finish());
    }
    object.finish() + "\n"
}

/// 0, or the errno.
fn outcome(result: io::Result<()>) -> String {
    match result {
        Ok(()) => "0".to_owned(),
        Err(error) => error.raw_os_error().unwrap_or(-1).to_string(),
    }
}

/// Says `ready`, then lives until a signal ends it (or stdin ends, when there is one to read).
fn block() -> io::Result<()> {
    out(b"ready\n")?;
    sys::pause_forever()
}

/// Opens a FIFO for writing, so that who waits on its other end knows that the program runs; then lives on.
fn ready(path: &str) -> io::Result<()> {
    let fifo = fs::OpenOptions::new().write(true).open(path)?;
    (&fifo).write_all(b"ready\n")?;
    drop(fifo);
    sys::pause_forever()
}

/// Runs a program and prints its largest resident set in KiB, on standard error. A process starts with the peak of who
/// spawned it, so that only a small program can measure a small one.
fn peak(program: &str, args: &[&str]) -> Result<ExitCode> {
    let status = Command::new(program).args(args).status()?;
    writeln!(io::stderr(), "{}", sys::peak_of_children()?)?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or_else(|| ExitCode::from(98), ExitCode::from))
}

/// Prints the terminal's size, and again after each line of input.
fn winsize() -> io::Result<()> {
    let mut lines = io::stdin().lines();
    loop {
        let (rows, columns) = sys::window_size()?;
        out(format!("size {rows} {columns}\n").as_bytes())?;
        if lines.next().transpose()?.is_none_or(|line| line == "end") {
            return Ok(());
        }
    }
}
