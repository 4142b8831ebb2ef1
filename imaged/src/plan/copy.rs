//! `cp`: what its two words mean, and where a copy arrives. Docker's rules, from its reference of `docker cp`.

use crate::error::{Error, Kind, Result};

/// One of the two words of `cp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side<'a> {
    /// Standard input or output: a tar stream.
    Stream,
    /// A path here.
    Local(&'a [u8]),
    /// A path in a container.
    Container { name: &'a str, path: &'a [u8] },
}

/// Tells the sides apart: a container's name ends at the first colon; a path that begins with `/` or `.` is local.
pub(crate) fn side(word: &[u8]) -> Side<'_> {
    if word == b"-" {
        return Side::Stream;
    }
    let colon = word.iter().position(|byte| *byte == b':');
    match colon {
        Some(colon) if !word.starts_with(b"/") && !word.starts_with(b".") => {
            match std::str::from_utf8(&word[..colon]) {
                Ok(name) if !name.is_empty() => Side::Container {
                    name,
                    path: &word[colon + 1..],
                },
                _ => Side::Local(word),
            }
        }
        _ => Side::Local(word),
    }
}

/// A path as it was typed: absolute, without `.`, `..` and doubled slashes, and what its end says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) path: Vec<u8>,
    /// It ends in `/` or `/.`: only a directory will do.
    pub(crate) is_directory: bool,
    /// It ends in `/.`, or is the root: what is in the directory is meant rather than itself.
    pub(crate) is_contents: bool,
}

impl Typed {
    /// Understands a path; one that does not begin with `/` is relative to `base`.
    pub(crate) fn new(base: &[u8], typed: &[u8]) -> Self {
        let mut parts: Vec<&[u8]> = Vec::new();
        let all: [&[u8]; 2] = match typed.first() {
            Some(b'/') => [b"", typed],
            _ => [base, typed],
        };
        for part in all.iter().flat_map(|path| path.split(|byte| *byte == b'/')) {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let last = typed.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let mut path = vec![b'/'];
        path.extend(parts.join(&b'/'));
        Self {
            is_directory: last.is_empty() || last == b"." || path == b"/",
            is_contents: last == b"." || path == b"/",
            path,
        }
    }

    /// The directory and the name; the root has an empty name.
    pub(crate) fn split(&self) -> (&[u8], &[u8]) {
        split(&self.path)
    }
}

/// The directory and the name of an absolute path.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(0) => (b"/", &path[1..]),
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"/", path),
    }
}

/// What there is at a path, symbolic links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Nothing,
    Directory,
    Other,
}

/// Where a copy arrives: a directory that must be there, and the name that the copy has in it. Without a name the
/// directory's contents become those of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) directory: Vec<u8>,
    pub(crate) name: Vec<u8>,
}

/// Where a copy of `source` (a directory or not) arrives at `target`, whose links were followed.
///
/// # Errors
/// When a directory would have to become a file or the reverse.
pub(crate) fn arrival(
    source: &Typed,
    source_is_directory: bool,
    target: &Typed,
    existing: Existing,
) -> Result<Arrival> {
    let wrong = |message: &str| Err(Error::new(Kind::Usage, message));
    let (directory, name) = target.split();
    match existing {
        Existing::Directory => Ok(Arrival {
            directory: target.path.clone(),
            name: match source.is_contents {
                true => Vec::new(),
                false => source.split().1.to_vec(),
            },
        }),
        Existing::Other if source_is_directory => wrong("cannot copy directory"),
        Existing::Other if target.is_directory => wrong("not a directory"),
        Existing::Nothing if target.is_directory && !source_is_directory => wrong("no such directory"),
        _ => Ok(Arrival {
            directory: directory.to_vec(),
            name: name.to_vec(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(path: &str) -> Typed {
        Typed::new(b"/here", path.as_bytes())
    }

    #[test]
    fn containers_are_told_from_paths() {
        let inside = |name, path: &'static str| Side::Container {
            name,
            path: path.as_bytes(),
        };
        for (word, meant) in [
            ("-", Side::Stream),
            ("box:/etc", inside("box", "/etc")),
            ("box:etc:x", inside("box", "etc:x")),
            ("box:", inside("box", "")),
            ("./box:x", Side::Local(b"./box:x")),
            ("/box:x", Side::Local(b"/box:x")),
            ("file", Side::Local(b"file")),
            (":x", Side::Local(b":x")),
        ] {
            assert_eq!(side(word.as_bytes()), meant, "{word}");
        }
    }

    #[test]
    fn the_end_of_a_path_says_what_is_meant() {
        for (path, clean, is_directory, is_contents) in [
            ("a", "/here/a", false, false),
            ("/a/", "/a", true, false),
            ("/a/.", "/a", true, true),
            ("/", "/", true, true),
            (".", "/here", true, true),
            ("../x", "/x", false, false),
            ("/../../x//y", "/x/y", false, false),
            ("/a/b/..", "/a", false, false),
        ] {
            let found = typed(path);
            assert_eq!(
                (found.path.as_slice(), found.is_directory, found.is_contents),
                (clean.as_bytes(), is_directory, is_contents),
                "{path}"
            );
        }
    }

    #[test]
    fn copies_arrive_where_docker_puts_them() {
        use Existing::{Directory, Nothing, Other};
        let at = |directory: &str, name: &str| {
            Ok(Arrival {
                directory: directory.into(),
                name: name.into(),
            })
        };
        let no = |message: &str| Err(message.to_owned());
        for (source, is_directory, target, existing, meant) in [
            ("/s/file", false, "/t/new", Nothing, at("/t", "new")),
            ("/s/file", false, "/t/new/", Nothing, no("no such directory")),
            ("/s/file", false, "/t/old", Other, at("/t", "old")),
            ("/s/file", false, "/t/old/", Other, no("not a directory")),
            ("/s/file", false, "/t", Directory, at("/t", "file")),
            ("/s/dir", true, "/t/new", Nothing, at("/t", "new")),
            ("/s/dir", true, "/t/new/", Nothing, at("/t", "new")),
            ("/s/dir/.", true, "/t/new", Nothing, at("/t", "new")),
            ("/s/dir", true, "/t/old", Other, no("cannot copy directory")),
            ("/s/dir", true, "/t", Directory, at("/t", "dir")),
            ("/s/dir/", true, "/t", Directory, at("/t", "dir")),
            ("/s/dir/.", true, "/t", Directory, at("/t", "")),
            ("/", true, "/t", Directory, at("/t", "")),
        ] {
            let found = arrival(&typed(source), is_directory, &typed(target), existing);
            assert_eq!(
                found.map_err(|error| error.to_string()),
                meant,
                "{source} to {target}"
            );
        }
    }
}
