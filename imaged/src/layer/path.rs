//! Paths in a layer: what an archive wrote, made safe, and the names that mean something to us.

use crate::error::{Error, Kind, Result};

/// The most directories that a path may have: what is deeper could not be removed again.
pub(crate) const MAX_DEPTH: usize = 400;
/// The longest name that a file system takes.
const MAX_NAME: usize = 255;

/// A path as an archive has it, relative to the layer's root, without `.`, `..` and empty parts.
///
/// # Errors
/// `Invalid` for a path that leads upwards, or that no file system could hold.
pub fn clean(path: &[u8]) -> Result<Vec<u8>> {
    let mut clean = Vec::with_capacity(path.len());
    let mut depth = 0;
    for part in path
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
    {
        depth += 1;
        if part == b".." {
            return Err(refused(path, "it leads out of the layer by '..'"));
        }
        if part.contains(&0) || part.len() > MAX_NAME || depth > MAX_DEPTH {
            return Err(refused(path, "no file system should have to hold such a path"));
        }
        if !clean.is_empty() {
            clean.push(b'/');
        }
        clean.extend_from_slice(part);
    }
    Ok(clean)
}

/// The error of a path that is refused.
pub(super) fn refused(path: &[u8], reason: &str) -> Error {
    Error::new(
        Kind::Invalid,
        format!("the layer's entry \"{}\" is refused: {reason}", show(path)),
    )
}

/// Refuses a file for a layer whose name would say there that another one is gone.
///
/// # Errors
/// `Invalid` for such a name.
pub(super) fn check_name(path: &[u8], name: &[u8]) -> Result<()> {
    match name.starts_with(b".wh.") {
        false => Ok(()),
        true => Err(Error::new(
            Kind::Invalid,
            format!(
                "\"{}\" cannot be in an image: there a name like this says that a file is gone",
                show(path)
            ),
        )
        .hint("remove it, or give it another name")),
    }
}

/// A path for an error text: short, and nothing that a terminal would obey.
pub(super) fn show(path: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(path).chars().take(200).collect();
    text.escape_debug().to_string()
}

/// The directory and the name; the directory of a name at the top is empty.
pub(super) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}

/// A name in a directory.
pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        [] => name.to_vec(),
        directory => [directory, b"/", name].concat(),
    }
}

/// The directories above a path, from the top down, without the root.
pub(super) fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| &path[..at])
}

/// What an entry's name means (image-spec, "Whiteouts").
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// Just a name.
    Plain,
    /// The sibling of this name is gone.
    Whiteout(&'a [u8]),
    /// Nothing of lower layers shows in the entry's directory.
    Opaque,
    /// A leftover of the AUFS storage driver, to be ignored.
    Aufs,
}

/// Tells whiteouts from names.
///
/// # Errors
/// `Invalid` for names with the whiteout prefix that mean nothing, or would remove more than a name.
pub(super) fn meaning(path: &[u8]) -> Result<Meaning<'_>> {
    const PREFIX: &[u8] = b".wh.";
    let (directory, name) = split(path);
    let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    if matches!(first, b".wh..wh.aufs" | b".wh..wh.orph" | b".wh..wh.plnk") {
        return Ok(Meaning::Aufs);
    }
    if directory
        .split(|byte| *byte == b'/')
        .any(|part| part.starts_with(PREFIX))
    {
        return Err(refused(path, "a directory has the name of a whiteout"));
    }
    match name.strip_prefix(PREFIX) {
        None => Ok(Meaning::Plain),
        Some(b".wh..opq") => Ok(Meaning::Opaque),
        Some(target)
            if target.is_empty() || target == b"." || target == b".." || target.starts_with(PREFIX) =>
        {
            Err(refused(path, "it is a whiteout of nothing"))
        }
        Some(target) => Ok(Meaning::Whiteout(target)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_confined() {
        for (written, meant) in [
            (&b"./a//b/"[..], &b"a/b"[..]),
            (b"/etc/passwd", b"etc/passwd"),
            (b"./", b""),
            (b"a/./b", b"a/b"),
            (b"...", b"..."),
        ] {
            assert_eq!(clean(written).unwrap(), meant);
        }
        let deep = b"a/".repeat(MAX_DEPTH + 1);
        for bad in [
            &b".."[..],
            b"../a",
            b"a/../../b",
            b"a/..",
            b"a\0b",
            &[b'x'; 256],
            &deep,
        ] {
            assert!(clean(bad).is_err(), "{}", show(bad));
        }
    }

    #[test]
    fn whiteouts_are_told_from_names() {
        for (path, meant) in [
            (&b"a/b"[..], Meaning::Plain),
            (b"a/.wh.b", Meaning::Whiteout(b"b")),
            (b"a/.wh..hidden", Meaning::Whiteout(b".hidden")),
            (b".wh..wh..opq", Meaning::Opaque),
            (b"a/.wh..wh..opq", Meaning::Opaque),
            (b".wh..wh.plnk/1.2", Meaning::Aufs),
        ] {
            assert_eq!(meaning(path).unwrap(), meant, "{}", show(path));
        }
        for bad in [
            &b".wh."[..],
            b"a/.wh..",
            b"a/.wh...",
            b"a/.wh..wh.x",
            b".wh.a/b",
            b"x/.wh..wh..opq/y",
        ] {
            assert!(meaning(bad).is_err(), "{}", show(bad));
        }
    }

    proptest! {
        #[test]
        fn a_clean_path_never_leads_up(path in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(clean) = clean(&path) {
                prop_assert!(!clean.split(|byte| *byte == b'/').any(|part| part == b".." || part == b"."));
                prop_assert!(!clean.starts_with(b"/"));
                let _ = meaning(&clean);
            }
        }
    }
}
