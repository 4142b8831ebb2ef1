//! What an archive holds comes out as it was, in the form that overlayfs stacks.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::test_archive::{Archive, header};
use super::{Limits, own_umask, unpack};
use crate::sys::xattr;

/// A stack of layers, bottom first.
struct Stack {
    dir: tempfile::TempDir,
    roots: Vec<PathBuf>,
}

impl Stack {
    fn of(archives: &[Vec<u8>]) -> Self {
        let mut stack = Self {
            dir: tempfile::tempdir().unwrap(),
            roots: Vec::new(),
        };
        for archive in archives {
            let root = stack.dir.path().join(stack.roots.len().to_string());
            fs::create_dir(&root).unwrap();
            let below: Vec<PathBuf> = stack.roots.iter().rev().cloned().collect();
            std::thread::scope(|scope| {
                let work = || {
                    own_umask().unwrap();
                    let unpacked = unpack(&mut &archive[..], &root, Limits::default()).unwrap();
                    unpacked.settle(&root, &below).unwrap();
                };
                scope.spawn(work).join().unwrap();
            });
            stack.roots.push(root);
        }
        stack
    }

    fn top(&self) -> &Path {
        self.roots.last().unwrap()
    }

    fn meta(&self, path: &str) -> fs::Metadata {
        self.top().join(path).symlink_metadata().unwrap()
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.top().join(path)).unwrap()
    }

    fn is_opaque(&self, path: &str) -> bool {
        xattrs(&self.top().join(path)).contains(&("trusted.overlay.opaque".into(), b"y".to_vec()))
    }

    fn is_whiteout(&self, path: &str) -> bool {
        let meta = self.meta(path);
        meta.file_type().is_char_device() && meta.rdev() == 0
    }
}

fn xattrs(path: &Path) -> Vec<(String, Vec<u8>)> {
    let all = xattr::all(fs::File::open(path).unwrap()).unwrap();
    all.into_iter()
        .map(|(name, value)| (name.into_string().unwrap(), value))
        .collect()
}

fn one(archive: Archive) -> Stack {
    Stack::of(&[archive.end()])
}

fn new() -> Archive {
    Archive::new()
}

#[test]
fn owners_modes_and_times_are_exact() {
    let mut file = header(b'0', b"d/f");
    file.set_mode(0o6755);
    file.set_uid(1234);
    file.set_gid(4_000_000_000);
    let mut dir = header(b'5', b"d");
    dir.set_mode(0o1777);
    let stack = one(new()
        .add(dir, &[])
        .pax(&[("mtime", b"1234.567891234"), ("atime", b"99.5")])
        .add(file, &[]));
    let (file, dir) = (stack.meta("d/f"), stack.meta("d"));
    assert_eq!(
        (file.mode() & 0o7777, file.uid(), file.gid()),
        (0o6755, 1234, 4_000_000_000)
    );
    assert_eq!(
        (file.mtime(), file.mtime_nsec(), file.atime()),
        (1234, 567_891_234, 99)
    );
    assert_eq!(dir.mode() & 0o7777, 0o1777);
    assert_eq!(
        dir.mtime(),
        1_000_000,
        "a directory's time is set after what is put into it"
    );
}

#[test]
fn times_before_1970_are_kept() {
    let stack = one(new().pax(&[("mtime", b"-5.25")]).file("f", b""));
    assert_eq!(
        (stack.meta("f").mtime(), stack.meta("f").mtime_nsec()),
        (-6, 750_000_000)
    );
}

#[test]
fn every_type_of_file_is_made() {
    let mut device = header(b'3', b"null");
    device.set_device_major(1).unwrap();
    device.set_device_minor(3).unwrap();
    device.set_mode(0o666);
    let mut block = header(b'4', b"loop");
    block.set_device_major(7).unwrap();
    block.set_device_minor(259).unwrap();
    let archive = new()
        .add(device, &[])
        .add(block, &[])
        .add(header(b'6', b"pipe"), &[]);
    let stack = one(archive
        .symlink("link", "a/b c")
        .file("f", b"x")
        .hard_link("g", "./f"));
    let null = stack.meta("null");
    assert!(null.file_type().is_char_device());
    assert_eq!(
        (null.rdev(), null.mode() & 0o777),
        (nix::sys::stat::makedev(1, 3), 0o666)
    );
    assert_eq!(stack.meta("loop").rdev(), nix::sys::stat::makedev(7, 259));
    assert!(stack.meta("loop").file_type().is_block_device());
    assert!(stack.meta("pipe").file_type().is_fifo());
    assert_eq!(
        fs::read_link(stack.top().join("link")).unwrap(),
        Path::new("a/b c")
    );
    assert_eq!(stack.meta("f").ino(), stack.meta("g").ino());
    assert_eq!(stack.meta("null").mtime(), 1_000_000);
    assert_eq!(stack.meta("link").mtime(), 1_000_000);
}

#[test]
fn extended_attributes_survive_owner_and_content() {
    let capability = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let mut file = header(b'0', b"f");
    file.set_uid(5);
    file.set_size(1);
    let stack = one(new()
        .pax(&[
            ("SCHILY.xattr.security.capability", capability),
            ("SCHILY.xattr.user.x", b"a\0b"),
        ])
        .add(file, b"x")
        .pax(&[
            ("SCHILY.xattr.user.d", b"1"),
            ("SCHILY.xattr.security.selinux", b"label"),
        ])
        .dir("d"));
    let of_file = xattrs(&stack.top().join("f"));
    assert!(
        of_file.contains(&("security.capability".into(), capability.to_vec())),
        "{of_file:?}"
    );
    assert!(of_file.contains(&("user.x".into(), b"a\0b".to_vec())));
    let of_dir = xattrs(&stack.top().join("d"));
    assert_eq!(
        of_dir,
        [("user.d".into(), b"1".to_vec())],
        "labels belong to the host"
    );
}

#[test]
fn long_names_of_both_kinds() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(130));
    let mut gnu = header(b'L', b"././@LongLink");
    gnu.set_size(long.len() as u64 + 1);
    let stack = one(new().add(gnu, format!("{long}\0").as_bytes()).file("short", b"1"));
    assert_eq!(stack.text(&long), "1");
    let stack = one(new().pax(&[("path", long.as_bytes())]).file("short", b"2"));
    assert_eq!(stack.text(&long), "2");
}

#[test]
fn later_entries_replace_earlier_ones() {
    let stack = one(new()
        .file("f", b"old")
        .hard_link("other", "f")
        .file("f", b"new")
        .dir("d")
        .file("d/x", b"")
        .file("d", b"now a file")
        .file("e", b"")
        .dir("e")
        .file("e/y", b"1")
        .dir("k")
        .file("k/z", b"1")
        .dir("k"));
    assert_eq!(stack.text("f"), "new");
    assert_eq!(stack.text("other"), "old", "the other name keeps its content");
    assert_eq!(stack.text("d"), "now a file");
    assert_eq!(stack.text("e/y"), "1");
    assert!(
        stack.is_opaque("e"),
        "it replaced a file that had hidden what is below"
    );
    assert_eq!(
        stack.text("k/z"),
        "1",
        "a directory that comes again keeps what it has"
    );
}

#[test]
fn whiteouts_become_devices_and_opaque_directories() {
    let stack = one(new()
        .dir("d")
        .whiteout("d/.wh.gone")
        .dir("o")
        .whiteout("o/.wh..wh..opq")
        .file("o/x", b""));
    assert!(stack.is_whiteout("d/gone"));
    assert!(stack.is_opaque("o"));
    assert_eq!(stack.text("o/x"), "");
}

/// image-spec: a whiteout hides lower layers only; in whichever order the archive has them.
#[test]
fn a_whiteout_and_the_name_itself_in_one_layer() {
    for archive in [
        new().whiteout(".wh.d").dir("d").file("d/x", b"1"),
        new().dir("d").file("d/x", b"1").whiteout(".wh.d"),
        new().whiteout(".wh.d").file("d/x", b"1"),
    ] {
        let stack = one(archive);
        assert_eq!(stack.text("d/x"), "1");
        assert!(stack.is_opaque("d"));
    }
    for archive in [
        new().whiteout(".wh.f").file("f", b"1"),
        new().file("f", b"1").whiteout(".wh.f"),
    ] {
        assert_eq!(one(archive).text("f"), "1");
    }
}

#[test]
fn directories_that_an_archive_lacks_are_as_below() {
    let mut tmp = header(b'5', b"tmp");
    tmp.set_mode(0o1777);
    tmp.set_uid(7);
    let lower = new().pax(&[("SCHILY.xattr.user.d", b"1")]).add(tmp, &[]).end();
    let stack = Stack::of(&[lower, new().file("tmp/x", b"").file("new/y", b"").end()]);
    let meta = stack.meta("tmp");
    assert_eq!(
        (meta.mode() & 0o7777, meta.uid(), meta.mtime()),
        (0o1777, 7, 1_000_000)
    );
    assert!(xattrs(&stack.top().join("tmp")).contains(&("user.d".into(), b"1".to_vec())));
    assert_eq!(
        (stack.meta("new").mode() & 0o7777, stack.meta("new").uid()),
        (0o755, 0)
    );
}

#[test]
fn directories_hidden_below_lend_nothing() {
    let mut private = header(b'5', b"a/b");
    private.set_mode(0o700);
    let lower = new().dir("a").add(private, &[]).end();
    let hides = new().whiteout(".wh.a").end();
    let stack = Stack::of(&[lower, hides, new().file("a/b/c", b"").end()]);
    assert_eq!(stack.meta("a/b").mode() & 0o7777, 0o755);
}

#[test]
fn an_opaque_root_lends_nothing() {
    let mut private = header(b'5', b"a");
    private.set_mode(0o700);
    let lower = new().add(private, &[]).end();
    let hides = new().whiteout(".wh..wh..opq").end();
    let stack = Stack::of(&[lower, hides, new().file("a/b", b"").end()]);
    assert_eq!(stack.meta("a").mode() & 0o7777, 0o755);
}

#[test]
fn hard_links_to_lower_layers_copy_the_file_up() {
    let mut file = header(b'0', b"d/f");
    file.set_mode(0o4711);
    file.set_uid(9);
    file.set_size(3);
    let lower = new().dir("d").add(file, b"abc").end();
    let stack = Stack::of(&[lower, new().hard_link("g", "d/f").hard_link("h", "g").end()]);
    assert_eq!(stack.text("g"), "abc");
    let (copy, link) = (stack.meta("d/f"), stack.meta("g"));
    assert_eq!(copy.ino(), link.ino(), "both names are one file, as before");
    assert_eq!(copy.ino(), stack.meta("h").ino());
    assert_eq!(
        (copy.mode() & 0o7777, copy.uid(), copy.mtime(), copy.nlink()),
        (0o4711, 9, 1_000_000, 3)
    );
}

#[test]
fn sparse_files_of_every_kind_have_their_content() {
    let mut expected = vec![0; 3_000_000];
    expected[1_000_000..1_000_005].copy_from_slice(b"hello");
    expected[2_999_999] = b'!';
    let map: &[u8] = b"1000000,5,2999999,1,3000000,0";
    let v01 = new()
        .pax(&[
            ("GNU.sparse.map", map),
            ("GNU.sparse.size", b"3000000"),
            ("GNU.sparse.name", b"f"),
        ])
        .file("GNUSparseFile.0/f", b"hello!");
    let mut data = b"2\n1000000\n5\n2999999\n1\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"hello!");
    let v10 = new()
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"f"),
            ("GNU.sparse.realsize", b"3000000"),
        ])
        .file("GNUSparseFile.0/f", &data);
    let mut old = header(b'S', b"f");
    old.set_size(6);
    let bytes = old.as_mut_bytes();
    bytes[386..398].copy_from_slice(b"00003641100\0");
    bytes[398..410].copy_from_slice(b"00000000005\0");
    bytes[410..422].copy_from_slice(b"00013343277\0");
    bytes[422..434].copy_from_slice(b"00000000001\0");
    bytes[483..495].copy_from_slice(b"00013343300\0");
    for (name, archive) in [("0.1", v01), ("1.0", v10), ("old", new().add(old, b"hello!"))] {
        let stack = one(archive.file("after", b"ok"));
        assert_eq!(fs::read(stack.top().join("f")).unwrap(), expected, "{name}");
        assert_eq!(stack.text("after"), "ok", "{name}: the next entry is found");
        assert!(stack.meta("f").blocks() < 100, "{name}: holes stay holes");
    }
}

/// The peer that everybody trusts writes, we read: the same tree comes out.
#[test]
fn gnu_tar_archives_come_out_as_they_went_in() {
    let source = tempfile::tempdir().unwrap();
    let script = "umask 022; mkdir -p a/b && echo x >a/b/f && ln a/b/f a/hard && ln -s b/f a/soft && \
                  chmod 4755 a/b/f && mkfifo a/pipe && mknod a/dev c 1 5 && truncate -s 2M a/sparse && \
                  printf end | dd of=a/sparse bs=1 seek=1000000 conv=notrunc status=none && \
                  touch -d '2001-02-03 04:05:06.123456789' a/b/f && \
                  mkdir -p \"$(printf 'long%.0s' $(seq 60))\" && chown 70000:80000 a/hard";
    let shell = |script: &str| {
        let output = std::process::Command::new("sh")
            .args(["-ec", script])
            .current_dir(source.path())
            .output();
        let output = output.unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    shell(script);
    for options in [
        "--format=gnu -S",
        "--format=pax -S",
        "--format=pax -S --sparse-version=0.0",
        "--format=pax",
    ] {
        let archive = shell(&format!("tar -c {options} ."));
        let stack = Stack::of(&[archive]);
        let listing = "find . -mindepth 1 ! -type d -printf '%p %y %m %U %G %s %T@ %l %n\\n' -o -type d -mindepth 1 \
                       -printf '%p %y %m %U %G\\n' | sort; find . -type f -exec sha256sum {} + | sort";
        // GNU's own format has whole seconds only.
        let comparable = |listing: Vec<u8>| {
            let text = String::from_utf8(listing).unwrap();
            if options.contains("gnu") {
                text.lines().map(drop_fractions).collect()
            } else {
                text
            }
        };
        let here = shell(&format!("cd '{}'; {listing}", stack.top().display()));
        assert_eq!(comparable(here), comparable(shell(listing)), "{options}");
    }
}

/// A line of the listing without the fractions of seconds.
fn drop_fractions(line: &str) -> String {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = |word: &str| match word.split_once('.') {
        Some((seconds, fraction)) if is_number(seconds) && is_number(fraction) => seconds.to_owned(),
        _ => word.to_owned(),
    };
    line.split(' ').map(whole).collect::<Vec<_>>().join(" ") + "\n"
}

#[test]
fn a_symlink_that_was_replaced_leads_nowhere_any_more() {
    let archive = Archive::new()
        .dir("old")
        .dir("new")
        .symlink("way", "old")
        .file("way/first", b"1")
        .symlink("way", "new")
        .file("way/second", b"2")
        .dir("way")
        .file("way/third", b"3");
    let stack = Stack::of(&[archive.end()]);
    assert_eq!(stack.text("old/first"), "1");
    assert_eq!(stack.text("new/second"), "2");
    assert!(stack.meta("way").is_dir());
    assert_eq!(stack.text("way/third"), "3");
}

/// umoci 0.4 writes such archives; Go's reader takes them.
#[test]
fn an_archive_may_end_with_the_last_byte_of_its_last_file() {
    let stack = Stack::of(&[Archive::new().file("a", b"hello").cut(512 + 5)]);
    assert_eq!(stack.text("a"), "hello");
}
