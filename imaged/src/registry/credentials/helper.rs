//! Docker's credential helpers: programs named `docker-credential-NAME` that keep secrets elsewhere. One is told what
//! to do by a word, and given a server or a login on its standard input (docker-credential-helpers' protocol).

use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::{Login, Secret};
use crate::error::{Error, Kind, Result};
use crate::log;

/// The name of who has only a token.
const TOKEN: &str = "<token>";
/// What a helper says when it has no login for a server.
const NOT_FOUND: &str = "credentials not found";
/// The most that is read of what a helper says.
const MAX_ANSWER: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    #[serde(rename = "ServerURL", default)]
    server_url: String,
    username: String,
    secret: String,
}

/// The login that the helper has for a server.
pub(super) fn get(helper: &str, server: &str) -> Result<Option<Login>> {
    let Some(answer) = run(helper, "get", server.as_bytes())? else {
        return Ok(None);
    };
    let record: Record = serde_json::from_slice(&answer).map_err(|error| {
        Error::new(
            Kind::Invalid,
            format!("the answer of docker-credential-{helper} is not valid: {error}"),
        )
    })?;
    Ok(Some(match record.username.as_str() {
        TOKEN => Login {
            username: TOKEN.into(),
            secret: Secret::IdentityToken(record.secret),
        },
        name => Login::with_password(name, record.secret),
    }))
}

/// Gives the helper a login to keep.
pub(super) fn store(helper: &str, server: &str, login: &Login) -> Result<()> {
    let (username, secret) = match &login.secret {
        Secret::Password(password) => (login.username.clone(), password.clone()),
        Secret::IdentityToken(token) => (TOKEN.to_owned(), token.clone()),
    };
    let record = Record {
        server_url: server.to_owned(),
        username,
        secret,
    };
    let input = serde_json::to_vec(&record)
        .map_err(|error| Error::new(Kind::System, format!("the login cannot be written: {error}")))?;
    run(helper, "store", &input).map(drop)
}

/// Lets the helper forget the login for a server.
pub(super) fn erase(helper: &str, server: &str) -> Result<()> {
    run(helper, "erase", server.as_bytes()).map(drop)
}

/// Runs the helper; none when it says that it has no such login.
fn run(helper: &str, word: &str, input: &[u8]) -> Result<Option<Vec<u8>>> {
    let program = format!("docker-credential-{helper}");
    // Looked for on PATH alone, as docker does.
    if helper.contains('/') {
        return Err(Error::new(
            Kind::Invalid,
            format!("\"{helper}\" cannot name a credential helper"),
        )
        .hint("credsStore and credHelpers take the part behind docker-credential-"));
    }
    log::debug(format_args!("asking the credential helper: {program} {word}"));
    let spawned = Command::new(&program)
        .arg(word)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = spawned.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::new(Kind::NotFound, format!("there is no credential helper {program}"))
            .hint(
                "docker's config.json names it (credsStore, credHelpers): install it, or take the name out",
            ),
        _ => Error::io(format!("run {program}"), &error),
    })?;
    let failed = |error: &std::io::Error| Error::io(format!("talk to {program}"), error);
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(input) {
            // A helper that does not read its input may still have an answer.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(failed(&error)),
            _ => {}
        }
    }
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout
            .take(MAX_ANSWER)
            .read_to_end(&mut answer)
            .map_err(|error| failed(&error))?;
    }
    let status = child.wait().map_err(|error| failed(&error))?;
    if status.success() {
        return Ok(Some(answer));
    }
    let words = String::from_utf8_lossy(&answer).trim().to_owned();
    match words.contains(NOT_FOUND) {
        true => Ok(None),
        false => Err(Error::new(
            Kind::System,
            format!("{program} {word} failed ({status}): {words}"),
        )),
    }
}
