//! Archives that try to get out, to confuse, or to exhaust: each is refused with a clear error, or confined,
//! and nothing outside the layer's directory changes.

use std::fs;
use std::path::Path;

use super::test_archive::{Archive, header};
use super::{Limits, own_umask, unpack};
use crate::error::{Error, Kind, Result};

/// Unpacks into `layer` of a fresh directory that also holds a file to be attacked.
fn attempt(archive: &[u8], limits: Limits) -> (tempfile::TempDir, Result<()>) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("layer")).unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/canary"), "untouched").unwrap();
    let root = dir.path().join("layer");
    let result = std::thread::scope(|scope| {
        let work = || {
            own_umask()?;
            unpack(&mut &archive[..], &root, limits)?
                .settle(&root, &[])
                .map(drop)
        };
        scope.spawn(work).join().unwrap()
    });
    assert_nothing_outside(dir.path());
    (dir, result)
}

fn assert_nothing_outside(dir: &Path) {
    assert_eq!(
        fs::read_to_string(dir.join("outside/canary")).unwrap(),
        "untouched"
    );
    let names = |path: &Path| {
        let mut names: Vec<_> = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(dir), ["layer", "outside"]);
    assert_eq!(names(&dir.join("outside")), ["canary"]);
}

#[track_caller]
fn refused(name: &str, archive: &[u8], words: &str) {
    let (_dir, result) = attempt(archive, Limits::default());
    let error: Error = result.expect_err(name);
    assert!(
        error.to_string().contains(words),
        "{name}: \"{error}\" does not say \"{words}\""
    );
}

fn new() -> Archive {
    Archive::new()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn escapes_are_refused() {
    let deep = "d/".repeat(45);
    for (name, archive, words) in [
        ("parent", new().file("../outside/canary", b"x"), "leads out"),
        (
            "parent in the middle",
            new().dir("a").file("a/../../outside/canary", b"x"),
            "leads out",
        ),
        ("parent at the end", new().dir("a/.."), "leads out"),
        (
            "through a symlink up",
            new().symlink("a", "../outside").file("a/canary", b"x"),
            "not a directory",
        ),
        (
            "through an absolute symlink",
            new().symlink("a", "/etc").file("a/passwd", b"x"),
            "not a directory",
        ),
        (
            "through a chain",
            new()
                .symlink("a", "b")
                .symlink("b", "../outside")
                .file("a/canary", b"x"),
            "not a directory",
        ),
        (
            "through a loop",
            new().symlink("a", "a").file("a/x", b"x"),
            "does not lead to a directory",
        ),
        (
            "hard link outside",
            new().hard_link("a", "../outside/canary"),
            "leads out",
        ),
        (
            "hard link to an absolute path",
            new().hard_link("a", "/etc/passwd"),
            "does not exist",
        ),
        (
            "hard link through a symlink",
            new().symlink("s", "../outside").hard_link("a", "s/canary"),
            "hidden in this layer",
        ),
        ("hard link to itself", new().hard_link("a", "a"), "itself"),
        (
            "hard link to a directory",
            new().dir("d").hard_link("a", "d"),
            "to a directory",
        ),
        (
            "hard link to the root",
            new().hard_link("a", "/"),
            "itself or to the root",
        ),
        (
            "hard link to a whiteout",
            new().whiteout(".wh.x").hard_link("a", "x"),
            "removed file",
        ),
        (
            "directory on a symlink's path",
            new().symlink("a", "/proc/self/root").file("a/x", b""),
            "not a directory",
        ),
        (
            "below a file",
            new().file("a", b"").file("a/b", b""),
            "not a directory",
        ),
        ("root as a file", new().file("./", b"x"), "root is a directory"),
        (
            "whiteout of nothing",
            new().whiteout(".wh."),
            "whiteout of nothing",
        ),
        ("whiteout of .", new().whiteout("a/.wh.."), "whiteout of nothing"),
        (
            "whiteout of ..",
            new().whiteout("a/.wh..."),
            "whiteout of nothing",
        ),
        (
            "whiteout as a directory",
            new().file(".wh.a/b", b""),
            "name of a whiteout",
        ),
        (
            "unknown opaque word",
            new().whiteout("a/.wh..wh.foo"),
            "whiteout of nothing",
        ),
        (
            "too deep",
            new().pax(&[("path", deep.repeat(10).as_bytes())]).file("x", b""),
            "no file system",
        ),
        (
            "name too long",
            new().pax(&[("path", "n".repeat(256).as_bytes())]).file("x", b""),
            "no file system",
        ),
        (
            "overlayfs' own attribute",
            new()
                .pax(&[("SCHILY.xattr.trusted.overlay.redirect", b"/etc")])
                .dir("a"),
            "overlayfs itself",
        ),
        (
            "overlayfs' own user attribute",
            new().pax(&[("SCHILY.xattr.user.overlay.opaque", b"y")]).dir("a"),
            "overlayfs itself",
        ),
    ] {
        refused(name, &archive.end(), words);
    }
}

#[test]
fn absolute_paths_and_symlinks_are_confined() {
    let archive = new()
        .dir("etc")
        .symlink("a", "/etc")
        .file("/etc/x", b"1")
        .file("a/y", b"2")
        .end();
    let (dir, result) = attempt(&archive, Limits::default());
    result.unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("layer/etc/x")).unwrap(), "1");
    assert_eq!(
        fs::read_to_string(dir.path().join("layer/etc/y")).unwrap(),
        "2",
        "followed inside the layer"
    );
    assert!(!Path::new("/etc/y").exists());
}

#[test]
fn a_file_never_goes_through_a_symlink_of_its_name() {
    let archive = new().symlink("a", "../outside/canary").file("a", b"new").end();
    let (dir, result) = attempt(&archive, Limits::default());
    result.unwrap();
    let a = dir.path().join("layer/a");
    assert!(a.symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(a).unwrap(), "new");
}

#[test]
fn attributes_of_a_replaced_directory_do_not_follow_a_symlink() {
    // The directory's mode and times are set at the end, when its name leads elsewhere.
    let mut bad = header(b'5', b"a");
    bad.set_mode(0o7777);
    let archive = new().add(bad, &[]).symlink("a", "../outside").end();
    let before = |dir: &Path| {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(dir.join("outside")).unwrap().permissions().mode() & 0o7777
    };
    let (dir, result) = attempt(&archive, Limits::default());
    result.unwrap();
    assert_eq!(before(dir.path()), 0o755);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn malformed_streams_are_refused() {
    let whole = new().file("a", b"content");
    let mut wrong_checksum = whole.clone().end();
    wrong_checksum[0] = b'b';
    let mut negative = header(b'0', b"a");
    negative.as_mut_bytes()[124..136].copy_from_slice(&[0xff; 12]);
    let mut letters = header(b'0', b"a");
    letters.as_mut_bytes()[124..136].copy_from_slice(b"xxxxxxxxxxx\0");
    let mut huge_uid = header(b'0', b"a");
    huge_uid.as_mut_bytes()[108..116].copy_from_slice(&[0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    let mut no_device = header(b'3', b"a");
    no_device.set_device_major(0x7f_ffff).unwrap();
    no_device.set_device_minor(1).unwrap();
    let endless = header(b'L', b"x");
    for (name, archive, words) in [
        ("cut in a header", whole.clone().cut(100), "ends inside a header"),
        ("cut in a file", whole.clone().cut(515), "ends inside a file"),
        (
            "cut after a PAX header",
            new().pax(&[("path", b"x")]).end(),
            "ends after a PAX header",
        ),
        ("wrong checksum", wrong_checksum, "checksum"),
        ("not a tar", vec![b'x'; 2048], "checksum"),
        ("negative size", new().add(negative, &[]).end(), "negative"),
        (
            "size of letters",
            new().add(letters, &[]).end(),
            "size is no number",
        ),
        ("owner -1", new().add(huge_uid, &[]).end(), "is no uid"),
        ("no such device", new().add(no_device, &[]).end(), "no device"),
        (
            "unknown type",
            new().add(header(b'V', b"a"), &[]).end(),
            "type 'V'",
        ),
        (
            "name of no bytes then end",
            new().add(endless, &[]).end(),
            "ends after",
        ),
        (
            "PAX garbage",
            new().add(with_size(b'x', 4), b"abcd").end(),
            "PAX record",
        ),
        (
            "PAX NUL",
            new().pax(&[("path", b"a\0b")]).file("x", b"").end(),
            "NUL",
        ),
        (
            "PAX size no number",
            new().pax(&[("size", b"-5")]).file("x", b"").end(),
            "PAX number",
        ),
        (
            "PAX size beyond the end",
            new().pax(&[("size", b"4096")]).file("x", b"").end(),
            "ends inside a file",
        ),
        (
            "xattr name with NUL",
            new().pax(&[("SCHILY.xattr.user.\0", b"")]).file("x", b"").end(),
            "NUL",
        ),
        (
            "sparse pieces overlap",
            new()
                .pax(&[("GNU.sparse.map", b"0,5,3,5"), ("GNU.sparse.size", b"10")])
                .file("x", b"0123456789")
                .end(),
            "does not fit",
        ),
        (
            "sparse beyond the file",
            new()
                .pax(&[("GNU.sparse.map", b"8,5"), ("GNU.sparse.size", b"10")])
                .file("x", b"01234")
                .end(),
            "does not fit",
        ),
        (
            "sparse overflow",
            new()
                .pax(&[
                    ("GNU.sparse.map", b"18446744073709551615,5"),
                    ("GNU.sparse.size", b"10"),
                ])
                .file("x", b"01234")
                .end(),
            "does not fit",
        ),
    ] {
        refused(name, &archive, words);
    }
}

fn with_size(kind: u8, size: u64) -> tar::Header {
    let mut header = header(kind, b"x");
    header.set_size(size);
    header
}

#[test]
fn limits_hold() {
    let small = Limits {
        entries: 4,
        bytes: 10,
        path: 20,
        meta: 600,
        memory: 900,
    };
    for (name, archive, words) in [
        (
            "entries",
            new().dir("a").dir("b").dir("c").dir("d").dir("e"),
            "more than 4 entries",
        ),
        (
            "bytes",
            new().file("a", b"01234").file("b", b"012345"),
            "more than 10 bytes",
        ),
        (
            "path",
            new().file("a/very/long/path/it/is", b""),
            "longer than 20",
        ),
        (
            "long name",
            new().add(with_size(b'L', 1 << 40), &[]),
            "has 1099511627776 bytes",
        ),
        (
            "PAX header",
            new().pax(&[("comment", &[b'x'; 700])]).dir("a"),
            "bytes",
        ),
        (
            "directories with attributes",
            new()
                .pax(&[("SCHILY.xattr.user.a", &[b'x'; 500])])
                .dir("a")
                .pax(&[("SCHILY.xattr.user.a", &[b'x'; 500])])
                .dir("b"),
            "too much memory",
        ),
        (
            "directories above",
            new().file("1/2/3/4/5/6/7/8/9/0", b""),
            "too much memory",
        ),
    ] {
        let (_dir, result) = attempt(&archive.end(), small);
        let error = result.expect_err(name);
        assert_eq!(error.kind(), Kind::Limit, "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
    }
}

#[test]
fn attributes_are_as_long_as_the_kernel_takes() {
    let name = |length: usize| format!("SCHILY.xattr.user.{}", "n".repeat(length - "user.".len()));
    for (name, length, good) in [
        (name(255), 10, true),
        (name(256), 10, false),
        (name(10), (64 << 10) + 1, false),
    ] {
        let archive = new().pax(&[(name.as_str(), &vec![b'x'; length])]).file("f", b"");
        let (_dir, result) = attempt(&archive.end(), Limits::default());
        let error = result.map_err(|error| (error.kind(), error.to_string()));
        match (good, &error) {
            (true, Ok(())) => {}
            (false, Err((Kind::Limit, text))) if text.contains("extended attribute") => {}
            _ => panic!("{length}: {error:?}"),
        }
    }
}

/// Headers that describe the same entry could say together what none of them may say alone.
#[test]
fn of_several_pax_headers_the_last_counts() {
    let archive = new()
        .pax(&[("SCHILY.xattr.user.first", b"1"), ("path", b"first")])
        .pax(&[("SCHILY.xattr.user.second", b"2")])
        .file("f", b"");
    let (dir, result) = attempt(&archive.end(), Limits::default());
    result.unwrap();
    let file = fs::File::open(dir.path().join("layer/f")).unwrap();
    let names: Vec<_> = crate::sys::xattr::all(&file)
        .unwrap()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, [c"user.second".to_owned()]);
}

/// Readers that go on after one block of zeros would see files that others do not.
#[test]
fn nothing_hides_behind_a_single_block_of_zeros() {
    let hidden = new().file("a", b"").raw(&[0; 512]).file("b", b"").end();
    refused("hidden entry", &hidden, "single block of zeros");
    let (dir, result) = attempt(&new().file("a", b"").raw(&[0; 512]).cut(1024), Limits::default());
    result.unwrap();
    assert!(dir.path().join("layer/a").exists());
}

#[test]
fn a_terminal_is_not_obeyed_in_errors() {
    let (_dir, result) = attempt(&new().file("../\x1b[2J", b"").end(), Limits::default());
    assert!(!result.unwrap_err().to_string().contains('\x1b'));
}
