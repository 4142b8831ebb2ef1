//! A real registry: Debian's docker-registry on loopback, with its own configuration and directory, also with TLS.

use crate::{Case, programs};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

/// A running registry. It ends when the value is dropped, and when the test process dies.
#[derive(Debug)]
pub struct Registry {
    address: String,
    guardian: Child,
}

/// Starts the registry and ends it with its own standard input, whose other end the test process holds:
/// a static is never dropped, and a process may be killed.
const GUARDIAN: &str = r#"
    exec 3<<END
$CONFIGURATION
END
    docker-registry serve /dev/fd/3 & registry=$!
    exec 3<&-
    cat >/dev/null
    kill "$registry"; wait "$registry""#;

impl Registry {
    /// Serves an empty directory of the case.
    #[track_caller]
    pub fn start(case: &Case) -> Self {
        Self::serve(&case.dir("registry"), false)
    }

    /// Serves `storage`, perhaps only for reading.
    #[track_caller]
    pub fn serve(storage: &Path, readonly: bool) -> Self {
        Self::launch(&configuration(storage, readonly, ""))
    }

    /// Serves an empty directory of the case over HTTPS only, with this certificate and its key.
    #[track_caller]
    pub fn start_tls(case: &Case, certificate: &Path, key: &Path) -> Self {
        let tls = format!(
            ", tls: {{certificate: {}, key: {}}}",
            certificate.display(),
            key.display()
        );
        Self::launch(&configuration(&case.dir("registry"), false, &tls))
    }

    #[track_caller]
    fn launch(configuration: &str) -> Self {
        assert!(
            programs::peer("docker-registry").is_some(),
            "docker-registry is not installed"
        );
        let mut guardian = Command::new("sh")
            .args(["-c", GUARDIAN])
            .env("CONFIGURATION", configuration)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let address = await_listening(&mut guardian);
        Self { address, guardian }
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The reference of an image in this registry.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        _ = self.guardian.wait();
    }
}

fn configuration(storage: &Path, readonly: bool, tls: &str) -> String {
    format!(
        "version: 0.1\n\
         log: {{level: info, accesslog: {{disabled: true}}}}\n\
         storage:\n  filesystem: {{rootdirectory: {}}}\n  delete: {{enabled: true}}\n  \
         maintenance: {{uploadpurging: {{enabled: false}}, readonly: {{enabled: {readonly}}}}}\n\
         http: {{addr: \"127.0.0.1:0\"{tls}}}\n",
        storage.display()
    )
}

/// Reads the log until the registry says where it listens, and goes on reading, so that it never blocks on a full
/// pipe.
fn await_listening(guardian: &mut Child) -> String {
    let mut log = BufReader::new(guardian.stderr.take().expect("spawned with a pipe"));
    let mut said = String::new();
    loop {
        let length = log.read_line(&mut said).unwrap_or(0);
        assert!(length > 0, "docker-registry ended: {said}");
        if let Some((_, rest)) = said.split_once("listening on ") {
            let address = rest
                .chars()
                .take_while(|c| c.is_ascii_digit() || ".:".contains(*c))
                .collect();
            thread::spawn(move || _ = log.read_to_end(&mut Vec::new()));
            return address;
        }
    }
}
