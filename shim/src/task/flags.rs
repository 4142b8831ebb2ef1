//! The command line that containerd writes, in Go's form: `-name value`, `-name=value`, with one or two hyphens, then
//! the command.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::{Error, Kind, Result};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Serve, or find the shim that serves this pod already, and print its address.
    Start,
    /// Remove what a shim that has died left.
    Delete,
    /// Print what this shim is, as a message.
    Info,
    /// Print the version.
    Version,
    /// Print how to call it.
    Help,
}

/// The command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Flags {
    /// What is to be done.
    pub command: Command,
    /// containerd's namespace.
    pub namespace: String,
    /// The container.
    pub id: String,
    /// containerd's socket.
    pub address: String,
    /// containerd's own program.
    pub publish_binary: PathBuf,
    /// The bundle, for `delete`.
    pub bundle: Option<PathBuf>,
    /// More is told.
    pub debug: bool,
}

/// How it is called.
pub const USAGE: &str = "\
usage: containerd-shim-corten-v2 -namespace NAME -id ID -address SOCKET [-publish-binary FILE] [-bundle DIR] [-debug] start|delete
       containerd-shim-corten-v2 -info | -v

containerd starts this by itself for containers of the runtime io.containerd.corten.v2; see containerd-shim-corten-v2(8).
";

/// Reads the words after the program's name.
///
/// # Errors
/// An option or the command is unknown or missing.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Flags> {
    let mut flags = Flags {
        command: Command::Help,
        namespace: String::new(),
        id: String::new(),
        address: String::new(),
        publish_binary: PathBuf::new(),
        bundle: None,
        debug: false,
    };
    let mut args = args.into_iter();
    let mut command = None;
    while let Some(word) = args.next() {
        let text = word.to_string_lossy().into_owned();
        let Some(name) = text.strip_prefix('-') else {
            command = Some(verb(&text)?);
            break;
        };
        let name = name.strip_prefix('-').unwrap_or(name);
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (name, None),
        };
        match name {
            "debug" => flags.debug = value.is_none_or(|value| value == "true"),
            "info" => command = Some(Command::Info),
            "v" | "version" => command = Some(Command::Version),
            "h" | "help" => command = Some(Command::Help),
            _ => {
                let missing = || usage(format!("-{name} needs a value"));
                let value = value.or_else(|| args.next()).ok_or_else(missing)?;
                option(&mut flags, name, value)?;
            }
        }
    }
    flags.command = command.ok_or_else(|| usage("the command is missing".to_owned()))?;
    if matches!(flags.command, Command::Start | Command::Delete) {
        for (name, value) in [("namespace", &flags.namespace), ("id", &flags.id)] {
            if value.is_empty() {
                return Err(usage(format!("-{name} is missing")));
            }
        }
    }
    Ok(flags)
}

fn verb(word: &str) -> Result<Command> {
    match word {
        "start" => Ok(Command::Start),
        "delete" => Ok(Command::Delete),
        other => Err(usage(format!("there is no command {other}"))),
    }
}

fn option(flags: &mut Flags, name: &str, value: OsString) -> Result<()> {
    let text = || value.to_string_lossy().into_owned();
    match name {
        "namespace" => flags.namespace = text(),
        "id" => flags.id = text(),
        "address" => flags.address = text(),
        "publish-binary" => flags.publish_binary = value.into(),
        "bundle" => flags.bundle = Some(value.into()),
        // Of containerd's own shims: the socket's address is this program's to choose.
        "socket" | "debug-socket" => {}
        other => return Err(usage(format!("there is no option -{other}"))),
    }
    Ok(())
}

fn usage(message: String) -> Error {
    Error::new(Kind::Usage, message).hint("containerd-shim-corten-v2 -help shows how it is called")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(words: &str) -> Result<Flags> {
        parse(words.split_whitespace().map(OsString::from))
    }

    #[test]
    fn containerd_s_words_are_understood() {
        let words = "-namespace k8s.io -address /run/c.sock -publish-binary /bin/containerd -id abc -bundle /b -debug delete";
        assert_eq!(
            flags(words).expect("complete"),
            Flags {
                command: Command::Delete,
                namespace: "k8s.io".to_owned(),
                id: "abc".to_owned(),
                address: "/run/c.sock".to_owned(),
                publish_binary: "/bin/containerd".into(),
                bundle: Some("/b".into()),
                debug: true,
            }
        );
        let start = flags("--namespace=n --id=i start").expect("complete");
        assert_eq!((start.command, start.debug), (Command::Start, false));
        assert_eq!(flags("-info").expect("complete").command, Command::Info);
        assert_eq!(flags("-v").expect("complete").command, Command::Version);
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for wrong in [
            "",
            "-namespace n",
            "-namespace n start",
            "-id i start",
            "-namespace n -id i stop",
            "-wrong x start",
            "-id",
        ] {
            flags(wrong).expect_err(wrong);
        }
    }
}
