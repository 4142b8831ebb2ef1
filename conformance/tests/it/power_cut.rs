//! Power cuts: the store lies on a disk that remembers every write; it is looked at as cuts at random moments leave it.
//! `CORTEN_POWER_CUTS` says how many, `CORTEN_SEED` repeats a run.

use corten_conformance::disk::{self, Disk};
use corten_conformance::engine::{Engine, serve};
use corten_conformance::layout::{Entry, Format, Image, Packing, archive};
use corten_conformance::{Case, skip};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

const CUTS: u64 = 12;

/// xorshift64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn image(name: &str, size: usize) -> Image {
    let mut random = Random(size as u64);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.next().to_le_bytes()[3])
        .take(size)
        .collect();
    let mut entries = vec![Entry::dir("d/")];
    for n in 0..100 {
        entries.push(Entry::file(&format!("d/{n}"), &noise[n..n + 300]));
    }
    let top = archive(&[Entry::file(name, &noise[..])]);
    Image::new(
        Format::Oci,
        Packing::Gzip,
        &[archive(&entries), top],
        json!({"Cmd": ["/x"]}),
    )
}

/// A command that came back: from this moment on what it did must last; until that one nobody touched it.
struct Done {
    words: String,
    /// The images that are there after it, by name.
    images: Vec<String>,
    begun: usize,
    ended: usize,
}

#[test]
fn the_power_cut_at_random_moments() {
    if !Path::new("/dev/fuse").exists() || !Path::new("/dev/loop-control").exists() {
        skip!("this machine has no FUSE or no loop devices");
    }
    let seed = number("CORTEN_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        u64::from(now.map_or(7, |now| now.subsec_nanos())) | 1
    });
    let case = Case::new();
    let (one, other) = (serve(image("one", 700_000)), serve(image("other", 300_000)));
    let store = case.dir("store");
    let disk = Disk::ext4(&case.path("disk"), 48);
    disk.mount(&store);
    let done = work(&case, &disk, &one.image(), &other.image());
    disk::unmount(&store);

    let mut random = Random(seed);
    let last = done.last().map_or(0, |done| done.ended);
    println!("seed {seed}: CORTEN_SEED={seed} repeats it; {last} writes and flushes");
    for cut in 0..number("CORTEN_POWER_CUTS").unwrap_or(CUTS) {
        let moment = random.below(last + 1);
        let what = format!("seed {seed}, cut {cut} at {moment} of {last}");
        let likely = random.next() % 4;
        let content = disk.after_power_cut(moment, || random.next() % 4 <= likely);
        let file = case.file("cut", content);
        disk::mount_loop(&file, &store);
        look(&case, &done, moment, &what);
        // Everything can be had again, and everything can be given back.
        let engine = Engine::new(&case);
        engine.pull(&one.image());
        engine.verb(&["system", "check"]).ok();
        engine.verb(&["image", "prune", "--all", "--force"]).ok();
        for directory in ["layers", "images", "refs", "blobs/sha256", "tmp"] {
            let left: Vec<_> = fs::read_dir(store.join(directory))
                .expect("a directory")
                .flatten()
                .collect();
            assert!(left.is_empty(), "{what}: left in {directory}: {left:?}");
        }
        disk::unmount(&store);
    }
}

/// Changes the store in every way.
fn work(case: &Case, disk: &Disk, one: &str, other: &str) -> Vec<Done> {
    let engine = Engine::new(case);
    let archive = case.path("archive.tar").display().to_string();
    let steps: [(&[&str], &[&str]); 7] = [
        (&["pull", "--quiet", one], &[one]),
        (&["tag", one, "saved:1"], &[one, "saved:1"]),
        (&["save", "--output", &archive, "saved:1"], &[one, "saved:1"]),
        (&["pull", "--quiet", other], &[one, "saved:1", other]),
        (&["rmi", "--force", one, "saved:1"], &[other]),
        (&["load", "--quiet", "--input", &archive], &[other, "saved:1"]),
        (&["image", "prune", "--all", "--force"], &[]),
    ];
    let run = |(words, images): (&[&str], &[&str])| {
        let begun = disk.moment();
        engine.verb(words).ok();
        Done {
            words: words.join(" "),
            images: images.iter().map(|&name| name.to_owned()).collect(),
            begun,
            ended: disk.moment(),
        }
    };
    steps.into_iter().map(run).collect()
}

/// The store opens, everything visible is complete, and what was done before the cut is done.
#[track_caller]
fn look(case: &Case, done: &[Done], moment: usize, what: &str) {
    let engine = Engine::new(case);
    let checked = engine.verb(&["system", "check"]).run();
    assert!(checked.status.success(), "{what}: {checked:?}");
    let listed = engine
        .verb(&["images", "--format", "{{.Repository}}:{{.Tag}}"])
        .ok()
        .out();
    let finished = done.iter().rev().find(|done| done.ended <= moment);
    let running = done
        .iter()
        .find(|done| done.begun <= moment && moment < done.ended);
    let Some(finished) = finished else { return };
    for name in &finished.images {
        let may_go = running.is_some_and(|running| !running.images.contains(name));
        let is_there = listed.lines().any(|line| line == name);
        assert!(
            is_there || may_go,
            "{what}: after \"{}\" {name} is lost: {listed}",
            finished.words
        );
    }
}
