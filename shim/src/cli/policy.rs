//! `--restart`.

use std::fmt;
use std::str::FromStr;

/// When a container that ended is to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Never.
    #[default]
    No,
    /// When its exit code is not 0, so many times; without end if nothing is said.
    OnFailure(Option<u32>),
    /// Always, until somebody stops it.
    Always,
    /// As `Always`; the difference is what starts after a reboot, which is not the shim's affair.
    UnlessStopped,
}

impl FromStr for Policy {
    type Err = String;

    /// `no`, `on-failure`, `on-failure:N`, `always` or `unless-stopped`; a maximum of 0 is none.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None => match text {
                "no" => Ok(Self::No),
                "on-failure" => Ok(Self::OnFailure(None)),
                "always" => Ok(Self::Always),
                "unless-stopped" => Ok(Self::UnlessStopped),
                _ => Err("expected no, on-failure[:N], always or unless-stopped".to_owned()),
            },
            Some(("on-failure", maximum)) => match maximum.parse() {
                Ok(0) => Ok(Self::OnFailure(None)),
                Ok(maximum) => Ok(Self::OnFailure(Some(maximum))),
                Err(_) => Err("the maximum of restarts is a number".to_owned()),
            },
            Some(_) => Err("only on-failure has a maximum of restarts".to_owned()),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No => f.write_str("no"),
            Self::OnFailure(None) => f.write_str("on-failure"),
            Self::OnFailure(Some(maximum)) => write!(f, "on-failure:{maximum}"),
            Self::Always => f.write_str("always"),
            Self::UnlessStopped => f.write_str("unless-stopped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written() {
        for text in ["no", "on-failure", "on-failure:3", "always", "unless-stopped"] {
            assert_eq!(
                text.parse::<Policy>().map(|policy| policy.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!("on-failure:0".parse(), Ok(Policy::OnFailure(None)));
        for wrong in [
            "",
            "never",
            "always:1",
            "on-failure:",
            "on-failure:-1",
            "on-failure:x",
        ] {
            assert!(wrong.parse::<Policy>().is_err(), "{wrong}");
        }
    }
}
