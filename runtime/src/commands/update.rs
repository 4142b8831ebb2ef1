//! `update`: new limits, by options or as JSON.

use super::Verb;
use crate::cli::Globals;
use crate::container::{self, Id, Schemata};
use crate::error::{Context, Error, Kind, Result};
use crate::log;
use crate::oci::{self, BlockIo, Cpu, Memory, Pids, Resources};
use clap::Args;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

/// More than this is no description of limits.
const MAX_RESOURCES: u64 = 4 << 20;

/// Change the resource limits of a container; what is not given stays as it is
#[derive(Debug, Args)]
pub(super) struct UpdateArgs {
    /// Read the limits from FILE, or from standard input (-), as JSON in the form of config.json's linux.resources;
    /// all other options are ignored then
    #[arg(short, long, value_name = "FILE")]
    resources: Option<PathBuf>,

    /// The weight of block I/O, from 10 to 1000
    #[arg(long, value_name = "WEIGHT")]
    blkio_weight: Option<String>,

    /// The period of the CPU quota, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_period: Option<String>,

    /// The CPU time in each period, in microseconds; -1 is unlimited
    #[arg(long, value_name = "MICROSECONDS", allow_hyphen_values = true)]
    cpu_quota: Option<String>,

    /// The CPU time that may be saved up for later periods, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_burst: Option<String>,

    /// CPU shares: the weight against other containers
    #[arg(long, value_name = "SHARES")]
    cpu_share: Option<String>,

    /// The period of the real-time CPU limit, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_rt_period: Option<String>,

    /// The real-time CPU time in each period, in microseconds
    #[arg(long, value_name = "MICROSECONDS", allow_hyphen_values = true)]
    cpu_rt_runtime: Option<String>,

    /// 1 runs the container only when the CPU is idle, 0 takes that back
    #[arg(long, value_name = "0|1", allow_hyphen_values = true)]
    cpu_idle: Option<String>,

    /// The CPUs to use, such as 0-2,7
    #[arg(long, value_name = "LIST")]
    cpuset_cpus: Option<String>,

    /// The memory nodes to use
    #[arg(long, value_name = "LIST")]
    cpuset_mems: Option<String>,

    /// The memory limit, in bytes or with a unit (512m, 2g); -1 is unlimited
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    memory: Option<String>,

    /// The memory that is left to the container when memory is short
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    memory_reservation: Option<String>,

    /// The limit of memory and swap together; -1 is unlimited
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    memory_swap: Option<String>,

    /// Accepted for compatibility
    #[arg(long, value_name = "BYTES", hide = true)]
    kernel_memory: Option<String>,

    /// Accepted for compatibility
    #[arg(long, value_name = "BYTES", hide = true)]
    kernel_memory_tcp: Option<String>,

    /// The most processes and threads; -1 is unlimited
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pids_limit: Option<String>,

    /// The schema of the Intel RDT group for the L3 cache
    #[arg(long, value_name = "SCHEMA")]
    l3_cache_schema: Option<String>,

    /// The schema of the Intel RDT group for memory bandwidth
    #[arg(long, value_name = "SCHEMA")]
    mem_bw_schema: Option<String>,

    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for UpdateArgs {
    const NAME: &'static str = "update";
    const ABOUT: &'static str = "update container resource constraints";

    fn run(self, globals: &Globals) -> Result<u8> {
        let id = Id::parse(&self.id)?;
        let text;
        let changes = if let Some(file) = &self.resources {
            text = read(file)?;
            oci::parse_resources(&text)?
        } else {
            self.changes()?
        };
        let schemata = Schemata {
            l3_cache: self.l3_cache_schema.as_deref(),
            memory_bandwidth: self.mem_bw_schema.as_deref(),
        };
        container::update(&globals.root, &id, &changes, schemata, globals.trace.as_deref())?;
        Ok(0)
    }
}

impl UpdateArgs {
    fn changes(&self) -> Result<Resources<'_>> {
        for (name, value) in [
            ("kernel-memory", &self.kernel_memory),
            ("kernel-memory-tcp", &self.kernel_memory_tcp),
        ] {
            if value.is_some() {
                log::warn(&format!("--{name} is ignored: kernels no longer limit it"));
            }
        }
        let weight = number("blkio-weight", self.blkio_weight.as_deref())?;
        let limit = number("pids-limit", self.pids_limit.as_deref())?;
        Ok(Resources {
            memory: Some(self.memory()?),
            cpu: Some(self.cpu()?),
            pids: limit.map(|limit| Pids { limit: Some(limit) }),
            block_io: weight.map(|weight| BlockIo {
                weight: Some(weight),
                ..BlockIo::default()
            }),
            ..Resources::default()
        })
    }

    fn memory(&self) -> Result<Memory> {
        Ok(Memory {
            limit: bytes("memory", self.memory.as_deref())?,
            reservation: bytes("memory-reservation", self.memory_reservation.as_deref())?,
            swap: bytes("memory-swap", self.memory_swap.as_deref())?,
            ..Memory::default()
        })
    }

    fn cpu(&self) -> Result<Cpu<'_>> {
        Ok(Cpu {
            shares: number("cpu-share", self.cpu_share.as_deref())?,
            quota: number("cpu-quota", self.cpu_quota.as_deref())?,
            burst: number("cpu-burst", self.cpu_burst.as_deref())?,
            period: number("cpu-period", self.cpu_period.as_deref())?,
            realtime_runtime: number("cpu-rt-runtime", self.cpu_rt_runtime.as_deref())?,
            realtime_period: number("cpu-rt-period", self.cpu_rt_period.as_deref())?,
            cpus: self.cpuset_cpus.as_deref().map(Into::into),
            mems: self.cpuset_mems.as_deref().map(Into::into),
            idle: number("cpu-idle", self.cpu_idle.as_deref())?,
        })
    }
}

/// The limits' JSON.
fn read(file: &std::path::Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_RESOURCES).read_to_end(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MAX_RESOURCES).read_to_end(&mut text))
    };
    read.map_err(|error| {
        let call = format!("read {}", file.display());
        Error::syscall(call, error.raw_os_error().unwrap_or(0))
    })
    .context(|| "read the limits")?;
    Ok(text)
}

/// An option's number; an empty one counts as not given, as in runc.
fn number<T: FromStr>(name: &str, text: Option<&str>) -> Result<Option<T>>
where
    T::Err: std::fmt::Display,
{
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let bad = |error: T::Err| {
        Error::new(
            Kind::Usage,
            format!("invalid value for {name}: {text:?}: {error}"),
        )
    };
    text.parse().map(Some).map_err(bad)
}

/// An option's size: a number of bytes, with a fraction and a unit of 1024 (k, m, g, t, p, also as MB or MiB).
fn bytes(name: &str, text: Option<&str>) -> Result<Option<i64>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text == "-1" {
        return Ok(Some(-1));
    }
    parse_size(text).map(Some).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("invalid value for {name}: invalid size: {text:?}"),
        )
        .hint("give a number of bytes, or one with a unit such as 512m or 1.5GiB; -1 is unlimited")
    })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a fraction of a unit is rounded to bytes; what does not fit is refused"
)]
fn parse_size(text: &str) -> Option<i64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let power = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        letter => {
            1 + ["k", "m", "g", "t", "p"]
                .iter()
                .position(|known| *known == letter)?
        }
    };
    let scale = 1_i64 << (10 * power);
    if let Ok(number) = number.parse::<i64>() {
        return number.checked_mul(scale);
    }
    let size = number.parse::<f64>().ok()? * scale as f64;
    (size < i64::MAX as f64).then_some(size as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        for (text, size) in [
            ("0", 0),
            ("1024", 1024),
            ("5b", 5),
            ("2k", 2048),
            ("512m", 512 << 20),
            ("3 MB", 3 << 20),
            ("1.5GiB", 3 << 29),
            ("1T", 1 << 40),
        ] {
            assert_eq!(parse_size(text), Some(size), "{text}");
        }
        for text in ["", "m", "1x", "-5", "1..5", "9223372036854775807k", "1 m b", "kb"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn a_bad_number_names_its_option() {
        let error = number::<u64>("cpu-share", Some("many")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid value for cpu-share: \"many\": invalid digit found in string"
        );
        assert_eq!(number::<u64>("cpu-share", Some("")).unwrap(), None);
        assert!(
            bytes("memory", Some("x"))
                .unwrap_err()
                .to_string()
                .contains("invalid value for memory")
        );
    }
}
