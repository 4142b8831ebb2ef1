//! The runtime's command line, in conmon's order.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::request::{Request, Verb};

/// The words of the one call of the runtime; `console` is where it shall send the terminal.
pub fn command_line(request: &Request, console: Option<&Path>) -> Vec<OsString> {
    let mut line = vec![request.runtime.clone().into_os_string()];
    line.extend(request.runtime_args.iter().cloned());
    let mut add = |words: &[&dyn AsRef<OsStr>]| {
        line.extend(words.iter().map(|word| word.as_ref().to_owned()));
    };
    let pid_file = &request.pid_file;
    match &request.verb {
        Verb::Create {
            no_pivot,
            no_new_keyring,
        } => {
            add(&[&"create", &"--bundle", &request.bundle, &"--pid-file", pid_file]);
            if *no_pivot {
                add(&[&"--no-pivot"]);
            }
            if *no_new_keyring {
                add(&[&"--no-new-keyring"]);
            }
        }
        Verb::Restore(image) => {
            add(&[
                &"restore",
                &"--detach",
                &"--image-path",
                image,
                &"--work-path",
                &request.bundle,
            ]);
            add(&[&"--bundle", &request.bundle, &"--pid-file", pid_file]);
        }
        Verb::Exec { process, .. } => {
            add(&[
                &"exec",
                &"--pid-file",
                pid_file,
                &"--process",
                process,
                &"--detach",
            ]);
            if request.tty {
                add(&[&"--tty"]);
            }
        }
    }
    if let Some(console) = console {
        add(&[&"--console-socket", &console]);
    }
    for option in &request.runtime_opts {
        add(&[option]);
    }
    add(&[&request.id]);
    line
}

/// How many descriptors from 3 on are the container's (`--preserve-fds` among the runtime's options).
pub fn preserved(options: &[OsString]) -> i32 {
    let mut words = options.iter().map(|word| word.to_string_lossy());
    let mut found = 0;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--preserve-fds") {
            Some("") => words.next().unwrap_or_default().into_owned(),
            Some(value) => value.trim_start_matches('=').to_owned(),
            None => continue,
        };
        found = value.parse().unwrap_or(0).clamp(0, 1 << 16);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::cli::Args;
    use super::super::request::resolve;
    use super::*;
    use clap::Parser;

    fn line(more: &[&str], console: Option<&str>) -> String {
        let base = [
            "conmon",
            "-c",
            "ab",
            "-u",
            "cd",
            "-r",
            "/r",
            "-b",
            "/b",
            "-p",
            "/pid",
            "-l",
            "none",
            "--runtime-arg=--root",
            "--runtime-arg=/x",
        ];
        let args = Args::try_parse_from(base.iter().chain(more)).expect("a line of conmon's");
        let line = command_line(&resolve(args).expect("valid"), console.map(Path::new));
        line.join(OsStr::new(" ")).into_string().expect("text")
    }

    #[test]
    fn the_runtime_is_called_as_conmon_calls_it() {
        assert_eq!(
            line(&["--no-pivot"], None),
            "/r --root /x create --bundle /b --pid-file /pid --no-pivot ab"
        );
        let exec = ["-e", "-t", "--exec-process-spec", "/p", "--runtime-opt=--cap=x"];
        assert_eq!(
            line(&exec, Some("/c")),
            "/r --root /x exec --pid-file /pid --process /p --detach --tty --console-socket /c --cap=x ab"
        );
        let restore = ["--restore", "/i", "--runtime-opt=--tcp-established"];
        assert_eq!(
            line(&restore, None),
            "/r --root /x restore --detach --image-path /i --work-path /b --bundle /b --pid-file /pid --tcp-established ab"
        );
    }

    #[test]
    fn preserved_descriptors_are_counted_in_both_spellings() {
        let count = |words: &[&str]| preserved(&words.iter().map(Into::into).collect::<Vec<_>>());
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&["--preserve-fds", "2"]), 2);
        assert_eq!(count(&["--x", "--preserve-fds=3"]), 3);
        assert_eq!(count(&["--preserve-fds", "-3"]), 0);
        assert_eq!(count(&["--preserve-fds"]), 0);
    }
}
