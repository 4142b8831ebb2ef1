//! Platforms: what `--platform` says, what this machine is, and which entry of an index fits.

use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, ImageConfig, Platform};

/// This machine, in Go's words.
pub fn host() -> Platform {
    let (architecture, variant) = match std::env::consts::ARCH {
        "x86_64" => ("amd64", None),
        "aarch64" => ("arm64", Some("v8")),
        "x86" => ("386", None),
        "arm" => ("arm", Some("v7")),
        "powerpc64" => ("ppc64le", None),
        other => (other, None),
    };
    platform("linux", architecture, variant)
}

fn platform(os: &str, architecture: &str, variant: Option<&str>) -> Platform {
    Platform {
        architecture: architecture.into(),
        os: os.into(),
        variant: variant.map(Into::into),
        os_version: None,
    }
}

/// Reads `os/arch`, `os/arch/variant`, or `arch` alone, with the usual other spellings.
///
/// # Errors
/// `Usage` when there are other parts.
pub fn parse(text: &str) -> Result<Platform> {
    let lower = text.to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('/').collect();
    let plain = |part: &&str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if !parts.iter().all(plain) {
        return Err(malformed(text));
    }
    match parts[..] {
        ["linux"] => Ok(host()),
        [arch] => Ok(normal("linux", arch, None)),
        [os, arch] => Ok(normal(os, arch, None)),
        [os, arch, variant] => Ok(normal(os, arch, Some(variant))),
        _ => Err(malformed(text)),
    }
}

fn malformed(text: &str) -> Error {
    Error::new(Kind::Usage, format!("\"{text}\" is not a platform"))
        .hint("write OS/ARCH or OS/ARCH/VARIANT, for example linux/arm64")
}

/// One spelling for each machine.
fn normal(os: &str, arch: &str, variant: Option<&str>) -> Platform {
    let (arch, variant) = match (arch, variant) {
        ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", None | Some("8" | "v8")) => ("arm64", Some("v8")),
        ("armhf", None) | ("arm", None | Some("7")) => ("arm", Some("v7")),
        ("armel", None) | ("arm", Some("6")) => ("arm", Some("v6")),
        ("i386" | "i486" | "i586" | "i686" | "x86", None) => ("386", None),
        other => other,
    };
    platform(os, arch, variant)
}

/// The text form, `linux/arm64/v8`.
pub fn display(platform: &Platform) -> String {
    let base = format!("{}/{}", platform.os, platform.architecture);
    match &platform.variant {
        Some(variant) => format!("{base}/{variant}"),
        None => base,
    }
}

/// How well an image for `candidate` runs where `wanted` is asked for: 0 not at all, more is better.
fn fitness(wanted: &Platform, candidate: &Platform) -> u8 {
    let candidate = normal(
        &candidate.os,
        &candidate.architecture,
        candidate.variant.as_deref(),
    );
    if candidate.os != wanted.os || candidate.architecture != wanted.architecture {
        return 0;
    }
    if candidate.variant == wanted.variant {
        return u8::MAX;
    }
    let number = |variant: &Option<String>| -> Option<u8> {
        variant.as_deref().unwrap_or("v1").strip_prefix('v')?.parse().ok()
    };
    match (number(&candidate.variant), number(&wanted.variant)) {
        (Some(have), Some(can)) if have < can => have,
        _ => 0,
    }
}

/// Whether an image for `candidate` may run where `wanted` is asked for.
pub fn runs_on(wanted: &Platform, candidate: &Platform) -> bool {
    fitness(wanted, candidate) > 0
}

/// The platform that a configuration names. What it leaves out is as wanted: that is no reason to refuse an image.
pub fn of(config: &ImageConfig, wanted: &Platform) -> Platform {
    let or = |value: &String, wanted: &String| match value.is_empty() {
        true => wanted.clone(),
        false => value.clone(),
    };
    Platform {
        os: or(&config.os, &wanted.os),
        architecture: or(&config.architecture, &wanted.architecture),
        // Of another architecture it would be the wrong one's.
        variant: config.variant.clone().or_else(|| {
            let same = config.architecture.is_empty() || config.architecture == wanted.architecture;
            wanted.variant.clone().filter(|_| same)
        }),
        os_version: None,
    }
}

/// Whether an image of this configuration may run where `wanted` is asked for.
///
/// # Errors
/// `NotFound`, with both platforms.
pub fn check(config: &ImageConfig, wanted: &Platform, name: &str) -> Result<()> {
    let actual = of(config, wanted);
    match runs_on(wanted, &actual) {
        true => Ok(()),
        false => Err(Error::new(
            Kind::NotFound,
            format!(
                "image '{name}' was found but does not match the specified platform: wanted {}, actual {}",
                display(wanted),
                display(&actual)
            ),
        )),
    }
}

/// The entry of an index that fits best; older variants of the architecture are accepted.
///
/// # Errors
/// `NotFound`, naming the platforms that there are.
pub fn choose<'a>(wanted: &Platform, entries: &'a [Descriptor]) -> Result<&'a Descriptor> {
    let mut best: Option<(u8, &Descriptor)> = None;
    for entry in entries {
        let fit = entry
            .platform
            .as_ref()
            .map_or(0, |platform| fitness(wanted, platform));
        if fit > best.map_or(0, |(fit, _)| fit) {
            best = Some((fit, entry));
        }
    }
    best.map(|(_, entry)| entry).ok_or_else(|| {
        let mut there: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.platform.as_ref())
            .map(display)
            .collect();
        there.retain(|platform| platform != "unknown/unknown");
        Error::new(
            Kind::NotFound,
            format!("the image has no variant for {}", display(wanted)),
        )
        .hint(format!("there is: {}", there.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Digest, media};

    #[test]
    fn another_architecture_has_no_variant_of_the_wanted_one() {
        let wanted = parse("linux/arm64/v8").unwrap();
        let of = |architecture: &str| {
            let config = ImageConfig {
                architecture: architecture.to_owned(),
                ..ImageConfig::default()
            };
            display(&of(&config, &wanted))
        };
        assert_eq!(of("amd64"), "linux/amd64");
        assert_eq!(of("arm64"), "linux/arm64/v8");
        assert_eq!(of(""), "linux/arm64/v8");
    }

    fn entry(text: &str) -> Descriptor {
        Descriptor {
            media_type: media::OCI_MANIFEST.into(),
            digest: Digest::of(text.as_bytes()),
            size: 1,
            urls: vec![],
            annotations: Default::default(),
            platform: Some(parse(text).unwrap()),
        }
    }

    #[test]
    fn spellings_meet() {
        for (typed, meant) in [
            ("linux/x86_64", "linux/amd64"),
            ("aarch64", "linux/arm64/v8"),
            ("linux/arm64", "linux/arm64/v8"),
            ("linux/arm", "linux/arm/v7"),
            ("Linux/AMD64", "linux/amd64"),
        ] {
            assert_eq!(display(&parse(typed).unwrap()), meant);
        }
        for bad in ["", "/", "a/b/c/d", "linux//v8", "linux/a b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_best_older_variant_is_chosen_and_a_newer_one_never() {
        let entries = [entry("linux/arm/v5"), entry("linux/arm/v6"), entry("linux/amd64")];
        let wanted = parse("linux/arm/v7").unwrap();
        assert_eq!(choose(&wanted, &entries).unwrap(), &entries[1]);
        let error = choose(&parse("linux/s390x").unwrap(), &entries).unwrap_err();
        assert!(
            error.hints()[0].contains("linux/arm/v5, linux/arm/v6, linux/amd64"),
            "{:?}",
            error.hints()
        );
        assert!(choose(&parse("linux/arm/v5").unwrap(), &entries[1..]).is_err());
    }
}
