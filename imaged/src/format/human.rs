//! Sizes and durations as people read them.

/// Bytes in decimal units with three significant digits, as `images` and `ps -s` show them.
pub(crate) fn size(bytes: u64) -> String {
    in_units(bytes, 1000.0, 3, ["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// Bytes in units of powers of 1024 with four significant digits, as `stats` and `info` show them.
pub(crate) fn binary_size(bytes: u64) -> String {
    in_units(bytes, 1024.0, 4, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

fn in_units(bytes: u64, base: f64, significant: usize, units: [&str; 7]) -> String {
    #[expect(clippy::cast_precision_loss, reason = "few digits are shown")]
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let before_the_point = match value {
        v if v >= 1000.0 => 4,
        v if v >= 100.0 => 3,
        v if v >= 10.0 => 2,
        _ => 1,
    };
    let digits = significant.saturating_sub(before_the_point);
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{}", units[unit])
}

/// A duration in its largest unit: `3 minutes`, `About an hour`.
pub(crate) fn duration(seconds: u64) -> String {
    let minutes = seconds / 60;
    let hours = (seconds + 1800) / 3600;
    match seconds {
        0 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        _ if minutes == 1 => "About a minute".to_owned(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".to_owned(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        _ if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
}

/// The time since then: `3 minutes ago`.
pub(crate) fn ago(then: u64, now: u64) -> String {
    format!("{} ago", duration(now.saturating_sub(then)))
}

/// At most so many characters; what is left out shows as `…`.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1000, "1kB"),
            (1_230_000, "1.23MB"),
            (77_800_000, "77.8MB"),
            (124_000_000, "124MB"),
            (5_000_000_000, "5GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn binary_sizes() {
        for (bytes, text) in [
            (0, "0B"),
            (1536, "1.5KiB"),
            (7 << 30, "7GiB"),
            (1000 << 20, "1000MiB"),
            (8_200_000_000, "7.637GiB"),
        ] {
            assert_eq!(binary_size(bytes), text);
        }
    }

    #[test]
    fn durations() {
        for (seconds, text) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (150, "2 minutes"),
            (3600, "About an hour"),
            (7200, "2 hours"),
            (86_400 * 3, "3 days"),
            (86_400 * 20, "2 weeks"),
            (86_400 * 90, "3 months"),
            (86_400 * 800, "2 years"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
