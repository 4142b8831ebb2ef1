//! A scope's name and slice: `linux.cgroupsPath` in systemd's form `slice:prefix:name`.

use super::Manager;
use crate::error::{Error, Kind, Result};
use std::fmt::Write;

/// Where a scope is, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The slice, such as `machine.slice`.
    pub(super) slice: String,
    /// The unit, such as `libpod-ID.scope`.
    pub(super) unit: String,
}

impl Name {
    /// Reads the path; without one the container's id names the scope.
    ///
    /// # Errors
    /// For another form, and for what cannot be a slice or a scope.
    pub(super) fn parse(path: Option<&str>, id: &str, manager: Manager) -> Result<Self> {
        let path = path.unwrap_or_default();
        let parts: Vec<&str> = path.split(':').collect();
        let (slice, prefix, name) = match parts[..] {
            [""] => ("", "corten", id),
            [slice, prefix, name] => (slice, prefix, name),
            _ => {
                return Err(refuse(path, "is not of the form slice:prefix:name")
                    .hint("a path such as /group/name is for a runtime without --systemd-cgroup"));
            }
        };
        if name.is_empty() {
            return Err(refuse(path, "has no name after the second colon"));
        }
        if name.ends_with(".slice") {
            return Err(refuse(
                path,
                "names a slice, which cannot hold a container's processes",
            ));
        }
        let slice = match (slice, manager) {
            ("", Manager::System) => "system.slice",
            ("", Manager::User) => "user.slice",
            (slice, _) => slice,
        };
        check_slice(path, slice)?;
        let separator = if prefix.is_empty() { "" } else { "-" };
        let unit = format!("{}.scope", escape(&format!("{prefix}{separator}{name}")));
        if unit.len() > LONGEST {
            return Err(refuse(path, "makes a name longer than systemd's 255 letters"));
        }
        Ok(Self {
            slice: slice.to_owned(),
            unit,
        })
    }

    /// The scope's group, below the group that its manager has: `a-b.slice` is inside `a.slice`.
    pub(super) fn path_below(&self, base: &str) -> String {
        let mut path = base.trim_matches('/').to_owned();
        let mut push = |part: &str| {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(part);
        };
        if self.slice != ROOT_SLICE {
            let stem = self.slice.trim_end_matches(SUFFIX);
            let ends = stem.match_indices('-').map(|(at, _)| at).chain([stem.len()]);
            ends.for_each(|end| push(&format!("{}{SUFFIX}", &stem[..end])));
        }
        push(&self.unit);
        path
    }
}

const SUFFIX: &str = ".slice";

/// The slice at the root (systemd.slice(5)).
const ROOT_SLICE: &str = "-.slice";

/// The most letters of a unit's name (systemd.unit(5)).
const LONGEST: usize = 255;

/// A slice's name says where it is: its parts are separated by single dashes (systemd.slice(5)).
fn check_slice(path: &str, slice: &str) -> Result<()> {
    if slice == ROOT_SLICE {
        return Ok(());
    }
    let Some(stem) = slice.strip_suffix(SUFFIX) else {
        return Err(refuse(
            path,
            &format!("names the slice {slice:?}, which does not end in .slice"),
        ));
    };
    if stem.split('-').any(str::is_empty) || !stem.chars().all(is_plain) {
        return Err(refuse(path, &format!("names {slice:?}, which cannot be a slice"))
            .hint("a slice is named like machine.slice, or machine-pods.slice for one inside it"));
    }
    Ok(())
}

/// What a unit's name may have in it, writes the rest as `\xNN` (systemd-escape(1)).
fn escape(name: &str) -> String {
    name.bytes().fold(String::new(), |mut text, byte| {
        if is_plain(char::from(byte)) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "\\x{byte:02x}");
        }
        text
    })
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || ":-_.\\@".contains(c)
}

fn refuse(path: &str, why: &str) -> Error {
    Error::new(Kind::Config, format!("linux.cgroupsPath \"{path}\" {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Result<Name> {
        Name::parse(Some(path), "box", Manager::System)
    }

    #[test]
    fn defaults_are_by_manager() {
        let path = |manager, base| Name::parse(None, "box", manager).unwrap().path_below(base);
        assert_eq!(path(Manager::System, ""), "system.slice/corten-box.scope");
        assert_eq!(
            path(Manager::User, "user.slice/user@7.service"),
            "user.slice/user@7.service/user.slice/corten-box.scope"
        );
        let with_plus = Name::parse(Some(""), "a+b", Manager::System).unwrap();
        assert_eq!(with_plus.unit, "corten-a\\x2bb.scope");
    }

    #[test]
    fn slices_lie_in_each_other() {
        for (path, group) in [
            ("machine.slice:libpod:1f", "machine.slice/libpod-1f.scope"),
            (
                "a-b-c.slice:cri-containerd:x",
                "a.slice/a-b.slice/a-b-c.slice/cri-containerd-x.scope",
            ),
            ("-.slice:p:x", "p-x.scope"),
            (":p:x", "system.slice/p-x.scope"),
            ("a.slice::x", "a.slice/x.scope"),
        ] {
            assert_eq!(parse(path).unwrap().path_below(""), group, "{path}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (path, word) in [
            ("/a/b", "slice:prefix:name"),
            ("a:b", "slice:prefix:name"),
            ("a:b:c:d", "slice:prefix:name"),
            ("machine:p:x", "end in .slice"),
            ("a--b.slice:p:x", "cannot be a slice"),
            ("-a.slice:p:x", "cannot be a slice"),
            (".slice:p:x", "cannot be a slice"),
            ("../a.slice:p:x", "cannot be a slice"),
            ("a.slice:p:", "no name"),
            ("a.slice:p:b.slice", "names a slice"),
        ] {
            let error = parse(path).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.to_string().contains(word), "{path}: {error}");
        }
        assert!(parse(&format!("a.slice:p:{}", "x".repeat(250))).is_err());
        // A name cannot lead out of the slice.
        assert_eq!(
            parse("a.slice:p:../../x").unwrap().unit,
            "p-..\\x2f..\\x2fx.scope"
        );
    }
}
