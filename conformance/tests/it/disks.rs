//! Disks that are full, read-only or broken, and stores that belong to somebody else: a clear error, and nothing is lost.

use corten_conformance::disk::{self, Disk};
use corten_conformance::engine::{Engine, serve};
use corten_conformance::fault::Server;
use corten_conformance::layout::{Entry, Format, Image, Packing, archive};
use corten_conformance::{Case, programs, skip};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// An image with one file of so many bytes that do not compress, beside some small ones.
fn image(size: usize) -> Server {
    serve(image_of(size))
}

fn image_of(size: usize) -> Image {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    let large: Vec<u8> = noise.take(size).collect();
    let layer = archive(&[Entry::file("small", "x"), Entry::file("large", large)]);
    Image::new(Format::Oci, Packing::Gzip, &[layer], json!({"Cmd": ["/x"]}))
}

/// A tmpfs for the store, gone with this value.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn new(case: &Case, options: &str) -> Self {
        let at = case.dir("store");
        mount(Some("tmp"), &at, Some("tmpfs"), MsFlags::empty(), Some(options)).expect("a tmpfs");
        Self(at)
    }

    fn remount(&self, flags: MsFlags, options: &str) {
        let flags = MsFlags::MS_REMOUNT | flags;
        mount(None::<&Path>, &self.0, None::<&Path>, flags, Some(options)).expect("a remount");
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}

/// The store is sound, has the first image and not the second, and nothing half-made takes space.
#[track_caller]
fn assert_only(engine: &Engine<'_>, case: &Case, there: &str) {
    engine.verb(&["system", "check"]).ok();
    let listed = engine
        .verb(&["images", "--format", "{{.Repository}}:{{.Tag}}"])
        .ok()
        .out();
    assert_eq!(listed.lines().collect::<Vec<_>>(), [there]);
    let left = fs::read_dir(case.path("store/tmp")).expect("a directory").count();
    assert_eq!(left, 0, "left in tmp");
}

#[test]
fn a_full_disk() {
    let case = Case::new();
    let (small, large) = (image(200_000), image(3_000_000));
    let tmpfs = Tmpfs::new(&case, "size=4m");
    let engine = Engine::new(&case);
    engine.pull(&small.image());
    let archive = case.path("archive.tar").display().to_string();
    engine.verb(&["save", "--output", &archive, &small.image()]).ok();
    for words in [
        &["pull", "--quiet", &large.image()][..],
        &["run", &large.image(), "x"],
    ] {
        engine
            .verb(words)
            .fails()
            .says("no space left")
            .says("corten system df");
        assert_only(&engine, &case, &small.image());
    }
    // Not even an inode is left: what is there can be looked at, and removed.
    let stat = nix::sys::statvfs::statvfs(&tmpfs.0).expect("statvfs");
    let used = stat.files() - stat.files_free();
    tmpfs.remount(MsFlags::empty(), &format!("size=4m,nr_inodes={used}"));
    engine
        .verb(&["tag", &small.image(), "other"])
        .fails()
        .says("no space left");
    engine.verb(&["images"]).ok();
    tmpfs.remount(MsFlags::empty(), "size=4m,nr_inodes=10000");
    let rest = fs::File::create(case.path("store/lost+found")).expect("a file");
    let filled = rest
        .set_len(1 << 30)
        .and_then(|()| std::io::copy(&mut std::io::repeat(1), &mut &rest));
    assert!(filled.is_err(), "the disk should be full");
    engine
        .verb(&["load", "--input", &archive])
        .fails()
        .says("no space left");
    engine.verb(&["rmi", &small.image()]).ok();
    drop(rest);
    fs::remove_file(case.path("store/lost+found")).expect("the file");
    engine.verb(&["load", "--quiet", "--input", &archive]).ok();
    assert_only(&engine, &case, &small.image());
    tmpfs.remount(MsFlags::empty(), "size=40m");
    engine.pull(&large.image());
    engine.verb(&["system", "check"]).ok();
}

/// The calls fail as they do with a quota: few kernels of test machines have those.
#[test]
fn a_quota_that_is_used_up() {
    if programs::peer("strace").is_none() {
        skip!("strace is not installed");
    }
    let case = Case::new();
    let content = image_of(3_000_000);
    let part = content.layer(0).replace("sha256:", "partial-");
    let part = case.path("store/tmp").join(part).display().to_string();
    let (small, large) = (image(1000), serve(content));
    let engine = Engine::new(&case);
    let archive = case.path("archive.tar").display().to_string();
    engine.pull(&large.image());
    engine.verb(&["save", "--output", &archive, &large.image()]).ok();
    engine.verb(&["rmi", &large.image()]).ok();
    engine.pull(&small.image());
    let (pull, load) = (["pull", "--quiet", &large.image()], ["load", "--input", &archive]);
    let import = ["import", &archive, "made"];
    let directories = "inject=linkat,mkdir,mkdirat:error=EDQUOT";
    // The third write of a thread: into the blob, or into what is taken out of an archive.
    let third = "inject=write:error=EDQUOT:when=3";
    for (words, inject) in [
        (&pull[..], &["-P", &part, "-e", third][..]),
        (&pull, &["-e", directories]),
        (&load, &["-e", third]),
        (&load, &["-e", directories]),
        (&import, &["-e", third]),
        (&import, &["-e", directories]),
    ] {
        let mut cmd = engine.verb(words);
        let args = cmd.command().get_args().map(ToOwned::to_owned);
        let strace = case
            .cmd("strace")
            .args(["-f", "-qq", "-o", "/dev/null"])
            .args(inject);
        let strace = strace
            .arg(programs::ours("corten"))
            .args(args.collect::<Vec<_>>());
        strace
            .fails()
            .says("quota exceeded")
            .says("a quota of the disk is used up");
        assert_only(&engine, &case, &small.image());
    }
    engine.verb(&["load", "--input", &archive]).ok();
    engine.verb(&["system", "check"]).ok();
}

#[test]
fn a_read_only_disk() {
    let case = Case::new();
    let (one, other) = (image(1000), image(2000));
    let tmpfs = Tmpfs::new(&case, "size=40m");
    let engine = Engine::new(&case);
    engine.pull(&one.image());
    tmpfs.remount(MsFlags::MS_RDONLY, "");
    for words in [
        &["pull", "--quiet", &other.image()][..],
        &["rmi", &one.image()],
        &["tag", &one.image(), "x"],
        &["image", "prune", "--force"],
        &["create", &one.image()],
    ] {
        engine.verb(words).fails().says("read-only file system");
    }
    // Looking is allowed.
    let out = case.path("out.tar").display().to_string();
    for words in [
        &["images"][..],
        &["system", "df"],
        &["system", "check"],
        &["history", &one.image()],
    ] {
        engine.verb(words).ok();
    }
    engine.verb(&["save", "--output", &out, &one.image()]).ok();
    tmpfs.remount(MsFlags::empty(), "");
    engine.pull(&other.image());
    engine.verb(&["system", "check"]).ok();
}

#[test]
fn a_disk_that_breaks() {
    if !Path::new("/dev/fuse").exists() || !Path::new("/dev/loop-control").exists() {
        skip!("this machine has no FUSE or no loop devices");
    }
    let case = Case::new();
    let (one, other) = (image(100_000), image(1_500_000));
    let disk = Disk::ext4(&case.path("disk"), 48);
    disk.mount(&case.dir("store"));
    let engine = Engine::new(&case);
    engine.pull(&one.image());
    disk.set_broken(true);
    engine
        .verb(&["pull", "--quiet", &other.image()])
        .fails()
        .says("syncfs");
    disk.set_broken(false);
    disk::unmount(&case.path("store"));
    disk.repair();
    disk.mount(&case.path("store"));
    let listed = engine
        .verb(&["images", "--format", "{{.Repository}}:{{.Tag}}"])
        .ok()
        .out();
    assert_eq!(listed.trim(), one.image());
    engine.verb(&["system", "check"]).ok();
    engine.pull(&other.image());
    engine.verb(&["system", "check"]).ok();
    disk::unmount(&case.path("store"));
}

#[test]
fn a_store_of_somebody_else() {
    let case = Case::new();
    let one = image(1000);
    let engine = Engine::new(&case);
    engine.pull(&one.image());
    for words in [&["images"][..], &["pull", &one.image()]] {
        let mut nobody = case.cmd("setpriv").args(["--reuid", "65534", "--clear-groups"]);
        let cmd = engine
            .verb(words)
            .command()
            .get_args()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>();
        nobody = nobody.arg(programs::ours("corten")).args(cmd);
        nobody.fails().says("permission denied").says("another --root");
    }
}
