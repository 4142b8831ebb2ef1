//! The program of the built-in image `corten/hello`: it says where it runs.
//! It needs nothing but itself, so that a container can be shown and tested without a network.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::{env, fs};

const USAGE: &str = "\
usage: hello            say where this runs
       hello exit N     exit with status N
       hello cat        copy standard input to standard output
       hello bytes N    write N bytes, the letters a to z again and again
       hello err TEXT   write a line to standard error
       hello env        write the environment
       hello wait       wait until killed
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [] => greet(),
        ["exit", code] => return code.parse::<u8>().map_or_else(|_| usage(), ExitCode::from),
        ["cat"] => cat(),
        ["bytes", count] => match count.parse() {
            Ok(count) => bytes(count),
            Err(_) => return usage(),
        },
        ["err", text] => writeln!(io::stderr(), "{text}"),
        ["env"] => env::vars().try_for_each(|(name, value)| writeln!(io::stdout(), "{name}={value}")),
        ["wait"] => loop {
            std::thread::park();
        },
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    let _ = io::stderr().write_all(USAGE.as_bytes());
    ExitCode::from(2)
}

fn greet() -> io::Result<()> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|rest| rest.split_whitespace().next()).unwrap_or("?").to_owned()
    };
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut out = String::from("Hello from a container made by Corten!\n\n");
    out += &format!("  process    {} (user {}, group {})\n", std::process::id(), field("Uid"), field("Gid"));
    out += &format!("  host name  {}\n", host.trim());
    out += &format!("  root       {}\n", root());
    for name in ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"] {
        if let Ok(link) = fs::read_link(format!("/proc/self/ns/{name}")) {
            out += &format!("  namespace  {}\n", link.display());
        }
    }
    out += &format!("  privileges {}, seccomp {}\n", field("CapEff"), field("Seccomp"));
    io::stdout().write_all(out.as_bytes())
}

/// The type of the file system at `/`, and what is in it.
fn root() -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let kind = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        (fields.next()? == "/").then(|| fields.next())?
    });
    let mut names: Vec<String> = fs::read_dir("/")
        .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    format!("{} with {}", kind.unwrap_or("?"), names.join(" "))
}

fn cat() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut buffer = [0; 65536];
    loop {
        match input.read(&mut buffer)? {
            0 => return output.flush(),
            count => output.write_all(&buffer[..count])?,
        }
        output.flush()?;
    }
}

fn bytes(count: u64) -> io::Result<()> {
    let letters: Vec<u8> = (b'a'..=b'z').cycle().take(26 * 2520).collect();
    let mut left = count;
    let mut output = io::stdout().lock();
    while left > 0 {
        let now = left.min(letters.len() as u64) as usize;
        output.write_all(&letters[..now])?;
        left -= now as u64;
    }
    output.flush()
}
