//! The words among a mount's options: mount(8)'s flags, the recursive forms, propagation; the rest is data
//! for the file system.

use super::op::{Links, Reach};
use crate::sys::mount::Attributes;

/// MOUNT_ATTR_… of mount_setattr(2).
pub const RDONLY: u64 = 0x1;
pub(super) const NOSUID: u64 = 0x2;
pub(super) const NODEV: u64 = 0x4;
pub(super) const NOEXEC: u64 = 0x8;
/// The access time modes are one field of this mask: relatime is 0.
const ATIME: u64 = 0x70;
const NOATIME: u64 = 0x10;
const STRICTATIME: u64 = 0x20;
const NODIRATIME: u64 = 0x80;
const NOSYMFOLLOW: u64 = 0x20_0000;

/// What an option word does to a mount's attributes: bits to set and to clear.
const ATTRIBUTES: &[(&str, u64, u64)] = &[
    ("ro", RDONLY, 0),
    ("rw", 0, RDONLY),
    ("nosuid", NOSUID, 0),
    ("suid", 0, NOSUID),
    ("nodev", NODEV, 0),
    ("dev", 0, NODEV),
    ("noexec", NOEXEC, 0),
    ("exec", 0, NOEXEC),
    ("noatime", NOATIME, ATIME),
    ("atime", 0, ATIME),
    ("relatime", 0, ATIME),
    ("norelatime", 0, ATIME),
    ("strictatime", STRICTATIME, ATIME),
    ("nostrictatime", 0, ATIME),
    ("nodiratime", NODIRATIME, 0),
    ("diratime", 0, NODIRATIME),
    ("nosymfollow", NOSYMFOLLOW, 0),
    ("symfollow", 0, NOSYMFOLLOW),
];

/// What a word does to the propagation, and whether to all mounts below as well.
const PROPAGATION: &[(&str, u64, bool)] = &[
    ("private", libc::MS_PRIVATE, false),
    ("rprivate", libc::MS_PRIVATE, true),
    ("shared", libc::MS_SHARED, false),
    ("rshared", libc::MS_SHARED, true),
    ("slave", libc::MS_SLAVE, false),
    ("rslave", libc::MS_SLAVE, true),
    ("unbindable", libc::MS_UNBINDABLE, false),
    ("runbindable", libc::MS_UNBINDABLE, true),
];

/// Flags of the whole file system, as fsconfig(2) knows them, and the words that ask for nothing.
const FILE_SYSTEM: &[(&str, Option<&str>)] = &[
    ("sync", Some("sync")),
    ("dirsync", Some("dirsync")),
    ("lazytime", Some("lazytime")),
    ("mand", Some("mand")),
    ("silent", Some("silent")),
    ("async", None),
    ("nolazytime", None),
    ("nomand", None),
    ("loud", None),
    ("defaults", None),
    ("iversion", None),
    ("noiversion", None),
    ("acl", None),
    ("noacl", None),
];

/// The words with a meaning of their own.
const OTHERS: &[&str] = &[
    "bind",
    "rbind",
    "remount",
    "tmpcopyup",
    "idmap",
    "ridmap",
    "src-nofollow",
    "dest-nofollow",
    "copy-symlink",
];

/// Every word that [`parse`] knows: what `features` lists.
pub fn known() -> impl Iterator<Item = &'static str> {
    let plain = ATTRIBUTES.iter().map(|(word, ..)| *word);
    let others = FILE_SYSTEM
        .iter()
        .map(|(word, _)| *word)
        .chain(PROPAGATION.iter().map(|(word, ..)| *word));
    plain.chain(others).chain(OTHERS.iter().copied())
}

/// The recursive forms (`rro`, …), as `features` lists them.
pub fn known_recursive() -> impl Iterator<Item = String> {
    ATTRIBUTES.iter().map(|(word, ..)| format!("r{word}"))
}

/// The propagation that a word names: its flag of mount(2), whether it goes down, and the word.
pub(super) fn propagation(word: &str) -> Option<(u64, bool, &'static str)> {
    PROPAGATION
        .iter()
        .find(|(name, ..)| *name == word)
        .map(|(name, kind, deep)| (*kind, *deep, *name))
}

/// A mount's options, sorted by what they do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// What the mount's own attributes become.
    pub own: Attributes,
    /// What its attributes and those of all mounts below become.
    pub recursive: Attributes,
    /// Propagations, in order, with whether they go down.
    pub propagation: Vec<(u64, bool)>,
    /// `bind` or `rbind` is among them.
    pub bind: bool,
    /// `rbind` is among them.
    pub deep: bool,
    /// `remount` is among them.
    pub remount: bool,
    /// What lies below the mount point is copied into the new tmpfs.
    pub copy_up: bool,
    /// For the file system: keys with values, or alone.
    pub data: Vec<(&'a str, Option<&'a str>)>,
    /// `idmap` or `ridmap`, if it is among them.
    pub idmap: Option<IdMap<'a>>,
    /// `src-nofollow` or `copy-symlink` is among them.
    pub links: Links,
    /// `dest-nofollow` is among them.
    pub reach: Reach,
}

/// `idmap` or `ridmap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdMap<'a> {
    /// It is `ridmap`.
    pub deep: bool,
    /// crun's mappings after `=`.
    pub words: Option<&'a str>,
}

/// Sorts options; later ones win over earlier ones, as in mount(8).
pub fn parse<'a>(options: impl Iterator<Item = &'a str>) -> Options<'a> {
    let mut parsed = Options::default();
    for word in options.filter(|word| !word.is_empty()) {
        parse_word(word, &mut parsed);
    }
    parsed
}

fn parse_word<'a>(word: &'a str, into: &mut Options<'a>) {
    if let Some((key, value)) = word.split_once('=') {
        return parse_value(key, value, into);
    }
    if let Some((_, set, clear)) = ATTRIBUTES.iter().find(|(name, ..)| *name == word) {
        return change(&mut into.own, *set, *clear);
    }
    let recursive = |(name, ..): &&(&str, u64, u64)| word.strip_prefix('r') == Some(*name);
    if let Some((_, set, clear)) = ATTRIBUTES.iter().find(recursive) {
        return change(&mut into.recursive, *set, *clear);
    }
    if let Some((_, kind, deep)) = PROPAGATION.iter().find(|(name, ..)| *name == word) {
        return into.propagation.push((*kind, *deep));
    }
    if let Some((_, flag)) = FILE_SYSTEM.iter().find(|(name, _)| *name == word) {
        return into.data.extend(flag.map(|flag| (flag, None)));
    }
    match word {
        "bind" => into.bind = true,
        "rbind" => (into.bind, into.deep) = (true, true),
        "remount" => into.remount = true,
        "tmpcopyup" => into.copy_up = true,
        "idmap" | "ridmap" => {
            into.idmap = Some(IdMap {
                deep: word == "ridmap",
                words: None,
            });
        }
        "src-nofollow" => into.links = Links::Bind,
        "copy-symlink" => into.links = Links::Copy,
        "dest-nofollow" => into.reach = Reach::LastNot,
        // The network file systems' hint to boot scripts means nothing to the kernel.
        "_netdev" | "nofail" => {}
        _ => into.data.push((word, None)),
    }
}

fn parse_value<'a>(key: &'a str, value: &'a str, into: &mut Options<'a>) {
    if matches!(key, "idmap" | "ridmap") {
        into.idmap = Some(IdMap {
            deep: key == "ridmap",
            words: Some(value),
        });
    } else {
        into.data.push((key, Some(value)));
    }
}

/// One more word: it undoes what earlier ones said about the same bits.
fn change(attributes: &mut Attributes, set: u64, clear: u64) {
    attributes.set = (attributes.set & !clear) | set;
    attributes.clear = (attributes.clear & !set) | clear;
    // The access time is one field: mount_setattr(2) wants it cleared as a whole wherever it is set.
    if attributes.set & ATIME != 0 || attributes.clear & ATIME != 0 {
        attributes.clear |= ATIME;
    }
}

/// For a new mount, whose attributes begin at zero: the bits to set.
pub(super) fn of_new_mount(own: &Attributes) -> u64 {
    own.set
}

/// For a bind mount: naming any attribute clears those that are not named, but for the access times, as
/// mount(2) with MS_REMOUNT does. `rw` alone is such a name too.
pub(super) fn of_bind_mount(own: &Attributes) -> Attributes {
    if own.is_empty() {
        return *own;
    }
    let plain = RDONLY | NOSUID | NODEV | NOEXEC | NOSYMFOLLOW;
    Attributes {
        clear: own.clear | (plain & !own.set),
        ..*own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options<'a>(words: &[&'a str]) -> Options<'a> {
        parse(words.iter().copied())
    }

    #[test]
    fn later_words_win() {
        assert_eq!(
            options(&["ro", "rw"]).own,
            Attributes {
                set: 0,
                clear: RDONLY,
                propagation: 0
            }
        );
        assert_eq!(
            options(&["rw", "ro"]).own,
            Attributes {
                set: RDONLY,
                clear: 0,
                propagation: 0
            }
        );
        let times = options(&["noatime", "strictatime"]).own;
        assert_eq!((times.set, times.clear), (STRICTATIME, ATIME));
        let times = options(&["noatime", "relatime"]).own;
        assert_eq!((times.set, times.clear), (0, ATIME));
    }

    #[test]
    fn recursive_words_are_apart() {
        let parsed = options(&["rbind", "rro", "nosuid"]);
        assert!(parsed.bind && parsed.deep);
        assert_eq!((parsed.recursive.set, parsed.own.set), (RDONLY, NOSUID));
    }

    #[test]
    fn relatime_is_not_the_recursive_form_of_anything() {
        let parsed = options(&["relatime"]);
        assert!(parsed.recursive.is_empty());
        assert_eq!(options(&["rrelatime"]).recursive.clear, ATIME);
    }

    #[test]
    fn unknown_words_are_data() {
        let parsed = options(&["size=64k", "newinstance", "gid=5"]);
        assert_eq!(
            parsed.data,
            [("size", Some("64k")), ("newinstance", None), ("gid", Some("5"))]
        );
    }

    #[test]
    fn a_bind_mount_with_one_flag_drops_the_others() {
        let named = of_bind_mount(&options(&["bind", "ro"]).own);
        assert_eq!(named.clear, NOSUID | NODEV | NOEXEC | NOSYMFOLLOW);
        assert!(of_bind_mount(&options(&["bind", "rprivate"]).own).is_empty());
    }
}
