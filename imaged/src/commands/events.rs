//! `corten events`.

use std::fmt::Write;
use std::process::ExitCode;

use serde_json::Value;

use crate::engine::{Containers, ends};
use crate::error::{Error, Kind, Result};
use crate::events::Reader;
use crate::format::Template;
use crate::format::filter::Filters;
use crate::format::timestamp::Timestamp;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

const FILTERS: [&str; 6] = ["container", "event", "image", "label", "type", "scope"];

/// Show what happens to containers and images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show only those that match: container, event, image, label, type, scope
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// `json` or a Go template; in JSON `seq` numbers the events of the journal
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Begin with what happened then (RFC 3339, seconds, or a duration such as 10m), not now
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// End then, not never
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Runs the verb: until it is told to stop, or `--until`.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let filters = Filters::parse(&args.filter, &FILTERS)?;
    let template = match args.format.as_deref() {
        None => None,
        Some("json") => Some(Template::parse("{{json .}}")?),
        Some(template) => Some(Template::parse(template)?),
    };
    let now = Timestamp::now();
    let since = time("since", args.since.as_deref(), now)?;
    let until = time("until", args.until.as_deref(), now)?;
    // Makes the root, where there is none yet.
    Store::open(&settings.root)?;
    tell_missed_ends(settings)?;
    let mut reader = Reader::open(&settings.root)?;
    if since.is_none() {
        while reader.next()?.is_some() {}
    }
    loop {
        let left = until.map(|until| until.since(Timestamp::now()));
        let mut text = String::new();
        while let Some((number, event)) = reader.next()? {
            let at = happened(&event);
            let wanted = since.is_none_or(|since| at >= since) && until.is_none_or(|until| at <= until);
            if wanted && matches(&filters, &event) {
                show(&mut text, number, event, template.as_ref())?;
            }
            if text.len() > 64 << 10 {
                output::print(&std::mem::take(&mut text))?;
            }
        }
        output::print(&text)?;
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(ExitCode::SUCCESS);
        }
        reader.wait(left)?;
    }
}

/// What shims could not tell any more is told before somebody looks.
fn tell_missed_ends(settings: &Settings) -> Result<()> {
    let containers = Containers::new(settings);
    for record in containers.all()? {
        ends::tell_missed(&containers, &record);
    }
    Ok(())
}

fn time(name: &str, text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let time = Timestamp::parse_loose(text, now);
    time.map(Some).ok_or_else(|| {
        let why =
            format!("invalid value for \"{name}\": failed to parse value as time or duration: \"{text}\"");
        Error::new(Kind::Usage, why)
    })
}

fn happened(event: &Value) -> Timestamp {
    const SECOND: u64 = 1_000_000_000;
    let nanos = event["timeNano"].as_u64().unwrap_or(0);
    Timestamp {
        seconds: nanos / SECOND,
        nanos: u32::try_from(nanos % SECOND).unwrap_or(0),
    }
}

fn matches(filters: &Filters, event: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, action) = (text(&event["Type"]), text(&event["Action"]));
    let (id, attributes) = (text(&event["Actor"]["ID"]), &event["Actor"]["Attributes"]);
    let labels = attributes.as_object().into_iter().flatten();
    let labels = labels.map(|(name, value)| (name.clone(), text(value))).collect();
    filters.any("type", |wanted| kind == wanted)
        && filters.any("scope", |wanted| event["scope"] == wanted)
        // `health_status` and `exec_start` stand for all of their kind.
        && filters.any("event", |wanted| {
            action == wanted || action.split_once(':').is_some_and(|(action, _)| action == wanted)
        })
        && filters.any("container", |wanted| {
            kind == "container" && (id.starts_with(wanted) || attributes["name"] == wanted)
        })
        && filters.any("image", |wanted| {
            let name = match kind.as_str() {
                "image" => &attributes["name"],
                _ => &attributes["image"],
            };
            let name = name.as_str().unwrap_or_default();
            let same = |name: &str| name == wanted || name.split_once(':').is_some_and(|(name, _)| name == wanted);
            same(name) || kind == "image" && same(&id)
        })
        && filters.labels(&labels)
}

fn show(text: &mut String, number: u64, mut event: Value, template: Option<&Template>) -> Result<()> {
    if let Some(template) = template {
        event["seq"] = number.into();
        text.push_str(&template.render(&event)?);
        text.push('\n');
        return Ok(());
    }
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attributes = event["Actor"]["Attributes"].as_object().into_iter().flatten();
    let attributes: Vec<String> = attributes
        .map(|(name, value)| format!("{name}={}", word(value)))
        .collect();
    let line = format!(
        "{} {} {} {} ({})",
        happened(&event),
        word(&event["Type"]),
        word(&event["Action"]),
        word(&event["Actor"]["ID"]),
        attributes.join(", ")
    );
    // Labels are an image's: nothing in them steers the terminal or ends the line.
    let _ = writeln!(text, "{}", output::harmless_path(line.as_bytes()));
    Ok(())
}
