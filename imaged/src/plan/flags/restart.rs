//! `--restart`, in docker's words.

use super::wrong;
use crate::error::Result;
use crate::plan::options::{Restart, RestartPolicy};

/// Reads a policy: `no`, `on-failure[:N]`, `always` or `unless-stopped`.
///
/// # Errors
/// When there is no such policy, or it has no maximum.
pub(crate) fn restart(text: &str) -> Result<Restart> {
    let (name, maximum) = match text.split_once(':') {
        Some(("", _)) => {
            return Err(wrong(
                "invalid restart policy format: no policy provided before colon".to_owned(),
            ));
        }
        Some((name, "")) => (name, 0),
        Some((name, maximum)) => (name, count(maximum)?),
        None => (text, 0),
    };
    let policy = match name {
        "" | "no" => RestartPolicy::No,
        "on-failure" => RestartPolicy::OnFailure,
        "always" => RestartPolicy::Always,
        "unless-stopped" => RestartPolicy::UnlessStopped,
        _ => {
            return Err(wrong(format!(
                "invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', 'on-failure', or \
                 'unless-stopped'"
            )));
        }
    };
    if policy != RestartPolicy::OnFailure && maximum != 0 {
        return Err(wrong(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'".to_owned(),
        ));
    }
    let maximum = u32::try_from(maximum)
        .map_err(|_| wrong("invalid restart policy: maximum retry count cannot be negative".to_owned()))?;
    Ok(Restart { policy, maximum })
}

fn count(text: &str) -> Result<i64> {
    text.parse().map_err(|_| {
        wrong("invalid restart policy format: maximum retry count must be an integer".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_docker_reads_them() {
        for (text, policy, maximum) in [
            ("no", RestartPolicy::No, 0),
            ("always", RestartPolicy::Always, 0),
            ("always:0", RestartPolicy::Always, 0),
            ("on-failure", RestartPolicy::OnFailure, 0),
            ("on-failure:3", RestartPolicy::OnFailure, 3),
            ("unless-stopped", RestartPolicy::UnlessStopped, 0),
        ] {
            assert_eq!(restart(text).unwrap(), Restart { policy, maximum }, "{text}");
        }
        assert_eq!(restart("on-failure:3").unwrap().to_string(), "on-failure:3");
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_dockers_words() {
        for (text, part) in [
            (":3", "no policy provided before colon"),
            ("on-failure:x", "must be an integer"),
            ("on-failure:-1", "cannot be negative"),
            ("always:3", "can only be used with 'on-failure'"),
            ("never", "unknown policy 'never'"),
        ] {
            let error = restart(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
