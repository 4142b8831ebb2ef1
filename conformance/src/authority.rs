//! A private certificate authority, made with openssl(1).

use crate::{Case, Cmd};
use std::path::PathBuf;

/// A certificate that signs others, valid for this day.
#[derive(Debug)]
pub struct Authority<'a> {
    case: &'a Case,
    name: &'a str,
}

impl<'a> Authority<'a> {
    /// Makes the authority's certificate.
    #[track_caller]
    pub fn new(case: &'a Case, name: &'a str) -> Self {
        let authority = Self { case, name };
        authority.make(name, "basicConstraints=critical,CA:TRUE").ok();
        authority
    }

    /// The authority's certificate (PEM), for who shall trust it.
    pub fn certificate(&self) -> PathBuf {
        self.case.path(format!("{}.crt", self.name))
    }

    /// A certificate for the server `host`, and its key.
    #[track_caller]
    pub fn issue(&self, host: &str) -> (PathBuf, PathBuf) {
        self.make(host, &format!("subjectAltName=DNS:{host}"))
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-CA"])
            .arg(self.certificate())
            .arg("-CAkey")
            .arg(self.case.path(format!("{}.key", self.name)))
            .ok();
        let made = |extension| self.case.path(format!("{host}.{extension}"));
        (made("crt"), made("key"))
    }

    /// `openssl req` for `NAME.crt` and `NAME.key`.
    fn make(&self, name: &str, extension: &str) -> Cmd {
        let configuration = self
            .case
            .file("openssl.cnf", "[req]\ndistinguished_name = subject\n[subject]\n");
        self.case
            .cmd("openssl")
            .args(["req", "-x509", "-days", "1", "-nodes", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-addext", extension])
            .arg("-subj")
            .arg(format!("/CN={name}"))
            .arg("-config")
            .arg(configuration)
            .arg("-keyout")
            .arg(self.case.path(format!("{name}.key")))
            .arg("-out")
            .arg(self.case.path(format!("{name}.crt")))
    }
}
