//! Where a container's groups shall be: `linux.cgroupsPath` against the layout.
//!
//! An absolute path starts at each hierarchy's mount point. A relative one, and the container's id when there is
//! no path, starts at the runtime's own group on v1 and beside it on v2, where a group with processes cannot
//! have children with controllers.

use crate::error::{Error, Kind, Result};
use crate::host::cgroup::{Hierarchy, Layout, Version};

/// Who asks for a group, and where.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The container's id.
    pub id: &'a str,
    /// `linux.cgroupsPath`.
    pub path: Option<&'a str>,
}

impl Wish<'_> {
    /// The path of the container's group below the mount point of each hierarchy, in the layout's order.
    ///
    /// # Errors
    /// For a path that leaves the hierarchy, names its root, or is meant for systemd.
    pub fn paths(&self, layout: &Layout) -> Result<Vec<String>> {
        let wanted = self.path.filter(|path| !path.is_empty());
        if let Some(path) = wanted {
            check(path)?;
        }
        Ok(layout
            .hierarchies
            .iter()
            .map(|hierarchy| place(hierarchy, wanted, self.id))
            .collect())
    }
}

/// Refuses what cannot be a path of a group of its own.
fn check(path: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::new(
            Kind::Config,
            format!("linux.cgroupsPath \"{path}\" {why}"),
        ))
    };
    if path.contains('\0') {
        return refuse("contains a NUL byte");
    }
    if path.split('/').any(|part| part == "..") {
        return refuse("contains \"..\": it must not leave the cgroup hierarchy");
    }
    if parts(path).next().is_none() {
        return refuse("names the root of the hierarchy, which cannot be a container's own group");
    }
    if path.split(':').count() == 3 && !path.contains('/') {
        return Err(Error::new(
            Kind::Config,
            format!("linux.cgroupsPath \"{path}\" has systemd's form slice:prefix:name, but --systemd-cgroup is not given"),
        )
        .hint("use a path such as /group/name, or run with --systemd-cgroup"));
    }
    Ok(())
}

/// The normal form of a group's path in one hierarchy.
fn place(hierarchy: &Hierarchy, wanted: Option<&str>, id: &str) -> String {
    let path = wanted.unwrap_or(id);
    let base = match hierarchy.version {
        _ if path.starts_with('/') => "",
        Version::V1 => hierarchy.own.as_str(),
        Version::V2 => hierarchy.own.rsplit_once('/').map_or("", |(parent, _)| parent),
    };
    parts(base).chain(parts(path)).collect::<Vec<_>>().join("/")
}

/// The components of a path that mean something.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let hierarchy = |version, own: &str| Hierarchy {
            version,
            mount: "/m".into(),
            controllers: Vec::new(),
            own: own.into(),
        };
        Layout {
            hierarchies: vec![
                hierarchy(Version::V1, "user/me"),
                hierarchy(Version::V2, "user/me"),
            ],
        }
    }

    fn paths(path: Option<&str>) -> Result<Vec<String>> {
        Wish { id: "box", path }.paths(&layout())
    }

    #[test]
    fn without_a_path_the_id_names_the_group() {
        assert_eq!(paths(None).unwrap(), ["user/me/box", "user/box"]);
        assert_eq!(paths(Some("")).unwrap(), ["user/me/box", "user/box"]);
    }

    #[test]
    fn absolute_paths_start_at_the_mount_point() {
        assert_eq!(paths(Some("/a//b/./c/")).unwrap(), ["a/b/c", "a/b/c"]);
    }

    #[test]
    fn relative_paths_start_near_the_runtime() {
        assert_eq!(paths(Some("a/b")).unwrap(), ["user/me/a/b", "user/a/b"]);
    }

    #[test]
    fn escapes_and_roots_are_refused() {
        for (path, word) in [
            ("/a/../../b", "must not leave"),
            ("..", "must not leave"),
            ("../x", "must not leave"),
            ("/", "root of the hierarchy"),
            ("./.", "root of the hierarchy"),
            ("/a\0b", "NUL"),
        ] {
            let error = paths(Some(path)).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.to_string().contains(word), "{path}: {error}");
        }
    }

    #[test]
    fn the_form_of_systemd_needs_its_option() {
        assert!(
            paths(Some("system.slice:runc:box"))
                .unwrap_err()
                .to_string()
                .contains("slice:prefix:name")
        );
        assert_eq!(paths(Some("/pods/a:b:c")).unwrap(), ["pods/a:b:c", "pods/a:b:c"]);
    }
}
