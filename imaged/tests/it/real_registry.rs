//! Debian's docker-registry, as the tests need it: open, with passwords, with a token server of the tests' own.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

/// Of `me`, whose password is `secret`.
const PASSWORDS: &str = "me:$2b$05$TGfY2GdaQ8Xa3MGUKGL9uuu5bPgxNlng9vg6vvKbag5PxiDbvnmnm\n";

/// A real registry with a directory of its own; gone when dropped.
pub(crate) struct Registry {
    process: Child,
    pub(crate) address: String,
    _storage: tempfile::TempDir,
    _more: Option<tempfile::TempDir>,
}

impl Registry {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With more lines for its configuration.
    pub(crate) fn with(more: &str) -> Self {
        Self::serve("", more)
    }

    /// That speaks HTTPS, with these files.
    pub(crate) fn with_tls(tls: &str) -> Self {
        Self::serve(&format!(", tls: {{{tls}}}"), "")
    }

    fn serve(http: &str, more: &str) -> Self {
        let storage = tempfile::tempdir().unwrap();
        let configuration = storage.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: \"127.0.0.1:0\"{http}}}\n{more}",
            storage.path().join("data").display()
        );
        fs::write(&configuration, text).unwrap();
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&configuration)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split(['"', ',', ' ']).next().unwrap().to_owned();
            }
        };
        // Whoever does not read lets the registry wait.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address,
            _storage: storage,
            _more: None,
        }
    }

    /// That only `me` may use, with the password `secret`.
    pub(crate) fn with_passwords() -> Self {
        let storage = tempfile::tempdir().unwrap();
        let path = storage.path().join("passwords");
        fs::write(&path, PASSWORDS).unwrap();
        let mut registry = Self::with(&format!(
            "auth: {{htpasswd: {{realm: test, path: {}}}}}\n",
            path.display()
        ));
        registry._more = Some(storage);
        registry
    }

    /// That wants tokens of this server.
    pub(crate) fn with_tokens(server: &TokenServer) -> Self {
        Self::with(&format!(
            "auth: {{token: {{realm: \"http://{}/token\", service: test, issuer: tests, rootcertbundle: {}}}}}\n",
            server.address,
            server.certificate.display()
        ))
    }

    pub(crate) fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Gives out tokens to `me` with the password `secret`: for pushing to everything but `other/…`. Others may pull `open/…`.
pub(crate) struct TokenServer {
    address: SocketAddr,
    certificate: std::path::PathBuf,
    state: Arc<TokenState>,
    thread: Option<JoinHandle<()>>,
    _directory: tempfile::TempDir,
}

struct TokenState {
    key: EcdsaKeyPair,
    /// The certificate of the key, as tokens carry it.
    chain: String,
    /// The scopes that were asked for, and how.
    asked: Mutex<Vec<(String, Vec<String>)>>,
    stop: AtomicBool,
}

impl TokenServer {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (key, certificate) = (
            directory.path().join("key.pem"),
            directory.path().join("cert.pem"),
        );
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args(["-subj", "/CN=tests", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(&key), &random).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(TokenState {
            key,
            chain: BASE64_STANDARD.encode(der(&certificate)),
            asked: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.stop.load(Ordering::SeqCst) {
                    break;
                }
                serve(&stream, &shared);
            }
        });
        Self {
            address,
            certificate,
            state,
            thread: Some(thread),
            _directory: directory,
        }
    }

    /// What was asked for so far: how (`GET me`, `POST`, `GET`), and the scopes.
    pub(crate) fn asked(&self) -> Vec<(String, Vec<String>)> {
        self.state.asked.lock().unwrap().clone()
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn der(pem: &Path) -> Vec<u8> {
    let text = fs::read_to_string(pem).unwrap();
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64_STANDARD.decode(base64).unwrap()
}

fn serve(stream: &TcpStream, state: &TokenState) {
    let mut input = BufReader::new(stream);
    let mut head = Vec::new();
    while let Some(line) = read_line(&mut input).filter(|line| !line.is_empty()) {
        head.push(line);
    }
    let Some((method, rest)) = head.first().and_then(|line| line.split_once(' ')) else {
        return;
    };
    let header = |name: &str| {
        head.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let mut query = rest.split(' ').next().unwrap().to_owned();
    if let Some(length) = header("content-length") {
        let mut body = vec![0; length.parse().unwrap()];
        std::io::Read::read_exact(&mut input, &mut body).unwrap();
        query = format!("?{}", String::from_utf8(body).unwrap());
    }
    let url: reqwest::Url = format!("http://x/{query}").parse().unwrap();
    let parameters: HashMap<_, _> = url.query_pairs().into_owned().collect();
    let scopes: Vec<String> = url
        .query_pairs()
        .filter(|(key, _)| key == "scope")
        .flat_map(|(_, scope)| scope.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter(|scope| !scope.is_empty())
        .collect();
    let basic = header("authorization").and_then(|value| value.strip_prefix("Basic ").map(str::to_owned));
    let login = basic.map(|basic| String::from_utf8(BASE64_STANDARD.decode(basic).unwrap()).unwrap());
    let is_me = match (&login, parameters.get("refresh_token")) {
        (Some(login), _) => login == "me:secret",
        (None, Some(token)) => token == "identity-of-me",
        (None, None) => false,
    };
    let by = login
        .as_deref()
        .and_then(|login| login.split(':').next())
        .unwrap_or_default();
    let how = format!("{method} {by}").trim().to_owned();
    state.asked.lock().unwrap().push((how, scopes.clone()));
    let (status, body) = match (login.is_some() || parameters.contains_key("refresh_token")) && !is_me {
        true => (401, json!({"details": "incorrect username or password"})),
        false => {
            let mut answer = json!({"token": token(state, &scopes, is_me)});
            if parameters.contains_key("offline_token") {
                answer["refresh_token"] = "identity-of-me".into();
            }
            (200, answer)
        }
    };
    let body = body.to_string();
    let mut out = stream;
    let _ = write!(
        out,
        "HTTP/1.1 {status} Answer\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

fn read_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    input.read_line(&mut line).ok().filter(|count| *count > 0)?;
    Some(line.trim_end().to_owned())
}

/// A token with those of the scopes that are allowed (distribution's "Token Authentication Implementation").
fn token(state: &TokenState, scopes: &[String], is_me: bool) -> String {
    let access: Vec<Value> = scopes
        .iter()
        .filter_map(|scope| {
            let mut parts = scope.splitn(3, ':');
            let (kind, name, actions) = (parts.next()?, parts.next()?, parts.next()?);
            let allowed = |action: &&str| match (is_me, *action) {
                (true, "push") => !name.starts_with("other/"),
                (true, _) => true,
                (false, action) => action == "pull" && name.starts_with("open/"),
            };
            let actions: Vec<&str> = actions.split(',').filter(allowed).collect();
            Some(json!({"type": kind, "name": name, "actions": actions}))
        })
        .collect();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [state.chain]});
    let claims = json!({
        "iss": "tests", "aud": "test", "sub": "", "jti": "1", "nbf": now - 60, "iat": now - 60, "exp": now + 300,
        "access": access,
    });
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = state.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
