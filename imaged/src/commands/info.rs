//! `corten info`, also `corten system info`.

use std::fs;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::engine::status::Status;
use crate::engine::{Containers, has_cgroup2_alone, machine_memory, programs, storage};
use crate::error::Result;
use crate::format::timestamp::Timestamp;
use crate::format::{Template, human};
use crate::output;
use crate::settings::{Settings, StorageDriver};
use crate::store::Store;

/// What the plain command prints.
const TEXT: &str = "\
Client:
 Version:    {{.ServerVersion}}
 Context:    default

Server:
 Containers: {{.Containers}}
  Running: {{.ContainersRunning}}
  Paused: {{.ContainersPaused}}
  Stopped: {{.ContainersStopped}}
 Images: {{.Images}}
 Server Version: {{.ServerVersion}}
 Storage Driver: {{.Driver}}{{range .DriverStatus}}
  {{index . 0}}: {{index . 1}}{{end}}
 Logging Driver: {{.LoggingDriver}}
 Cgroup Driver: {{.CgroupDriver}}
 Cgroup Version: {{.CgroupVersion}}
 Plugins:
  Volume: local
  Network: host none
  Log: json-file k8s-file none
 Runtimes: {{range $name, $runtime := .Runtimes}}{{$name}} {{end}}
 Default Runtime: {{.DefaultRuntime}}
 Init Binary: {{.InitBinary}}
 Security Options:
  seccomp
   Profile: builtin{{range .SecurityOptions}}{{if eq . \"name=rootless\"}}
  rootless{{end}}{{end}}
 Kernel Version: {{.KernelVersion}}
 Operating System: {{.OperatingSystem}}
 OSType: {{.OSType}}
 Architecture: {{.Architecture}}
 CPUs: {{.NCPU}}
 Total Memory: {{.MemTotalShown}}
 Name: {{.Name}}
 Docker Root Dir: {{.DockerRootDir}}
 Debug Mode: {{.Debug}}{{range .Warnings}}
{{.}}{{end}}
";

/// Show what there is: containers, images, this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A Go template, or `json`
    #[arg(short, long, value_name = "FORMAT")]
    format: Option<String>,
}

/// Docker's words for what protects containers and the machine.
fn security_options() -> Vec<&'static str> {
    let mut options = vec!["name=seccomp,profile=builtin"];
    if crate::sys::userns::is_inside() {
        options.push("name=rootless");
    }
    options
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let facts = facts(settings)?;
    match args.format.as_deref() {
        None => {
            let mut shown = facts;
            shown["MemTotalShown"] =
                human::binary_size(shown["MemTotal"].as_u64().unwrap_or_default()).into();
            output::print(&Template::parse(TEXT)?.render(&shown)?)
        }
        Some("json") => output::line(facts),
        Some(template) => output::line(Template::parse(template)?.render(&facts)?),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn facts(settings: &Settings) -> Result<Value> {
    let (containers, store) = (Containers::new(settings), Store::open(&settings.root)?);
    let mut states = [0; 3];
    for record in containers.all()? {
        states[match Status::of(&containers, &record.id) {
            Status::Running { paused: false, .. } => 0,
            Status::Running { .. } => 1,
            _ => 2,
        }] += 1;
    }
    let [running, paused, stopped] = states;
    let name = nix::sys::utsname::uname().ok();
    let text = |value: Option<&std::ffi::OsStr>| {
        value
            .map(|text| text.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let cgroup2 = has_cgroup2_alone();
    let runtime = programs::find(&settings.runtime).ok();
    let driver = storage::of_store(&store, settings.storage_driver)?.driver;
    let mut facts = json!({
        "ID": machine_id(),
        "Containers": running + paused + stopped,
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": stopped,
        "Images": store.images()?.len(),
        "Driver": driver.name(),
        "DriverStatus": driver_status(driver, &settings.root.to_string_lossy()),
        "DockerRootDir": settings.root,
        "Plugins": {"Volume": ["local"], "Network": ["host", "none"], "Authorization": null,
                    "Log": ["json-file", "k8s-file", "none"]},
        "IPv4Forwarding": file("/proc/sys/net/ipv4/ip_forward") == "1",
        "Debug": false,
        "NFd": 0, "NGoroutines": 0, "NEventsListener": 0,
        "SystemTime": Timestamp::now().to_string(),
        "LoggingDriver": "json-file",
        "CgroupDriver": "cgroupfs",
        "CgroupVersion": if cgroup2 { "2" } else { "1" },
        "KernelVersion": text(name.as_ref().map(|name| name.release())),
        "OperatingSystem": os_release("PRETTY_NAME"),
        "OSVersion": os_release("VERSION_ID"),
        "OSType": "linux",
        "Architecture": text(name.as_ref().map(|name| name.machine())),
        "NCPU": crate::sys::processors()?,
        "MemTotal": machine_memory().unwrap_or_default(),
        "IndexServerAddress": "https://index.docker.io/v1/",
        "HttpProxy": variable("HTTP_PROXY"),
        "HttpsProxy": variable("HTTPS_PROXY"),
        "NoProxy": variable("NO_PROXY"),
        "Name": text(name.as_ref().map(|name| name.nodename())),
        "Labels": [],
        "ExperimentalBuild": false,
        "ServerVersion": env!("CARGO_PKG_VERSION"),
        "Runtimes": {settings.runtime.as_str(): {"path": runtime}},
        "DefaultRuntime": settings.runtime,
        "LiveRestoreEnabled": true,
        "InitBinary": "corten-init",
        "SecurityOptions": security_options(),
        "Warnings": [],
    });
    for (limit, has) in limits(cgroup2) {
        if !has && limit != "OomKillDisable" {
            let warning = format!("WARNING: No {limit} support");
            facts["Warnings"]
                .as_array_mut()
                .into_iter()
                .for_each(|all| all.push(warning.as_str().into()));
        }
        facts[limit] = has.into();
    }
    Ok(facts)
}

/// Docker's names of limits, and whether this machine has them.
fn limits(cgroup2: bool) -> Vec<(&'static str, bool)> {
    let controllers = match cgroup2 {
        true => file("/sys/fs/cgroup/cgroup.controllers"),
        false => file("/proc/cgroups")
            .lines()
            .filter(|line| line.ends_with("\t1"))
            .filter_map(|line| line.split('\t').next())
            .collect::<Vec<_>>()
            .join(" "),
    };
    let has = |name: &str| {
        controllers
            .split_whitespace()
            .any(|controller| controller == name)
    };
    vec![
        ("MemoryLimit", has("memory")),
        ("SwapLimit", has("memory")),
        ("CpuCfsPeriod", has("cpu")),
        ("CpuCfsQuota", has("cpu")),
        ("CPUShares", has("cpu")),
        ("CPUSet", has("cpuset")),
        ("PidsLimit", has("pids")),
        ("OomKillDisable", has("memory") && !cgroup2),
    ]
}

/// What docker says about a driver; no differences are native if everything is copied.
fn driver_status(driver: StorageDriver, root: &str) -> Value {
    let backing = ["Backing Filesystem", &backing(root)];
    match driver {
        StorageDriver::Overlay2 => json!([backing, ["Native Overlay Diff", "true"]]),
        StorageDriver::Vfs => json!([backing]),
    }
}

/// The type of the file system that the store is on.
fn backing(root: &str) -> String {
    let mounts = file("/proc/self/mounts");
    let holds = |point: &str| std::path::Path::new(root).starts_with(point);
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    fields
        .filter(|fields| fields.len() > 2 && holds(fields[1]))
        .max_by_key(|fields| fields[1].len())
        .map_or_else(String::new, |fields| fields[2].to_owned())
}

fn os_release(key: &str) -> String {
    let text = file("/etc/os-release");
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_default().trim_matches('"').to_owned()
}

fn machine_id() -> String {
    file("/etc/machine-id")
}

/// A file's text without the blanks around it; what cannot be read is empty.
fn file(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .or_else(|_| std::env::var(name.to_lowercase()))
        .unwrap_or_default()
}
