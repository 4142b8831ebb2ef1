//! `ociVersion`: semantic versioning 2.0, and a major version that this program knows.

use super::Problems;

const EXPECTED: &str = "a semantic version 1.x.y";

pub(super) fn check(version: &str, problems: &mut Problems) {
    if major(version) != Some(1) {
        problems.wrong("ociVersion", format!("{version:?}"), EXPECTED);
    }
}

/// The major version, if the whole is `X.Y.Z[-PRERELEASE][+BUILD]`.
fn major(version: &str) -> Option<u64> {
    let (version, build) = split(version, '+');
    let (numbers, prerelease) = split(version, '-');
    let labels = [build, prerelease];
    if !labels
        .into_iter()
        .flatten()
        .all(|labels| labels.split('.').all(is_label))
    {
        return None;
    }
    let mut numbers = numbers.split('.').map(number);
    let major = numbers.next()??;
    let (minor, patch) = (numbers.next()?, numbers.next()?);
    (minor.is_some() && patch.is_some() && numbers.next().is_none()).then_some(major)
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(left, right)| (left, Some(right)))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn number(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    (plain && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn knows_semantic_versions() {
        for version in [
            "1.0.0",
            "1.0.2-dev",
            "1.1.0-rc.2",
            "1.3.0+build.7",
            "1.2.3-a-b.0+x-y",
        ] {
            assert_eq!(major(version), Some(1), "{version}");
        }
        assert_eq!(major("2.0.0"), Some(2));
        for version in [
            "", "1", "1.0", "1.0.0.0", "v1.0.0", "1.0.0-", "1.0.x", "01.0.0", "1.0.0+", "+1.0.0", "1.-1.0",
        ] {
            assert_eq!(major(version), None, "{version}");
        }
    }
}
