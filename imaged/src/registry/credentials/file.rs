//! Docker's `config.json` and podman's `auth.json`: read, and changed without loss of what else they hold.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Login, Secret, domain_of, helper, key_of};
use crate::error::{Error, Kind, Result};

/// Where a login was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In the file, where everybody can read it who may read the file.
    InFile,
    /// By this credential helper.
    ByHelper(String),
}

/// A file of logins, and whatever else is in it.
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    content: Map<String, Value>,
}

impl ConfigFile {
    /// Reads the file; none if it is not there, or not ours to read.
    pub(super) fn read_if_there(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            // Somebody else's, as after sudo: what is not ours to read is nothing that we know.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
            read => Self::of(path, read),
        }
    }

    /// What was read of the file; none if it is not there.
    fn of(path: &Path, read: std::io::Result<Vec<u8>>) -> Result<Option<Self>> {
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => {
                let denied = error.kind() == ErrorKind::PermissionDenied;
                let error = Error::io(format!("read {}", path.display()), &error);
                return Err(match denied {
                    true => error
                        .hint("it belongs to somebody else, perhaps since a sudo: give it back with chown"),
                    false => error,
                });
            }
        };
        let content = match bytes.trim_ascii().is_empty() {
            true => Map::new(),
            false => serde_json::from_slice(&bytes).map_err(|error| {
                Error::new(Kind::Invalid, format!("{} is not valid: {error}", path.display()))
                    .hint("it should be docker's configuration, a JSON object; it is not changed")
            })?,
        };
        let path = path.to_path_buf();
        Ok(Some(Self { path, content }))
    }

    /// Changes the file, alone, and writes it whole: `0600`, synced, renamed into place. A link stays one.
    ///
    /// # Errors
    /// The failed call; `Invalid` when the file is there but cannot be understood; what `change` returns.
    pub fn change<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let directory = target.parent().unwrap_or_else(|| Path::new("/"));
        let failed =
            |call: &str, error: &std::io::Error| Error::io(format!("{call} {}", directory.display()), error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| failed("mkdir", &error))?;
        let dir = File::open(directory).map_err(|error| failed("open", &error))?;
        let dir = Flock::lock(dir, FlockArg::LockExclusive)
            .map_err(|(_, errno)| Error::syscall(format!("flock {}", directory.display()), errno as i32))?;
        // Of what cannot be read nothing would be left.
        let mut file = Self::of(&target, fs::read(&target))?.unwrap_or_else(|| Self {
            path: target.clone(),
            content: Map::new(),
        });
        let before = file.content.clone();
        let result = change(&mut file)?;
        if file.content != before {
            file.write()?;
            dir.sync_all().map_err(|error| failed("fsync", &error))?;
        }
        Ok(result)
    }

    fn write(&self) -> Result<()> {
        let failed =
            |call: &str, error: &std::io::Error| Error::io(format!("{call} {}", self.path.display()), error);
        let mut text = Vec::new();
        let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        self.content
            .serialize(&mut serde_json::Serializer::with_formatter(&mut text, tabs))
            .map_err(|error| Error::new(Kind::System, format!("the logins cannot be written: {error}")))?;
        let temporary = self.path.with_extension(format!("json.{}", std::process::id()));
        // Left by a process that had our number and was killed.
        let _ = fs::remove_file(&temporary);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&temporary, &self.path));
        written.map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed("write", &error)
        })
    }

    /// The login for a repository: of the longest part of its name that has one.
    pub(super) fn find(&self, domain: &str, path: &str) -> Result<Option<Login>> {
        if let Some(helper) = self.helper(domain)
            && let Some(login) = helper::get(&helper, key_of(domain))?
        {
            return Ok(Some(login));
        }
        let mut name = format!("{domain}/{path}");
        while !name.is_empty() {
            if let Some(entry) = self.entry(name.trim_end_matches('/'))
                && let Some(login) = self.login(entry)?
            {
                return Ok(Some(login));
            }
            name.truncate(name.rfind('/').unwrap_or(0));
        }
        Ok(None)
    }

    /// The credential helper that is responsible for a registry.
    fn helper(&self, domain: &str) -> Option<String> {
        let helpers = self.content.get("credHelpers").and_then(Value::as_object);
        let own = helpers.and_then(|helpers| {
            helpers
                .iter()
                .find(|(key, _)| domain_of(key) == domain)
                .map(|(_, helper)| helper)
        });
        own.or_else(|| self.content.get("credsStore"))
            .and_then(Value::as_str)
            .filter(|helper| !helper.is_empty())
            .map(str::to_owned)
    }

    fn entry(&self, name: &str) -> Option<&Value> {
        let auths = self.content.get("auths")?.as_object()?;
        let by_key = auths.get(key_of(name));
        by_key.or_else(|| {
            auths
                .iter()
                .find(|(key, _)| domain_of(key) == name)
                .map(|(_, entry)| entry)
        })
    }

    fn login(&self, entry: &Value) -> Result<Option<Login>> {
        let text = |key: &str| {
            entry
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let (mut username, mut password) = (
            text("username").unwrap_or_default().to_owned(),
            text("password").unwrap_or_default().to_owned(),
        );
        if let Some(auth) = text("auth") {
            let decoded = BASE64_STANDARD.decode(auth.trim()).ok();
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let (name, secret) = decoded
                .as_deref()
                .and_then(|text| text.split_once(':'))
                .ok_or_else(|| {
                    Error::new(
                        Kind::Invalid,
                        format!(
                            "{} has a login that is not NAME:PASSWORD in base64",
                            self.path.display()
                        ),
                    )
                    .hint("corten login writes it anew")
                })?;
            (username, password) = (name.to_owned(), secret.trim_end_matches('\0').to_owned());
        }
        let secret = match text("identitytoken") {
            Some(token) => Secret::IdentityToken(token.to_owned()),
            None if username.is_empty() && password.is_empty() => return Ok(None),
            None => Secret::Password(password),
        };
        Ok(Some(Login { username, secret }))
    }

    /// Keeps a login, by the helper that is responsible or here.
    ///
    /// # Errors
    /// What the helper reports.
    pub fn keep(&mut self, domain: &str, login: &Login) -> Result<Kept> {
        let key = key_of(domain);
        let (kept, entry) = match self.helper(domain) {
            Some(helper) => {
                helper::store(&helper, key, login)?;
                (Kept::ByHelper(helper), json!({}))
            }
            None => (Kept::InFile, entry_of(login)),
        };
        let auths = self.content.entry("auths").or_insert_with(|| json!({}));
        match auths.as_object_mut() {
            Some(auths) => drop(auths.insert(key.to_owned(), entry)),
            None => *auths = json!({ key: entry }),
        }
        Ok(kept)
    }

    /// Forgets a login, here and in the helper; false when there was none.
    ///
    /// # Errors
    /// What the helper reports.
    pub fn forget(&mut self, domain: &str) -> Result<bool> {
        let mut was_there = false;
        if let Some(helper) = self.helper(domain) {
            was_there = helper::get(&helper, key_of(domain))?.is_some();
            if was_there {
                helper::erase(&helper, key_of(domain))?;
            }
        }
        if let Some(auths) = self.content.get_mut("auths").and_then(Value::as_object_mut) {
            let before = auths.len();
            auths.retain(|key, _| domain_of(key) != domain);
            was_there |= auths.len() < before;
        }
        Ok(was_there)
    }
}

fn entry_of(login: &Login) -> Value {
    match &login.secret {
        Secret::Password(password) => {
            json!({"auth": BASE64_STANDARD.encode(format!("{}:{password}", login.username))})
        }
        Secret::IdentityToken(token) => json!({
            "auth": BASE64_STANDARD.encode(format!("{}:", login.username)),
            "identitytoken": token,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn find(path: &Path, domain: &str, repository: &str) -> Option<Login> {
        ConfigFile::read_if_there(path)
            .unwrap()?
            .find(domain, repository)
            .unwrap()
    }

    #[test]
    fn logins_are_found_by_registry_and_by_the_longest_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        assert_eq!(find(&path, "x", "y"), None);
        fs::write(
            &path,
            r#"{"auths":{"h:5000":{"auth":"YTpi"},"https://index.docker.io/v1/":{"auth":"Yzpk"},
                "quay.io/team":{"auth":"dDp0"},"quay.io":{"auth":"cTpx"},"empty":{},
                "token.example":{"auth":"bjo=","identitytoken":"id"}}}"#,
        )
        .unwrap();
        let password = |name: &str, password: &str| Some(Login::with_password(name, password));
        assert_eq!(find(&path, "h:5000", "a/b"), password("a", "b"));
        assert_eq!(find(&path, "docker.io", "library/debian"), password("c", "d"));
        assert_eq!(find(&path, "quay.io", "team/app"), password("t", "t"));
        assert_eq!(find(&path, "quay.io", "teamwork/app"), password("q", "q"));
        assert_eq!(find(&path, "empty", "x"), None);
        assert_eq!(find(&path, "other", "x"), None);
        let token = find(&path, "token.example", "x").unwrap();
        assert!(token.secret == Secret::IdentityToken("id".into()));
        fs::write(&path, "{").unwrap();
        assert_eq!(
            ConfigFile::read_if_there(&path).unwrap_err().kind(),
            Kind::Invalid
        );
    }

    #[test]
    fn a_change_keeps_the_rest_and_the_file_private() {
        let dir = tempfile::tempdir().unwrap();
        let (real, path) = (dir.path().join("real.json"), dir.path().join("config.json"));
        fs::write(
            &real,
            r#"{"psFormat":"x","auths":{"other":{"auth":"YTpi"}},"HttpHeaders":{"A":"b"}}"#,
        )
        .unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink("real.json", &path).unwrap();
        let login = Login::with_password("me", "pa:ss");
        let kept = ConfigFile::change(&path, |file| file.keep("h:1", &login)).unwrap();
        assert_eq!(kept, Kept::InFile);
        assert_eq!(find(&path, "h:1", ""), Some(login));
        assert!(path.is_symlink());
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
        let text: Value = serde_json::from_slice(&fs::read(&real).unwrap()).unwrap();
        assert_eq!(
            (&text["psFormat"], &text["HttpHeaders"]["A"]),
            (&json!("x"), &json!("b"))
        );
        assert!(ConfigFile::change(&path, |file| file.forget("h:1")).unwrap());
        assert!(!ConfigFile::change(&path, |file| file.forget("h:1")).unwrap());
        assert_eq!(find(&path, "h:1", ""), None);
        assert!(find(&path, "other", "").is_some());
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            2,
            "no temporary file stays"
        );
    }

    /// A file that is not understood is not overwritten.
    /// After `sudo docker login` it was replaced by one with the new login alone.
    #[test]
    fn a_file_that_cannot_be_read_is_left_alone() {
        use nix::unistd::{Uid, chown, setfsuid};
        let dir = tempfile::tempdir().unwrap();
        let (path, nobody) = (dir.path().join("config.json"), Uid::from_raw(65534));
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        chown(dir.path(), Some(nobody), None).unwrap();
        let place = path.clone();
        // Who opens files is said for each thread.
        let as_nobody = std::thread::spawn(move || {
            setfsuid(nobody);
            assert!(ConfigFile::read_if_there(&place).unwrap().is_none());
            ConfigFile::change(&place, |file| {
                file.content.insert("auths".into(), json!({}));
                Ok(())
            })
        });
        let error = as_nobody.join().unwrap().unwrap_err();
        assert!(error.hints().join("").contains("chown"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"{}");
    }

    #[test]
    fn a_damaged_file_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        fs::write(&path, "not json").unwrap();
        let login = Login::with_password("me", "x");
        assert!(ConfigFile::change(&path, |file| file.keep("h", &login)).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"not json");
    }
}
