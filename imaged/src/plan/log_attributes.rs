//! What each record of a container's log carries besides the text: `--log-opt tag`, `labels`, `env` and their patterns,
//! as docker has them.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Value, json};

use super::command;
use super::options::{Log, LogDriver};
use crate::error::{Error, Kind, Result};
use crate::format::Template;
use crate::oci::Config;

/// The fields of systemd's journal that say whose record it is, and what it says: no label may stand in their place.
const JOURNAL_FIELDS: [&str; 11] = [
    "CONTAINER_ID",
    "CONTAINER_ID_FULL",
    "CONTAINER_NAME",
    "CONTAINER_PARTIAL_MESSAGE",
    "CONTAINER_TAG",
    "IMAGE_NAME",
    "MESSAGE",
    "MESSAGE_ID",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "SYSLOG_TIMESTAMP",
];
/// So long are docker's short ids.
const SHORT: usize = 12;

/// The container, as its log may speak of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) created: &'a str,
    pub(crate) image: &'a str,
    pub(crate) image_name: &'a str,
    /// The machine's name.
    pub(crate) host: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) log: &'a Log,
}

/// What each record carries, by name; nothing if the options ask for nothing.
///
/// # Errors
/// When the tag or a pattern cannot be made sense of.
pub(crate) fn attributes(about: &About<'_>) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    if !matches!(about.log.driver, LogDriver::JsonFile | LogDriver::Journald) {
        return Ok(found);
    }
    let env = about.config.env.iter();
    let env: BTreeMap<&str, &str> = env.filter_map(|variable| variable.split_once('=')).collect();
    let labels = about.config.labels.iter();
    let labels = labels
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    choose(&mut found, about.log, "labels", "labels-regex", &labels)?;
    choose(&mut found, about.log, "env", "env-regex", &env)?;
    if about.log.driver == LogDriver::Journald {
        let fields = found.into_iter();
        let fields = fields.map(|(name, value)| (journal_name(&name), value));
        return Ok(fields.filter(|(name, _)| is_free(name)).collect());
    }
    if let Some(tag) = tag(about)? {
        found.insert("tag".to_owned(), tag);
    }
    Ok(found)
}

/// The tag that was asked for.
///
/// # Errors
/// When the template names what does not exist.
pub(crate) fn tag(about: &About<'_>) -> Result<Option<String>> {
    let Some(template) = about.log.typed.get("tag").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let tag = Template::parse(template)?.render(&view(about));
    tag.map(|tag| Some(tag).filter(|tag| !tag.is_empty()))
}

/// The pattern of the option `name`.
///
/// # Errors
/// When it is none.
pub(crate) fn pattern(name: &str, text: &str) -> Result<Regex> {
    Regex::new(text).map_err(|error| Error::new(Kind::Usage, format!("the log option {name}: {error}")))
}

/// Takes those that one option names, with commas, or whose names the pattern of the other one matches.
fn choose(
    found: &mut BTreeMap<String, String>,
    log: &Log,
    names: &str,
    names_pattern: &str,
    all: &BTreeMap<&str, &str>,
) -> Result<()> {
    let names: Vec<&str> = log
        .typed
        .get(names)
        .map_or(Vec::new(), |names| names.split(',').collect());
    let wanted = log.typed.get(names_pattern).filter(|text| !text.is_empty());
    let wanted = wanted.map(|text| pattern(names_pattern, text)).transpose()?;
    for (name, value) in all {
        if names.contains(name) || wanted.as_ref().is_some_and(|pattern| pattern.is_match(name)) {
            found.insert((*name).to_owned(), (*value).to_owned());
        }
    }
    Ok(())
}

/// What a template of a tag sees: the fields and methods of docker's `logger.Info`.
fn view(about: &About<'_>) -> Value {
    let short = |text: &str| text.chars().take(SHORT).collect::<String>();
    let argv = command::argv(about.config);
    let (program, args) = argv
        .split_first()
        .map_or(("", [].as_slice()), |(program, args)| (program.as_str(), args));
    json!({
        "ID": short(about.id), "FullID": about.id, "ContainerID": about.id,
        "Name": about.name, "ContainerName": format!("/{}", about.name),
        "ImageID": short(about.image), "ImageFullID": about.image, "ContainerImageID": about.image,
        "ImageName": about.image_name, "ContainerImageName": about.image_name,
        "Command": argv.join(" "), "ContainerEntrypoint": program, "ContainerArgs": args,
        "ContainerCreated": about.created, "ContainerEnv": about.config.env, "ContainerLabels": about.config.labels,
        "Config": about.log.typed, "Hostname": about.host, "DaemonName": "corten",
    })
}

/// A name as a field of the journal can have it: capitals, digits and `_`, which is never the first.
fn journal_name(name: &str) -> String {
    let field = |c: char| match c.to_ascii_uppercase() {
        c if c.is_ascii_uppercase() || c.is_ascii_digit() => c,
        _ => '_',
    };
    let name: String = name.chars().map(field).collect();
    name.trim_start_matches('_').to_owned()
}

fn is_free(name: &str) -> bool {
    let begins_well = name.starts_with(|first: char| first.is_ascii_uppercase());
    begins_well && !JOURNAL_FIELDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config {
            env: ["PATH=/bin", "TEAM=blue", "TEAM_ID=7", "EMPTY="]
                .map(str::to_owned)
                .into(),
            labels: [("a.b", "1"), ("message", "lies"), ("1x", "no"), ("_.c", "2")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            cmd: ["sh", "-c", "true"].map(str::to_owned).into(),
            ..Config::default()
        }
    }

    fn with<T>(driver: LogDriver, typed: &[(&str, &str)], ask: impl Fn(&About<'_>) -> T) -> T {
        let typed = typed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let log = Log {
            driver,
            typed: typed.collect(),
            ..Log::default()
        };
        ask(&About {
            id: "0123456789abcdef",
            name: "box",
            created: "2026-01-02T03:04:05Z",
            image: "sha256:0011223344",
            image_name: "alpine",
            host: "here",
            config: &config(),
            log: &log,
        })
    }

    fn found(driver: LogDriver, typed: &[(&str, &str)]) -> String {
        let found = with(driver, typed, attributes).unwrap();
        let words: Vec<String> = found
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        words.join(" ")
    }

    #[test]
    fn labels_and_variables_are_chosen_by_name_and_pattern() {
        for (typed, expected) in [
            (&[][..], ""),
            (
                &[("labels", "a.b,none"), ("env", "EMPTY,TEAM")],
                "EMPTY= TEAM=blue a.b=1",
            ),
            (
                &[("env-regex", "^TEAM"), ("labels-regex", "")],
                "TEAM=blue TEAM_ID=7",
            ),
            (&[("labels-regex", "[.]")], "_.c=2 a.b=1"),
            (
                &[("tag", "{{.ImageName}}/{{.Name}}/{{.ID}}"), ("env", "TEAM")],
                "TEAM=blue tag=alpine/box/0123456789ab",
            ),
            (&[("tag", "")], ""),
        ] {
            assert_eq!(found(LogDriver::JsonFile, typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn fields_of_the_journal_have_its_names_and_do_not_hide_the_others() {
        let typed = [("labels-regex", "."), ("env", "TEAM"), ("tag", "x")];
        assert_eq!(found(LogDriver::Journald, &typed), "A_B=1 C=2 TEAM=blue");
    }

    #[test]
    fn other_drivers_carry_nothing() {
        assert_eq!(found(LogDriver::K8sFile, &[("env", "TEAM")]), "");
    }

    #[test]
    fn tags_see_what_docker_s_see() {
        let tag = |template| with(LogDriver::JsonFile, &[("tag", template)], tag);
        assert_eq!(
            tag("{{.FullID}} {{.ImageID}} {{.Command}} {{.Hostname}} {{index .ContainerLabels \"a.b\"}}")
                .unwrap(),
            Some("0123456789abcdef sha256:00112 sh -c true here 1".to_owned())
        );
        assert!(tag("{{.Nope}}").unwrap_err().to_string().contains("field Nope"));
    }
}
