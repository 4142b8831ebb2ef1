//! kill -9 at random moments of everything that changes the store: it opens, nothing half-made is visible, and what is not
//! needed comes back. `CORTEN_CRASHES` says how many (2,000 for the whole), `CORTEN_SEED` repeats a run.

use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use corten_imaged::store::Store;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::fake_registry::FakeRegistry;
use super::pulls::{names_in, reference};
use super::sandbox::Sandbox;
use super::test_image::{TestImage, TestLayer, noise, tar_of};

const CRASHES: u64 = 150;
/// What changes the store, each killed as often as the others.
const VERBS: [&str; 6] = ["pull", "pull-other", "load", "commit", "rmi", "prune"];

/// xorshift64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Two images with a layer in common, and one more for the container.
fn images() -> [TestImage; 3] {
    let large = noise(1 << 20);
    let files: Vec<(String, &[u8])> = (0..200)
        .map(|n| (format!("d{}/f{n}", n % 7), &large[n..n + 500]))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, data)| (path.as_str(), *data)).collect();
    let common = TestLayer::gzip(&tar_of(&files));
    let image = |layer: TestLayer| TestImage::new(vec![common.clone(), layer]);
    [
        image(TestLayer::zstd(&tar_of(&[("large", &large), ("d1/.wh.f1", b"")]))),
        image(TestLayer::gzip(&tar_of(&[("other", b"other")]))),
        TestImage::new(vec![TestLayer::plain(&tar_of(&[("own", b"own")]))]),
    ]
}

/// Runs `corten`, and kills it unless it ends before the time is over; returns how long it took if it ended.
fn killed_after(sandbox: &Sandbox, words: &[&str], time: Duration) -> Option<Duration> {
    let begun = Instant::now();
    let mut command = sandbox.command(words);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // It closes its output when it ends, and not before.
    let left = PollTimeout::try_from(time).unwrap();
    let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    let ended = poll(&mut fds, left).unwrap() == 1;
    if !ended {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let took = begun.elapsed();
    let (mut out, mut err) = (String::new(), String::new());
    stdout.read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let forgiven = words[0] == "rmi" && err.contains("No such image");
    assert!(
        status.success() || status.code().is_none() || forgiven,
        "corten {words:?}: {status}: {out}{err}"
    );
    status.success().then_some(took)
}

/// Everything that is visible is complete and good, and what was there before is there still unless it may have gone.
fn check(sandbox: &Sandbox, when: &str) {
    let store = Store::open(&sandbox.root()).unwrap();
    assert_eq!(store.check().unwrap(), [], "{when}");
    let box_image = sandbox.root().join("containers");
    assert_eq!(
        fs::read_dir(box_image).unwrap().count(),
        1,
        "{when}: the container is gone"
    );
    let users = store.users().unwrap();
    for id in users.keys() {
        store
            .image(id)
            .unwrap_or_else(|error| panic!("{when}: the container's image: {error}"));
    }
}

#[test]
fn killed_at_random_moments_the_store_stays_sound() {
    let seed = number("CORTEN_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos()) | 1
    });
    let crashes = number("CORTEN_CRASHES").unwrap_or(CRASHES);
    println!("seed {seed}: CORTEN_SEED={seed} repeats it");
    let mut random = Random(seed);
    let (registry, sandbox) = (FakeRegistry::start(), Sandbox::new());
    let names: Vec<String> = images()
        .iter()
        .zip(["1", "2", "3"])
        .map(|(image, tag)| {
            image.serve(&registry, tag);
            reference(&registry, &format!(":{tag}")).to_string()
        })
        .collect();
    let archive = sandbox.root().with_file_name("archive.tar");
    let archive = archive.to_str().unwrap();
    sandbox.ok(&["pull", "-q", &names[0]]);
    sandbox.ok(&["tag", &names[0], "loaded:1"]);
    sandbox.ok(&["save", "-o", archive, "loaded:1"]);
    let id = sandbox.ok(&["create", "--name", "box", &names[2]]);
    let upper = sandbox.root().join("containers").join(&id).join("upper");
    fs::write(upper.join("changed"), noise(200_000)).unwrap();

    let mut longest = [Duration::from_millis(20); VERBS.len()];
    let (mut killed, mut completed, mut round) = ([0; VERBS.len()], 0, 0);
    while killed.iter().sum::<u64>() < crashes {
        round += 1;
        let verb = usize::try_from(random.below(VERBS.len() as u64)).unwrap();
        let made = format!("made:{}", random.below(3));
        let removable = [&names[0], &names[1], "loaded:1", &made];
        let removed = removable[usize::try_from(random.below(4)).unwrap()];
        let words: &[&str] = match VERBS[verb] {
            "pull" => &["pull", "-q", &names[0]],
            "pull-other" => &["pull", "-q", &names[1]],
            "load" => &["load", "-q", "-i", archive],
            "commit" => &["commit", "box", &made],
            "rmi" => &["rmi", "-f", removed],
            _ => &["image", "prune", "-af"],
        };
        let micros = u64::try_from(longest[verb].as_micros()).unwrap() * 11 / 10;
        // Now and then to the end: what a killed one left must not be in the way.
        let time = match random.below(8) {
            0 => Duration::from_secs(60),
            _ => Duration::from_micros(random.below(micros)),
        };
        match killed_after(&sandbox, words, time) {
            Some(took) => {
                longest[verb] = longest[verb].mul_f64(0.7) + took.mul_f64(0.3);
                completed += 1;
            }
            None => killed[verb] += 1,
        }
        check(&sandbox, &format!("seed {seed}, round {round}, {words:?}"));
    }
    println!(
        "killed: {:?}, completed: {completed}",
        VERBS.iter().zip(killed).collect::<Vec<_>>()
    );
    sandbox.ok(&["rm", "-f", "box"]);
    sandbox.ok(&["image", "prune", "-af"]);
    let store = Store::open(&sandbox.root()).unwrap();
    for directory in ["tmp", "layers", "images", "refs", "blobs/sha256"] {
        assert_eq!(names_in(&store, directory), [""; 0], "left in {directory}");
    }
}
