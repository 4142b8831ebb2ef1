//! What a registry's refusal means, and what to do about it: the status, the registry's own words, and our hints.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::error::{Error, Kind};
use crate::format::timestamp::Timestamp;

/// The most that is read of a refusal's text.
const MAX_TEXT: usize = 64 << 10;
/// The most that is shown of it.
const MAX_SHOWN: usize = 300;
/// How long the text of a refusal is waited for: the status says enough.
const PATIENCE: Duration = Duration::from_secs(5);

/// The errors of the distribution specification ("Error Codes").
#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Problem>,
    /// Token servers and quay.io say it so.
    #[serde(alias = "error_description", alias = "error", default)]
    details: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What was to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Something of a repository was to be read.
    Pull,
    /// Something was to be written to it.
    Push,
    /// The registry as a whole was asked.
    Registry,
}

/// Who asked whom, for the words of a refusal.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    /// What for.
    pub(super) action: Action,
    /// The registry.
    pub(super) host: &'a str,
    /// The repository, as people write it.
    pub(super) name: &'a str,
    /// Who we were to it, if anybody.
    pub(super) user: Option<String>,
}

/// The error that an answer which is no success means.
pub(super) async fn refusal(response: Response, asked: &Asked<'_>) -> Error {
    let (status, headers) = (response.status(), response.headers().clone());
    let said = words(response).await;
    let (kind, text) = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (Kind::Denied, denied(asked)),
        StatusCode::NOT_FOUND => (Kind::NotFound, format!("the registry answered {status}")),
        StatusCode::TOO_MANY_REQUESTS => (Kind::Network, too_many(&headers)),
        // Of an upload's next chunk: part of it had arrived.
        StatusCode::REQUEST_TIMEOUT | StatusCode::RANGE_NOT_SATISFIABLE => {
            (Kind::Network, format!("the registry answered {status}"))
        }
        _ if status.is_server_error() => (Kind::Network, format!("the registry answered {status}")),
        _ => (Kind::Unsupported, format!("the registry answered {status}")),
    };
    let error = match said.is_empty() {
        true => Error::new(kind, text),
        false => Error::new(kind, said).context(text),
    };
    let error = match hint(status, asked) {
        Some(hint) => error.hint(hint),
        None => error,
    };
    match retry_after(&headers) {
        Some(pause) if kind == Kind::Network => error.with_retry_after(pause),
        _ => error,
    }
}

/// The refusal of a registry whose demand for credentials we cannot meet.
pub(super) fn unmet(asked: &Asked<'_>, why: &str) -> Error {
    let error = Error::new(Kind::Denied, why).context(denied(asked));
    match hint(StatusCode::UNAUTHORIZED, asked) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Docker's words for a registry that wants other credentials.
fn denied(asked: &Asked<'_>) -> String {
    let Asked {
        action, host, name, ..
    } = asked;
    match action {
        Action::Pull => {
            format!("pull access denied for {name}, repository does not exist or may require 'docker login'")
        }
        Action::Push => "denied: requested access to the resource is denied".to_owned(),
        Action::Registry => format!("{host}: unauthorized"),
    }
}

/// What to do about a refusal.
fn hint(status: StatusCode, asked: &Asked<'_>) -> Option<String> {
    let Asked { host, user, .. } = asked;
    Some(match (status, user) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, None) => {
            format!("`corten login {host}` keeps a name and a password for the registry")
        }
        (StatusCode::UNAUTHORIZED, Some(user)) => {
            format!("{host} did not accept the login of \"{user}\": `corten login {host}` renews it")
        }
        (StatusCode::FORBIDDEN, Some(user)) => {
            format!("\"{user}\" has no right to this at {host}: log in as somebody who has")
        }
        (StatusCode::TOO_MANY_REQUESTS, None) => {
            format!(
                "registries allow more to whom they know: `corten login {host}`; or use a mirror, or wait"
            )
        }
        (StatusCode::TOO_MANY_REQUESTS, Some(_)) => {
            "wait, or use a mirror (hosts.toml, registries.conf)".to_owned()
        }
        (status, _) if status.is_server_error() => {
            format!("that is a problem of {host} itself, or of a proxy before it: try again later")
        }
        _ => return None,
    })
}

fn too_many(headers: &HeaderMap) -> String {
    let limit = headers
        .get("ratelimit-limit")
        .and_then(|limit| rate(limit.to_str().ok()?));
    let limit = limit.map(|limit| format!(" ({limit})")).unwrap_or_default();
    format!("the registry answered 429 Too Many Requests: its limit for requests is reached{limit}")
}

/// Docker Hub's header `100;w=21600` in words.
fn rate(text: &str) -> Option<String> {
    let (count, window) = text.split_once(";w=")?;
    let (count, seconds): (u64, u64) = (count.trim().parse().ok()?, window.trim().parse().ok()?);
    Some(match seconds % 3600 {
        0 => format!("{count} in {} h", seconds / 3600),
        _ => format!("{count} in {seconds} s"),
    })
}

/// What a Retry-After header says: seconds, or a date (RFC 9110, "HTTP-date").
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let left = date(text)?.seconds.checked_sub(Timestamp::now().seconds);
    left.map(Duration::from_secs)
}

/// `Fri, 31 Dec 1999 23:59:59 GMT`.
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let parts: Vec<&str> = text.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

/// The registry's own words about a refusal; empty when it has none.
async fn words(mut response: Response) -> String {
    let mut text = Vec::new();
    let read = async {
        while let Ok(Some(piece)) = response.chunk().await {
            text.extend_from_slice(&piece);
            if text.len() > MAX_TEXT {
                break;
            }
        }
    };
    // What has not come by then is done without.
    let _ = tokio::time::timeout(PATIENCE, read).await;
    meaning(&text)
}

fn meaning(text: &[u8]) -> String {
    let Ok(errors) = serde_json::from_slice::<Errors>(text) else {
        return String::new();
    };
    let first = errors.errors.into_iter().next();
    let said = first.map(|first| match first.message.is_empty() {
        true => first.code,
        false => first.message,
    });
    let said = said.or(errors.details).or(errors.message).unwrap_or_default();
    said.chars().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_registry_says_how_long_to_wait() {
        let header = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(header("120"), Some(Duration::from_secs(120)));
        assert_eq!(header("Fri, 31 Dec 1999 23:59:59 GMT"), None, "that is over");
        assert!(header("Thu, 31 Dec 2099 23:59:59 GMT").unwrap() > Duration::from_secs(1 << 30));
        assert_eq!(header("-1"), None);
        assert_eq!(header("soon"), None);
        let error = Error::new(Kind::Network, "busy").with_retry_after(Duration::from_secs(7));
        assert_eq!(error.hints(), ["the registry asks to wait 7 s"]);
    }

    #[test]
    fn refusals_are_quoted_in_all_their_forms() {
        for (text, said) in [
            (r#"{"errors":[{"code":"DENIED","message":"no"}]}"#, "no"),
            (r#"{"errors":[{"code":"DENIED"}]}"#, "DENIED"),
            (
                r#"{"details":"incorrect username or password"}"#,
                "incorrect username or password",
            ),
            (r#"{"message":"m"}"#, "m"),
            ("<html>", ""),
            ("{}", ""),
        ] {
            assert_eq!(meaning(text.as_bytes()), said);
        }
        assert_eq!(
            meaning(format!("{{\"message\":\"{}\"}}", "x".repeat(9999)).as_bytes()).len(),
            MAX_SHOWN
        );
    }

    #[test]
    fn limits_are_said_in_words() {
        assert_eq!(rate("100;w=21600").as_deref(), Some("100 in 6 h"));
        assert_eq!(rate("10;w=90").as_deref(), Some("10 in 90 s"));
        assert_eq!(rate("many"), None);
    }
}
