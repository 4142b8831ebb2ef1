//! `corten ps`.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::engine::status::Status;
use crate::engine::{Containers, Record, ends, health, inspect};
use crate::error::{Error, Kind, Result};
use crate::format::filter::Filters;
use crate::format::timestamp::Timestamp;
use crate::format::{Listing, human, pattern};
use crate::output;
use crate::plan::flags;
use crate::plan::options::Mount;
use crate::settings::Settings;
use crate::store::Store;

const FILTERS: [&str; 13] = [
    "id", "name", "status", "health", "label", "ancestor", "exited", "before", "since", "volume", "network",
    "publish", "expose",
];
const COLUMNS: &str =
    "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
const HEADERS: [(&str, &str); 14] = [
    ("ID", "CONTAINER ID"),
    ("Image", "IMAGE"),
    ("Command", "COMMAND"),
    ("CreatedAt", "CREATED AT"),
    ("RunningFor", "CREATED"),
    ("Ports", "PORTS"),
    ("State", "STATE"),
    ("Status", "STATUS"),
    ("Size", "SIZE"),
    ("Names", "NAMES"),
    ("Labels", "LABELS"),
    ("LocalVolumes", "LOCAL VOLUMES"),
    ("Mounts", "MOUNTS"),
    ("Networks", "NETWORKS"),
];

/// List containers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show all containers, not only running ones
    #[arg(short, long)]
    all: bool,
    /// Show only those that match: id, name (a pattern), status, health, label, ancestor, exited, before, since, volume,
    /// network, publish, expose
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// `table`, `table TEMPLATE`, `json` or a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show the last so many, whatever their state
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = -1, allow_hyphen_values = true)]
    last: i64,
    /// Show the latest one, whatever its state
    #[arg(short, long)]
    latest: bool,
    /// Show ids, commands and names in full
    #[arg(long)]
    no_trunc: bool,
    /// Show only ids
    #[arg(short, long)]
    quiet: bool,
    /// Show the size of the writable layer
    #[arg(short, long)]
    size: bool,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let filters = Filters::parse(&args.filter, &FILTERS)?;
    let containers = Containers::new(settings);
    let limit = if args.latest {
        Some(1)
    } else {
        usize::try_from(args.last).ok().filter(|last| *last > 0)
    };
    let all = args.all || limit.is_some() || filters.has("status") || filters.has("exited");
    let known = containers.all()?;
    let store = args.size.then(|| Store::open(&settings.root)).transpose()?;
    let mut rows = Vec::new();
    for record in &known {
        let status = Status::of(&containers, &record.id);
        if matches!(status, Status::Exited(_)) {
            ends::tell_missed(&containers, record);
        }
        if (all || status.is_running()) && matches(&filters, &containers, record, &status, &known)? {
            let sizes = match &store {
                Some(store) => inspect::sizes(&containers, store, record).ok(),
                None => None,
            };
            rows.push(row(&containers, record, &status, sizes, args));
        }
        if limit == Some(rows.len()) {
            break;
        }
    }
    if args.quiet && args.format.is_none() {
        let ids = rows
            .iter()
            .map(|row| format!("{}\n", row["ID"].as_str().unwrap_or_default()));
        output::print(&ids.collect::<String>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let columns = if args.size {
        format!("{COLUMNS}\t{{{{.Size}}}}")
    } else {
        COLUMNS.to_owned()
    };
    let listing = Listing {
        default: &columns,
        headers: &HEADERS,
    };
    output::print(&listing.render(args.format.as_deref(), &rows)?)?;
    Ok(ExitCode::SUCCESS)
}

fn matches(
    filters: &Filters,
    containers: &Containers,
    record: &Record,
    status: &Status,
    known: &[Record],
) -> Result<bool> {
    for word in filters.values("status") {
        let words = [
            "created",
            "restarting",
            "running",
            "removing",
            "paused",
            "exited",
            "dead",
        ];
        if !words.contains(&word.as_str()) {
            return Err(Error::new(Kind::Usage, format!("invalid filter 'status={word}'"))
                .hint(format!("the states are {}", words.join(", "))));
        }
    }
    for word in filters.values("health") {
        let words = ["starting", "healthy", "unhealthy", "none"];
        if !words.contains(&word.as_str()) {
            return Err(Error::new(Kind::Usage, format!("invalid filter 'health={word}'"))
                .hint(format!("the states are {}", words.join(", "))));
        }
    }
    let code = match status {
        Status::Exited(exit) => Some(exit.exit_code.to_string()),
        _ => None,
    };
    let image = |wanted: &str| {
        let id = record.image.strip_prefix("sha256:").unwrap_or(&record.image);
        let wanted_id = wanted.strip_prefix("sha256:").unwrap_or(wanted);
        record.image_name == wanted
            || record.image_name.strip_suffix(":latest") == Some(wanted)
            || wanted.strip_suffix(":latest") == Some(record.image_name.as_str())
            || record
                .image_name
                .split_once(':')
                .is_some_and(|(name, _)| name == wanted)
            || (wanted_id.len() >= 4 && id.starts_with(wanted_id))
    };
    let created = |wanted: &str| {
        known
            .iter()
            .find(|other| other.name == wanted || other.id.starts_with(wanted))
            .map(|other| other.created.clone())
    };
    Ok(filters.any("id", |wanted| record.id.starts_with(wanted))
        && filters.any("name", |wanted| {
            // Docker's names begin with a slash.
            pattern::fits(wanted, &record.name) || pattern::fits(wanted, &format!("/{}", record.name))
        })
        && filters.any("status", |wanted| status.word() == wanted)
        && filters.any("health", |wanted| {
            health::word(containers, record, status) == wanted
        })
        && filters.any("exited", |wanted| code.as_deref() == Some(wanted))
        && filters.any("ancestor", image)
        && filters.labels(&record.config.labels)
        && filters.any("volume", |wanted| has_volume(record, wanted))
        && filters.any("network", |wanted| record.options.network.name() == wanted)
        && filters.any("expose", |wanted| exposes(record, wanted))
        // No port is published yet.
        && !filters.has("publish")
        && filters.all("before", |wanted| {
            created(wanted).is_some_and(|time| record.created < time)
        })
        && filters.all("since", |wanted| {
            created(wanted).is_some_and(|time| record.created > time)
        }))
}

/// Whether something is mounted at this path, or from there.
fn has_volume(record: &Record, wanted: &str) -> bool {
    record.options.mounts.iter().any(|mount| match mount {
        Mount::Bind { source, target, .. } => source == wanted || target == wanted,
        other => other.target() == wanted,
    })
}

/// Whether a port, or one of a range, is exposed: `80`, `80/udp`, `8000-8010/tcp`.
fn exposes(record: &Record, wanted: &str) -> bool {
    let ports = flags::exposed(wanted).unwrap_or_default();
    ports
        .iter()
        .any(|port| record.config.exposed_ports.contains(port))
}

fn row(
    containers: &Containers,
    record: &Record,
    status: &Status,
    sizes: Option<(u64, u64)>,
    args: &Args,
) -> Value {
    let now = Timestamp::now();
    let created = Timestamp::parse(&record.created).unwrap_or(now);
    let command = crate::plan::command::argv(&record.config).join(" ");
    let mounts: Vec<&str> = record.options.mounts.iter().map(Mount::target).collect();
    let volumes = record
        .options
        .mounts
        .iter()
        .filter(|mount| matches!(mount, Mount::Volume { .. }))
        .count();
    let labels: Vec<String> = record
        .config
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let size = sizes.map_or_else(
        || "0B".to_owned(),
        |(written, whole)| format!("{} (virtual {})", human::size(written), human::size(whole)),
    );
    json!({
        "ID": if args.no_trunc { record.id.as_str() } else { &record.id[..12] },
        "Image": record.image_name,
        // Quoted as docker does it: an image's command must not steer the terminal.
        "Command": format!("{:?}", if args.no_trunc { command } else { human::shorten(&command, 20) }),
        "CreatedAt": created.as_go(),
        "RunningFor": human::ago(created.seconds, now.seconds),
        "State": status.word(),
        "Status": describe(status, &health::word(containers, record, status), now),
        "Ports": "",
        "Size": size,
        "Names": record.name,
        "Labels": labels.join(","),
        "LocalVolumes": volumes.to_string(),
        "Mounts": mounts.join(","),
        "Networks": record.options.network.name(),
    })
}

/// Docker's sentence about how a container stands.
fn describe(status: &Status, health: &str, now: Timestamp) -> String {
    let since = |time: &str| {
        human::duration(
            now.seconds
                .saturating_sub(Timestamp::parse(time).unwrap_or(now).seconds),
        )
    };
    match status {
        Status::Created { .. } => "Created".to_owned(),
        Status::Running {
            started_at,
            orphaned,
            paused,
            unresponsive,
            ..
        } => {
            // As docker has it: of one that is paused only that is said.
            let health = match health {
                "none" => "",
                _ if *paused => "",
                "starting" => " (health: starting)",
                "healthy" => " (healthy)",
                _ => " (unhealthy)",
            };
            let unresponsive = if *unresponsive {
                " (shim not responding)"
            } else {
                ""
            };
            let paused = if *paused { " (Paused)" } else { "" };
            let orphaned = if *orphaned { " (shim lost)" } else { "" };
            format!("Up {}{health}{paused}{orphaned}{unresponsive}", since(started_at))
        }
        Status::Exited(exit) | Status::Restarting(exit) => {
            let ago = exit
                .finished_at
                .as_deref()
                .map_or_else(|| "some time".to_owned(), since);
            let word = match status {
                Status::Restarting(_) => "Restarting",
                _ => "Exited",
            };
            format!("{word} ({}) {ago} ago", exit.exit_code)
        }
        Status::Lost { .. } => "Exited (unknown)".to_owned(),
    }
}
