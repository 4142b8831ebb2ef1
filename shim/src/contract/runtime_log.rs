//! The runtime's log: JSON lines as logrus writes them. Only the reason of a failure is taken from it.

use serde::Deserialize;

use super::control::Reason;

/// The longest message that is passed on, in bytes.
const MAX_MESSAGE: usize = 8192;
/// The most hints, and the longest.
const MAX_HINTS: usize = 4;
const MAX_HINT: usize = 512;

#[derive(Deserialize)]
struct Line {
    level: String,
    msg: String,
    /// Corten's runtime has some.
    #[serde(default)]
    hints: Vec<String>,
}

/// What the last line that reports an error says; lines that are not such JSON are passed over.
pub fn last_error(log: &[u8]) -> Option<Reason> {
    log.split(|byte| *byte == b'\n')
        .rev()
        .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
        .find(|line| matches!(line.level.as_str(), "error" | "fatal" | "panic"))
        .map(|line| Reason {
            message: bounded(line.msg, MAX_MESSAGE),
            hints: line
                .hints
                .into_iter()
                .take(MAX_HINTS)
                .map(|hint| bounded(hint, MAX_HINT))
                .collect(),
        })
}

/// A message that is too long for the control socket would never arrive.
fn bounded(mut message: String, limit: usize) -> String {
    message.truncate(message.floor_char_boundary(limit));
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_wins_over_noise() {
        let log = br#"{"level":"error","msg":"first","time":"t"}
{"level":"warning","msg":"careful"}
{"msg":"second","level":"error","time":"t"}
not json
{"level":"info","msg":"bye"}
"#;
        assert_eq!(last_error(log), Some("second".into()));
        assert_eq!(last_error(b"nothing\n{}\n"), None);
        let long = format!("{{\"level\":\"error\",\"msg\":\"{}\"}}", "é".repeat(10_000));
        assert_eq!(
            last_error(long.as_bytes()).map(|reason| reason.message.len()),
            Some(MAX_MESSAGE)
        );
    }

    #[test]
    fn hints_are_passed_on_within_bounds() {
        let hints = serde_json::json!(["do", "x".repeat(1000), "", "", "too many"]);
        let log = serde_json::json!({"level": "error", "msg": "no", "hints": hints}).to_string();
        let reason = last_error(log.as_bytes()).expect("an error");
        assert_eq!(reason.message, "no");
        assert_eq!(reason.hints.len(), MAX_HINTS);
        assert_eq!(reason.hints[0], "do");
        assert_eq!(reason.hints[1].len(), MAX_HINT);
    }
}
