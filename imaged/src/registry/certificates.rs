//! The certificate authorities of single registries, as docker and podman keep them: `certs.d/HOST/*.crt`.
//! They come in addition to the system's, which `SSL_CERT_FILE` and `SSL_CERT_DIR` replace.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reqwest::Certificate;

use crate::error::{Error, Kind, Result};
use crate::log;

/// Where to look (docker's dockerd(8), podman's containers-certs.d(5)).
const DIRECTORIES: [&str; 2] = ["/etc/containers/certs.d", "/etc/docker/certs.d"];

/// The authorities that are trusted for `host`, which may have a port.
///
/// # Errors
/// `Invalid` when a file has no certificate; the failed call when one cannot be read.
pub(super) fn of(host: &str) -> Result<Vec<Certificate>> {
    let mut all = Vec::new();
    for directory in DIRECTORIES {
        for path in files(&Path::new(directory).join(host))? {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("crt") => all.extend(read(&path)?),
                Some("cert") => log::warn(format_args!(
                    "{}: certificates of clients are not supported yet",
                    path.display()
                )),
                _ => {}
            }
        }
    }
    Ok(all)
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect()),
    };
    entries.map_err(|error| Error::io(format!("read {}", directory.display()), &error))
}

fn read(path: &Path) -> Result<Vec<Certificate>> {
    let bytes = fs::read(path).map_err(|error| Error::io(format!("read {}", path.display()), &error))?;
    match Certificate::from_pem_bundle(&bytes) {
        Ok(certificates) if !certificates.is_empty() => {
            log::debug(format_args!("trusting the certificates of {}", path.display()));
            Ok(certificates)
        }
        _ => Err(Error::new(
            Kind::Invalid,
            format!("{} has no PEM certificate", path.display()),
        )
        .hint("it should begin with -----BEGIN CERTIFICATE-----")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.crt");
        fs::write(&path, "no certificate").unwrap();
        let error = read(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{} has no PEM certificate", path.display())
        );
        assert!(files(&dir.path().join("none")).unwrap().is_empty());
        assert_eq!(files(dir.path()).unwrap(), [path]);
    }
}
