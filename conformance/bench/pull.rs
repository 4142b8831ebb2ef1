//! The image manager: pull and unpack a large image, against podman, containerd, skopeo + umoci, and the plain tools, each
//! into a fresh store.

use crate::contest::Contest;
use crate::engines::Engine;
use corten_conformance::large::Large;
use corten_conformance::measure::{self, Cost};
use corten_conformance::{Case, programs};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

pub(crate) fn measure(rounds: usize) {
    let case = Case::new();
    let large = Large::get();
    for tag in ["gzip", "zstd"] {
        let image = large.image(tag);
        let layers = large.layers(tag);
        let mut contest = Contest::default();
        for _ in 0..rounds {
            contest.add("corten", pull(Some(Engine::corten(case.dir("corten"))), &image));
            contest.add("podman", pull(Engine::podman(case.dir("podman")), &image));
            contest.add(
                "containerd",
                pull(Engine::containerd(&case, case.dir("ctr")), &image),
            );
            if tag == "gzip" {
                contest.add("skopeo + umoci", skopeo_and_umoci(&case, &image)); // umoci cannot read zstd
            }
            contest.add("tools", plain_tools(&case, tag, &layers));
        }
        contest.print(&format!(
            "pull + unpack, {tag} (tools: {tag} -dc | tar x, all layers at once)"
        ));
    }
    unpack(&case, &large, rounds);
    disk(&case, &large);
}

fn pull(engine: Option<Engine>, image: &str) -> Option<Cost> {
    engine.map(|engine| engine.transfer("pull", image))
}

/// Takes an OCI layout apart: what corten loads it has also copied, and kept.
fn unpack(case: &Case, large: &Large, rounds: usize) {
    let layout = large.layout();
    let layout = layout.to_str().expect("a path of letters");
    let mut contest = Contest::default();
    for _ in 0..rounds {
        let corten = Engine::corten(case.dir("corten"));
        contest.add(
            "corten load",
            Some(corten.run(&["load", "--quiet", "--input", layout])),
        );
        drop(corten);
        contest.add("umoci unpack", umoci(case, &format!("{layout}:large")));
    }
    contest.print("unpack of an OCI layout, gzip");
}

fn umoci(case: &Case, image: &str) -> Option<Cost> {
    let bundle = case.path("bundle");
    let mut command = Command::new(programs::peer("umoci")?);
    let cost = measure::cost(command.args(["unpack", "--image", image]).arg(&bundle), None);
    remove(&bundle);
    Some(cost)
}

fn skopeo_and_umoci(case: &Case, image: &str) -> Option<Cost> {
    let layout = format!("{}:large", case.path("layout").display());
    let mut copy = Command::new(programs::peer("skopeo")?);
    copy.args(["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false"]);
    copy.arg(format!("docker://{image}")).arg(format!("oci:{layout}"));
    let copied = measure::cost(&copy, None);
    let unpacked = umoci(case, &layout);
    remove(&case.path("layout"));
    unpacked.map(|unpacked| copied.then(unpacked))
}

/// The compressor and tar, one pair for each layer, all at once; neither downloads, nor checks, nor keeps.
fn plain_tools(case: &Case, compressor: &str, layers: &[PathBuf]) -> Option<Cost> {
    let into = case.dir("tools");
    let pipes = layers.iter().enumerate().map(|(index, layer)| {
        let directory = case.dir(format!("tools/{index}"));
        format!(
            "{compressor} -dc < {} | tar x -C {} &",
            layer.display(),
            directory.display()
        )
    });
    let script: String = pipes.collect::<Vec<_>>().join(" ");
    let cost = measure::cost(Command::new("sh").args(["-c", &format!("{script} wait")]), None);
    remove(&into);
    Some(cost)
}

/// How much of the disk a pull takes at most, and what it keeps.
fn disk(case: &Case, large: &Large) {
    let corten = Engine::corten(case.dir("corten"));
    let before = used(&case.path("."));
    let (done, is_done) = channel::<()>();
    let place = case.path(".");
    let sampler = std::thread::spawn(move || {
        let mut peak = 0;
        // The kernel keeps no record of the most.
        while is_done.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout) {
            peak = peak.max(used(&place));
        }
        peak
    });
    corten.transfer("pull", &large.image("gzip"));
    drop(done);
    let peak = sampler.join().unwrap_or(0);
    let kept = used(&case.path(".")) - before;
    let peak = peak.saturating_sub(before).max(kept);
    let ratio = peak * 100 / kept.max(1);
    println!(
        "disk of a pull: {} MB at most, {} MB in the end: {ratio} %\n",
        peak >> 20,
        kept >> 20
    );
}

/// The used bytes of the file system.
fn used(path: &Path) -> u64 {
    let stat = nix::sys::statvfs::statvfs(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (stat.blocks() - stat.blocks_free()) * stat.fragment_size()
}

fn remove(path: &Path) {
    fs::remove_dir_all(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}
