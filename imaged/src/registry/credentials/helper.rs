//! Docker's credential helpers: programs named `docker-credential-NAME` that keep secrets elsewhere. One is told what
//! to do by a word, and given a server or a login on its standard input (docker-credential-helpers' protocol).

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Login, Secret};
use crate::error::{Error, Kind, Result};
use crate::log;
use crate::sys::pidfd::Process;

/// The name of who has only a token.
const TOKEN: &str = "<token>";
/// What a helper says when it has no login for a server.
const NOT_FOUND: &str = "credentials not found";
/// The most that is read of what a helper says.
const MAX_ANSWER: u64 = 1 << 20;

/// How long one is waited for: somebody may have to type something.
const PATIENCE: Duration = Duration::from_secs(120);

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
    let mut command = Command::new(&program);
    command.arg(word);
    let (answer, status) = answer(command, &program, input, PATIENCE)?;
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

/// A program that runs; it ends, and is reaped, with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is no error to be told.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program says to an input, and how it ends; it is not waited for longer than `patience`: it may ask somebody who
/// is not there.
fn answer(
    mut command: Command,
    program: &str,
    input: &[u8],
    patience: Duration,
) -> Result<(Vec<u8>, ExitStatus)> {
    let spawned = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let child = spawned.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::new(Kind::NotFound, format!("there is no credential helper {program}"))
            .hint(
                "docker's config.json names it (credsStore, credHelpers): install it, or take the name out",
            ),
        _ => Error::io(format!("run {program}"), &error),
    })?;
    let mut child = Running(child);
    let deadline = Instant::now() + patience;
    let failed = |error: &std::io::Error| Error::io(format!("talk to {program}"), error);
    let (stdin, stdout) = (child.0.stdin.take(), child.0.stdout.take());
    let (sender, receiver) = channel();
    let input = input.to_vec();
    // Not waited for: what the program started may keep its output open for longer than it lives.
    std::thread::spawn(move || sender.send(talk(stdin, stdout, &input)));
    let answer = receiver.recv_timeout(patience);
    let silent = || {
        let text = format!("{program} did not answer for {} s", patience.as_secs_f32());
        Error::new(Kind::System, text).hint("it may wait for somebody to unlock its secrets: try it by hand")
    };
    let answer = answer.map_err(|_| silent())?.map_err(|error| failed(&error))?;
    let pid = i32::try_from(child.0.id()).unwrap_or_default();
    if !Process::open(pid)?.wait(Some(deadline))? {
        return Err(silent());
    }
    let status = child.0.wait().map_err(|error| failed(&error))?;
    Ok((answer, status))
}

fn talk(stdin: Option<ChildStdin>, stdout: Option<ChildStdout>, input: &[u8]) -> std::io::Result<Vec<u8>> {
    if let Some(mut stdin) = stdin {
        match stdin.write_all(input) {
            // A helper that does not read its input may still have an answer.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    let mut answer = Vec::new();
    if let Some(stdout) = stdout {
        stdout.take(MAX_ANSWER).read_to_end(&mut answer)?;
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pull waited for ever for somebody to type; and who was killed or failed was never reaped.
    #[test]
    fn a_helper_that_does_not_end_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let run = |script: &str, patience: Duration| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("echo $$ >{}; {script}", pid.display())]);
            answer(command, "helper", b"input", patience)
        };
        let (said, status) = run("cat; exit 3", PATIENCE).unwrap();
        assert_eq!((said.as_slice(), status.code()), (&b"input"[..], Some(3)));
        for script in ["exec sleep 1000", "exec >&-; exec sleep 1000"] {
            let error = run(script, Duration::from_millis(500)).unwrap_err();
            assert!(error.to_string().contains("did not answer for 0.5 s"), "{error}");
            let pid = std::fs::read_to_string(&pid).unwrap();
            assert!(
                !std::path::Path::new("/proc").join(pid.trim()).exists(),
                "{script}"
            );
        }
    }
}
