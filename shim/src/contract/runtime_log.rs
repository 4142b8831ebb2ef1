//! The runtime's log: JSON lines as logrus writes them. Only the reason of a failure is taken from it.

use serde::Deserialize;

/// The longest message that is passed on, in bytes.
const MAX_MESSAGE: usize = 8192;

#[derive(Deserialize)]
struct Line {
    level: String,
    msg: String,
}

/// The message of the last line that reports an error; lines that are not such JSON are passed over.
pub fn last_error(log: &[u8]) -> Option<String> {
    log.split(|byte| *byte == b'\n')
        .rev()
        .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
        .find(|line| matches!(line.level.as_str(), "error" | "fatal" | "panic"))
        .map(|line| bounded(line.msg))
}

/// A message that is too long for the control socket would never arrive.
fn bounded(mut message: String) -> String {
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
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
        assert_eq!(last_error(log).as_deref(), Some("second"));
        assert_eq!(last_error(b"nothing\n{}\n"), None);
        let long = format!("{{\"level\":\"error\",\"msg\":\"{}\"}}", "é".repeat(10_000));
        assert_eq!(
            last_error(long.as_bytes()).map(|message| message.len()),
            Some(MAX_MESSAGE)
        );
    }
}
