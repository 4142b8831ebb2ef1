//! `--change` of `commit` and `import`: an instruction of a Dockerfile applied to an image's configuration.

use crate::error::{Error, Kind, Result};
use crate::oci::Config;

/// Applies one instruction.
///
/// # Errors
/// `Usage` for instructions that are not known or not well formed.
pub(crate) fn apply(config: &mut Config, change: &str) -> Result<()> {
    let change = change.trim();
    let (word, rest) = change.split_once(char::is_whitespace).unwrap_or((change, ""));
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(wrong(change, "it needs an argument"));
    }
    match word.to_ascii_uppercase().as_str() {
        "CMD" => config.cmd = command(rest),
        "ENTRYPOINT" => config.entrypoint = command(rest),
        "ENV" => {
            for (name, value) in pairs(change, rest)? {
                let start = format!("{name}=");
                config.env.retain(|known| !known.starts_with(&start));
                config.env.push(start + &value);
            }
        }
        "LABEL" => config.labels.extend(pairs(change, rest)?),
        "EXPOSE" => {
            for port in rest.split_whitespace() {
                let port = if port.contains('/') {
                    port.to_owned()
                } else {
                    format!("{port}/tcp")
                };
                add(&mut config.exposed_ports, port);
            }
        }
        "VOLUME" => {
            for path in list(rest).unwrap_or_else(|| rest.split_whitespace().map(str::to_owned).collect()) {
                add(&mut config.volumes, path);
            }
        }
        "USER" => config.user = rest.to_owned(),
        "WORKDIR" => config.working_dir = working_dir(&config.working_dir, rest),
        "STOPSIGNAL" => {
            super::flags::signal(rest)?;
            config.stop_signal = Some(rest.to_owned());
        }
        "HEALTHCHECK" => {
            config.healthcheck = Some(super::health::instruction(rest).map_err(|why| wrong(change, &why))?);
        }
        "ONBUILD" => config.on_build.push(rest.to_owned()),
        _ => return Err(wrong(change, "this instruction cannot be applied to an image")),
    }
    Ok(())
}

fn wrong(change: &str, why: &str) -> Error {
    Error::new(Kind::Usage, format!("invalid change \"{change}\": {why}")).hint(
        "the instructions are CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and \
         WORKDIR",
    )
}

/// A JSON list of words, or a line for the shell.
fn command(rest: &str) -> Vec<String> {
    list(rest).unwrap_or_else(|| vec!["/bin/sh".into(), "-c".into(), rest.to_owned()])
}

fn list(rest: &str) -> Option<Vec<String>> {
    serde_json::from_str(rest).ok()
}

fn add(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
        names.sort();
    }
}

/// A relative directory is below the one before.
fn working_dir(before: &str, wanted: &str) -> String {
    match wanted.starts_with('/') {
        true => super::clean_path(wanted),
        false => super::clean_path(&format!("{before}/{wanted}")),
    }
}

/// `A=b "C=d e" F="g h"`, or the older form of one pair, `A b c`.
fn pairs(change: &str, rest: &str) -> Result<Vec<(String, String)>> {
    let words = words(rest).ok_or_else(|| wrong(change, "a quotation mark is not closed"))?;
    if words.first().is_some_and(|word| !word.contains('=')) {
        let (name, value) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return Ok(vec![(name.to_owned(), value.trim().to_owned())]);
    }
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(wrong(change, "a name, '=' and a value are needed")),
        })
        .collect()
}

/// Splits as the shell would: quotation marks hold words together, a backslash takes what follows as it is.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: &[&str]) -> Config {
        let mut config = Config::default();
        changes
            .iter()
            .for_each(|change| apply(&mut config, change).unwrap());
        config
    }

    #[test]
    fn instructions_change_the_configuration() {
        let config = changed(&[
            "CMD [\"a\", \"b c\"]",
            "entrypoint run it",
            "ENV A=1 B=\"two words\" C=d\\ e",
            "ENV A second",
            "LABEL x=y 'z=1 2'",
            "EXPOSE 80 53/udp",
            "VOLUME [\"/data\"]",
            "VOLUME /a /data",
            "USER 1:2",
            "WORKDIR /srv",
            "WORKDIR app/../www",
            "STOPSIGNAL SIGINT",
            "ONBUILD RUN x",
        ]);
        assert_eq!(config.cmd, ["a", "b c"]);
        assert_eq!(config.entrypoint, ["/bin/sh", "-c", "run it"]);
        assert_eq!(config.env, ["B=two words", "C=d e", "A=second"]);
        assert_eq!(config.labels["x"], "y");
        assert_eq!(config.labels["z"], "1 2");
        assert_eq!(config.exposed_ports, ["53/udp", "80/tcp"]);
        assert_eq!(config.volumes, ["/a", "/data"]);
        assert_eq!(
            (config.user.as_str(), config.working_dir.as_str()),
            ("1:2", "/srv/www")
        );
        assert_eq!(config.stop_signal.as_deref(), Some("SIGINT"));
        assert_eq!(config.on_build, ["RUN x"]);
    }

    #[test]
    fn other_instructions_are_refused() {
        for bad in [
            "RUN x",
            "CMD",
            "",
            "ENV \"A=1",
            "LABEL =x a=b",
            "STOPSIGNAL SIGNOTHING",
        ] {
            assert_eq!(
                apply(&mut Config::default(), bad).unwrap_err().kind(),
                Kind::Usage,
                "{bad}"
            );
        }
    }
}
