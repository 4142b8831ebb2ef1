//! `corten login`.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::{Error, Kind, Result};
use crate::output;
use crate::registry::credentials::{self, ConfigFile, Kept, Login};
use crate::registry::{self, Options};
use crate::sys::terminal;

/// Longer than any password or token.
const MAX_PASSWORD: u64 = 1 << 20;

/// Keep a name and a password for a registry.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Password, or a personal access token in its place; others can see it in the list of processes
    #[arg(short, long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Name
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// Registry; docker.io if not given
    #[arg(value_name = "SERVER")]
    server: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    check(args)?;
    let domain = credentials::server(args.server.as_deref())?;
    let file = config_file()?;
    let login = match given(args)? {
        Some(login) => login,
        None => match with_existing(&domain, args)? {
            true => {
                output::line("\nLogin Succeeded")?;
                return Ok(ExitCode::SUCCESS);
            }
            false => asked_for(&domain, args)?,
        },
    };
    let kept = registry::login(&domain, &login, &Options::default())?;
    if let Kept::InFile = ConfigFile::change(&file, |file| file.keep(&domain, &kept))? {
        output::note(format_args!(
            "\nWARNING! Your credentials are stored unencrypted in '{}'.\n\
             Configure a credential helper to remove this warning (credsStore or credHelpers in that file).\n",
            file.display()
        ));
    }
    output::line("Login Succeeded")?;
    Ok(ExitCode::SUCCESS)
}

/// Docker's words for flags that do not go together.
fn check(args: &Args) -> Result<()> {
    let wrong = |text: &str| Err(Error::new(Kind::Usage, text));
    match (&args.password, args.password_stdin, &args.username) {
        (Some(_), true, _) => wrong("--password and --password-stdin are mutually exclusive"),
        (_, true, None) => wrong("Must provide --username with --password-stdin"),
        (Some(password), _, _) if password.is_empty() => wrong("password is empty"),
        (_, _, Some(name)) if name.is_empty() => wrong("username is empty"),
        _ => Ok(()),
    }
}

/// The file that logins are written to.
pub(super) fn config_file() -> Result<PathBuf> {
    credentials::docker_config().ok_or_else(|| {
        Error::new(
            Kind::Usage,
            "it is not known where logins are kept: HOME is not set",
        )
        .hint("set HOME, or DOCKER_CONFIG to a directory")
    })
}

/// The login that the command line gives, if it gives one whole.
fn given(args: &Args) -> Result<Option<Login>> {
    let password = match (&args.password, args.password_stdin) {
        (Some(password), _) => {
            output::note("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
            password.clone()
        }
        (None, true) => from_stdin()?,
        (None, false) => return Ok(None),
    };
    let name = match &args.username {
        Some(name) => name.clone(),
        None => prompted_name(None)?,
    };
    Ok(Some(Login::with_password(name, password)))
}

/// Standard input without the end of its line.
fn from_stdin() -> Result<String> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MAX_PASSWORD)
        .read_to_string(&mut text)
        .map_err(|error| Error::io("read the password from standard input", &error))?;
    let password = text.trim_end_matches(['\r', '\n']);
    match password.is_empty() {
        true => Err(Error::new(Kind::Usage, "password is empty")),
        false => Ok(password.to_owned()),
    }
}

/// Whether what is kept for the registry is accepted; false when there is nothing, or somebody else is meant.
fn with_existing(domain: &str, args: &Args) -> Result<bool> {
    let Some(login) = credentials::of_registry(domain)? else {
        return Ok(false);
    };
    if args.username.as_ref().is_some_and(|name| *name != login.username) {
        return Ok(false);
    }
    output::note("Authenticating with existing credentials...");
    match registry::login(domain, &login, &Options::default()) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == Kind::Denied && terminal::stdin_is_terminal() => {
            output::note(format_args!("Login did not succeed, error: {error}"));
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The login that a person types.
fn asked_for(domain: &str, args: &Args) -> Result<Login> {
    if !terminal::stdin_is_terminal() {
        return Err(Error::new(
            Kind::Usage,
            "Cannot perform an interactive login from a non TTY device",
        )
        .hint("--username and --password-stdin do without a terminal"));
    }
    let name = match &args.username {
        Some(name) => name.clone(),
        None => {
            let known = credentials::of_registry(domain)?;
            prompted_name(known.map(|login| login.username))?
        }
    };
    prompt("Password: ")?;
    let password = terminal::read_secret();
    output::line("")?;
    let password = password?;
    match password.is_empty() {
        true => Err(Error::new(Kind::Usage, "password is required")),
        false => Ok(Login::with_password(name, password)),
    }
}

fn prompted_name(known: Option<String>) -> Result<String> {
    match &known {
        Some(name) => prompt(&format!("Username ({name}): "))?,
        None => prompt("Username: ")?,
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Error::io("read the name", &error))?;
    match (line.trim(), known) {
        ("", Some(known)) => Ok(known),
        ("", None) => Err(Error::new(Kind::Usage, "username is required")),
        (name, _) => Ok(name.to_owned()),
    }
}

fn prompt(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    written.map_err(|error| Error::io("write to standard output", &error))
}
