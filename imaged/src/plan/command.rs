//! The container's own configuration: the image's, changed by what the user asked for.

use std::collections::BTreeMap;

use super::health;
use crate::error::{Error, Kind, Result};
use crate::oci::Config;

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the user asked for that replaces or adds to the image's configuration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// The words behind the image's name.
    pub(crate) args: Vec<String>,
    /// `--entrypoint`; an empty text takes the image's away.
    pub(crate) entrypoint: Option<String>,
    /// `NAME=value`, or `NAME` alone to take one away.
    pub(crate) env: Vec<String>,
    pub(crate) working_dir: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    /// `80/tcp`.
    pub(crate) exposed_ports: Vec<String>,
    pub(crate) stop_signal: Option<String>,
    pub(crate) stop_timeout: Option<u64>,
    pub(crate) health: health::Wanted,
}

/// The configuration of a container of an image.
///
/// # Errors
/// When there is no command, or the working directory is relative.
pub(crate) fn merge(image: &Config, overrides: Overrides) -> Result<Config> {
    let mut config = image.clone();
    if let Some(entrypoint) = overrides.entrypoint {
        // Docker drops the image's CMD too: it was made for the image's entrypoint.
        config.entrypoint = if entrypoint.is_empty() {
            Vec::new()
        } else {
            vec![entrypoint]
        };
        config.cmd = Vec::new();
    }
    if !overrides.args.is_empty() {
        config.cmd = overrides.args;
    }
    if config.entrypoint.is_empty() && config.cmd.is_empty() {
        return Err(Error::new(Kind::NotStarted, "no command specified")
            .hint("the image names no command: give one behind the image's name"));
    }
    config.env = environment(&config.env, &overrides.env);
    config.user = overrides.user.unwrap_or(config.user);
    config.working_dir = working_dir(overrides.working_dir, config.working_dir)?;
    config.labels.extend(overrides.labels);
    for port in overrides.exposed_ports {
        if !config.exposed_ports.contains(&port) {
            config.exposed_ports.push(port);
        }
    }
    config.stop_signal = overrides.stop_signal.or(config.stop_signal);
    config.healthcheck = health::merge(config.healthcheck, &overrides.health)?;
    config.stop_timeout = overrides.stop_timeout.or(config.stop_timeout);
    Ok(config)
}

/// The words that are executed.
pub(crate) fn argv(config: &Config) -> Vec<String> {
    config.entrypoint.iter().chain(&config.cmd).cloned().collect()
}

fn working_dir(asked: Option<String>, image: String) -> Result<String> {
    match asked {
        Some(asked) if !asked.starts_with('/') => Err(Error::new(
            Kind::NotStarted,
            format!("the working directory '{asked}' is invalid, it needs to be an absolute path"),
        )),
        Some(asked) => Ok(asked),
        None if image.is_empty() || image.starts_with('/') => Ok(image),
        // An image may say `app` and mean `/app`.
        None => Ok(format!("/{image}")),
    }
}

/// The image's variables with the user's on top, in the order they first appear; PATH is always there.
pub(super) fn environment(image: &[String], asked: &[String]) -> Vec<String> {
    let mut env: Vec<String> = Vec::with_capacity(image.len() + asked.len() + 1);
    let has_path = |env: &[String]| env.iter().any(|entry| entry.starts_with("PATH="));
    for entry in image.iter().chain(asked) {
        let (name, value) = match entry.split_once('=') {
            Some((name, _)) => (name, Some(entry)),
            None => (entry.as_str(), None),
        };
        let known = env
            .iter()
            .position(|known| known.split_once('=').is_some_and(|(known, _)| known == name));
        match (known, value) {
            (Some(at), Some(entry)) => env[at].clone_from(entry),
            (Some(at), None) => drop(env.remove(at)),
            (None, Some(entry)) if !name.is_empty() => env.push(entry.clone()),
            (None, _) => {}
        }
    }
    if !has_path(&env) {
        env.insert(0, PATH.to_owned());
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn image() -> Config {
        Config {
            entrypoint: owned(&["/entry"]),
            cmd: owned(&["serve"]),
            env: owned(&["PATH=/bin", "A=1"]),
            working_dir: "app".to_owned(),
            ..Config::default()
        }
    }

    #[test]
    fn the_images_command_stands_unless_replaced() {
        let run = |args: &[&str], entrypoint: Option<&str>| {
            let overrides = Overrides {
                args: owned(args),
                entrypoint: entrypoint.map(str::to_owned),
                ..Overrides::default()
            };
            merge(&image(), overrides).map(|config| argv(&config))
        };
        assert_eq!(run(&[], None).unwrap(), ["/entry", "serve"]);
        assert_eq!(run(&["x"], None).unwrap(), ["/entry", "x"]);
        assert_eq!(run(&["x"], Some("/other")).unwrap(), ["/other", "x"]);
        assert_eq!(run(&[], Some("/other")).unwrap(), ["/other"]);
        assert_eq!(run(&["sh"], Some("")).unwrap(), ["sh"]);
        assert_eq!(
            run(&[], Some("")).unwrap_err().to_string(),
            "no command specified"
        );
    }

    #[test]
    fn variables_are_added_replaced_and_taken_away() {
        let overrides = Overrides {
            env: owned(&["A=2", "B=x=y", "NEW="]),
            ..Overrides::default()
        };
        assert_eq!(
            merge(&image(), overrides).unwrap().env,
            ["PATH=/bin", "A=2", "B=x=y", "NEW="]
        );
        let overrides = Overrides {
            env: owned(&["A"]),
            ..Overrides::default()
        };
        assert_eq!(merge(&image(), overrides).unwrap().env, ["PATH=/bin"]);
        assert_eq!(environment(&[], &[]), [PATH]);
    }

    #[test]
    fn working_directories() {
        assert_eq!(merge(&image(), Overrides::default()).unwrap().working_dir, "/app");
        let relative = Overrides {
            working_dir: Some("x".to_owned()),
            ..Overrides::default()
        };
        assert!(
            merge(&image(), relative)
                .unwrap_err()
                .to_string()
                .contains("absolute path")
        );
    }
}
