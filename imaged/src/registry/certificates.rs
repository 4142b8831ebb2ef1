//! Whom to trust and who we are to single registries, as docker and podman keep it: `certs.d/HOST/*.crt` are
//! authorities beside the system's (which `SSL_CERT_FILE` and `SSL_CERT_DIR` replace), `*.cert` and `*.key` are ours.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, Identity};

use crate::error::{Error, Kind, Result};
use crate::log;

/// Where to look (docker's dockerd(8), podman's containers-certs.d(5), containerd's docs/hosts.md).
const DIRECTORIES: [&str; 3] = [
    "/etc/containerd/certs.d",
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
];

/// The directories of single registries, in the order in which they are looked at.
pub(super) fn directories() -> Vec<PathBuf> {
    match std::env::var_os("CORTEN_HOSTS_DIR").filter(|directory| !directory.is_empty()) {
        Some(directory) => vec![directory.into()],
        None => DIRECTORIES.iter().map(PathBuf::from).collect(),
    }
}

/// Whom a connection trusts, and who we are to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trust {
    /// Files with certificates of authorities.
    pub(super) authorities: Vec<PathBuf>,
    /// Our certificate and its key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    /// Whether somebody asked to trust everybody.
    pub(super) is_blind: bool,
}

impl Trust {
    /// What the directories have for `host`, which may have a port.
    ///
    /// # Errors
    /// `Invalid` for a certificate without its key; the failed call when a directory cannot be read.
    pub(super) fn of(host: &str) -> Result<Self> {
        let mut trust = Self::default();
        for directory in directories() {
            trust.add(&directory.join(host))?;
        }
        Ok(trust)
    }

    /// Takes in what one directory has.
    pub(super) fn add(&mut self, directory: &Path) -> Result<()> {
        for path in files(directory)? {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => self.authorities.push(path),
                Some("cert") => {
                    let key = path.with_extension("key");
                    if !key.exists() {
                        return Err(Error::new(
                            Kind::Invalid,
                            format!("{} is missing, the key of {}", key.display(), path.display()),
                        )
                        .hint("a file for an authority is named *.crt, one for ourselves *.cert"));
                    }
                    self.identity = Some((path, key));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The authorities' certificates.
    ///
    /// # Errors
    /// `Invalid` when a file has no certificate; the failed call when one cannot be read.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>> {
        let mut all = Vec::new();
        for path in &self.authorities {
            match Certificate::from_pem_bundle(&read(path)?) {
                Ok(certificates) if !certificates.is_empty() => {
                    log::debug(format_args!("trusting the certificates of {}", path.display()));
                    all.extend(certificates);
                }
                _ => return Err(without(path, "PEM certificate")),
            }
        }
        Ok(all)
    }

    /// Our certificate with its key, as the encryption wants them.
    ///
    /// # Errors
    /// `Invalid` when the files are no certificate and key; the failed call when one cannot be read.
    pub(super) fn identity(&self) -> Result<Option<Identity>> {
        let Some((certificate, key)) = &self.identity else {
            return Ok(None);
        };
        // Files of one thing may hold the other too, as hosts.toml allows.
        let mut pem = read(certificate)?;
        if key != certificate {
            pem.push(b'\n');
            pem.extend(read(key)?);
        }
        log::debug(format_args!("our certificate is {}", certificate.display()));
        Identity::from_pem(&pem)
            .map(Some)
            .map_err(|_| without(certificate, "PEM certificate with a key"))
    }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.and_then(|entries| {
            let mut paths = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<std::io::Result<Vec<_>>>()?;
            paths.sort();
            Ok(paths)
        }),
    };
    entries.map_err(|error| Error::io(format!("read {}", directory.display()), &error))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| Error::io(format!("read {}", path.display()), &error))
}

fn without(path: &Path, what: &str) -> Error {
    Error::new(Kind::Invalid, format!("{} has no {what}", path.display()))
        .hint("it should begin with -----BEGIN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.crt");
        fs::write(&path, "no certificate").unwrap();
        let mut trust = Trust::default();
        trust.add(dir.path()).unwrap();
        assert_eq!(trust.authorities, std::slice::from_ref(&path));
        let error = trust.certificates().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{} has no PEM certificate", path.display())
        );
        assert!(files(&dir.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn a_certificate_of_ours_needs_its_key() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("client.cert"), "x").unwrap();
        let mut trust = Trust::default();
        let error = trust.add(dir.path()).unwrap_err();
        assert!(error.to_string().contains("client.key is missing"), "{error}");
        fs::write(dir.path().join("client.key"), "x").unwrap();
        trust.add(dir.path()).unwrap();
        assert_eq!(trust.identity().unwrap_err().kind(), Kind::Invalid);
    }
}
