//! The image manager: pull and unpack a real image, against podman and skopeo + umoci, each into a fresh store.

use crate::report::{Row, table};
use corten_conformance::debian::Debian;
use corten_conformance::measure;
use corten_conformance::{Case, programs};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ROUNDS: usize = 3;

pub(crate) fn measure() {
    let case = Case::new();
    let debian = Debian::get();
    for tag in ["oci-gzip", "oci-zstd"] {
        let image = debian.image(tag);
        let mut rows = [Row::new("corten"), Row::new("podman"), Row::new("skopeo + umoci")];
        for round in 0..ROUNDS {
            let store = |name: &str| case.dir(format!("{tag}-{name}-{round}"));
            rows[0].times.push(corten(&store("corten"), &image));
            if programs::peer("podman").is_some() {
                rows[1].times.push(podman(&store("podman"), &image));
            }
            if tag.ends_with("gzip") {
                rows[2].times.push(skopeo_and_umoci(&store("umoci"), &image)); // umoci cannot read zstd
            }
        }
        let rows: Vec<Row> = rows.into_iter().filter(|row| !row.times.is_empty()).collect();
        table(&format!("pull + unpack, {tag}"), &rows);
    }
}

fn corten(store: &Path, image: &str) -> Duration {
    let mut command = Command::new(programs::ours("corten"));
    command
        .arg("--root")
        .arg(store.join("root"))
        .arg("--state-dir")
        .arg(store.join("state"));
    measure::time(command.args(["pull", "--quiet", image]))
}

fn podman(store: &Path, image: &str) -> Duration {
    let mut command = Command::new("podman");
    command
        .arg("--root")
        .arg(store.join("root"))
        .arg("--runroot")
        .arg(store.join("run"));
    command.args(["--storage-driver", "overlay", "--cgroup-manager", "cgroupfs"]);
    measure::time(command.args(["pull", "--quiet", "--tls-verify=false", image]))
}

fn skopeo_and_umoci(store: &Path, image: &str) -> Duration {
    let layout = format!("{}/layout:debian", store.display());
    let mut copy = Command::new("skopeo");
    copy.args(["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false"]);
    let copied = measure::time(copy.arg(format!("docker://{image}")).arg(format!("oci:{layout}")));
    let unpacked = measure::time(
        Command::new("umoci")
            .args(["unpack", "--image", &layout])
            .arg(store.join("bundle")),
    );
    copied + unpacked
}
