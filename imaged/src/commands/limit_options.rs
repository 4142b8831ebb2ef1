//! The options that limit a container: of `create` and `run`, and those of them that `update` has, too.

use crate::error::Result;
use crate::plan::flags;
use crate::plan::options::Resources;

/// What can be changed while a container runs.
#[derive(Debug, clap::Args)]
pub(super) struct LimitOptions {
    /// Weight of block input and output, from 10 to 1000; 0 is none
    #[arg(long, value_name = "WEIGHT", help_heading = "Limits")]
    blkio_weight: Option<u16>,
    /// Period of the processor quota, in microseconds
    #[arg(long, value_name = "MICROSECONDS", help_heading = "Limits")]
    cpu_period: Option<u64>,
    /// Processor time in each period, in microseconds
    #[arg(
        long,
        value_name = "MICROSECONDS",
        allow_hyphen_values = true,
        help_heading = "Limits"
    )]
    cpu_quota: Option<i64>,
    /// Period of real-time processes, in microseconds
    #[arg(long, value_name = "MICROSECONDS", help_heading = "Limits")]
    cpu_rt_period: Option<u64>,
    /// Processor time of real-time processes in each period, in microseconds
    #[arg(long, value_name = "MICROSECONDS", help_heading = "Limits")]
    cpu_rt_runtime: Option<i64>,
    /// Relative share of processor time
    #[arg(short = 'c', long, value_name = "SHARES", help_heading = "Limits")]
    cpu_shares: Option<u64>,
    /// Number of processors, such as 1.5
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    cpus: Option<String>,
    /// Processors to run on, such as 0-2,7
    #[arg(long, value_name = "LIST", help_heading = "Limits")]
    cpuset_cpus: Option<String>,
    /// Memory nodes to use, such as 0,1
    #[arg(long, value_name = "LIST", help_heading = "Limits")]
    cpuset_mems: Option<String>,
    /// Memory limit in bytes, with k, m or g
    #[arg(short, long, value_name = "BYTES", help_heading = "Limits")]
    memory: Option<String>,
    /// Memory that is not taken away while there is enough for all
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    memory_reservation: Option<String>,
    /// Limit of memory and swap together; -1 is no limit
    #[arg(
        long,
        value_name = "BYTES",
        allow_hyphen_values = true,
        help_heading = "Limits"
    )]
    memory_swap: Option<String>,
    /// Limit of processes; 0 and -1 are no limit
    #[arg(
        long,
        value_name = "NUMBER",
        allow_hyphen_values = true,
        help_heading = "Limits"
    )]
    pids_limit: Option<i64>,
}

/// What is fixed when a container is made.
#[derive(Debug, clap::Args)]
pub(super) struct FixedLimitOptions {
    /// Weight of a device's input and output (path:weight)
    #[arg(long, value_name = "DEVICE", help_heading = "Limits")]
    blkio_weight_device: Vec<String>,
    /// Limit of bytes read from a device each second (path:bytes)
    #[arg(long, value_name = "DEVICE", help_heading = "Limits")]
    device_read_bps: Vec<String>,
    /// Limit of reads from a device each second (path:number)
    #[arg(long, value_name = "DEVICE", help_heading = "Limits")]
    device_read_iops: Vec<String>,
    /// Limit of bytes written to a device each second (path:bytes)
    #[arg(long, value_name = "DEVICE", help_heading = "Limits")]
    device_write_bps: Vec<String>,
    /// Limit of writes to a device each second (path:number)
    #[arg(long, value_name = "DEVICE", help_heading = "Limits")]
    device_write_iops: Vec<String>,
    /// How readily memory is swapped out, from 0 to 100; -1 leaves it to the machine
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = clap::value_parser!(i64).range(-1..=100),
          help_heading = "Limits")]
    memory_swappiness: Option<i64>,
    /// Kill nothing when the memory is used up (cgroup v1 only)
    #[arg(long, help_heading = "Limits")]
    oom_kill_disable: bool,
}

impl LimitOptions {
    /// The limits that were given; each is checked for itself.
    ///
    /// # Errors
    /// When a value is malformed.
    pub(super) fn limits(&self) -> Result<Resources> {
        let bytes = |text: &Option<String>| text.as_deref().map(flags::bytes_or_unlimited).transpose();
        let list = |text: &Option<String>, what: &str| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| flags::number_list(text, what)).transpose()
        };
        // Docker's zero is "not said".
        Ok(Resources {
            memory: bytes(&self.memory)?.filter(|limit| *limit != 0),
            memory_swap: bytes(&self.memory_swap)?.filter(|limit| *limit != 0),
            memory_reservation: bytes(&self.memory_reservation)?.filter(|limit| *limit != 0),
            nano_cpus: self.cpus.as_deref().map(processors).transpose()?.flatten(),
            cpu_shares: self.cpu_shares.filter(|shares| *shares != 0),
            cpu_period: self.cpu_period.filter(|period| *period != 0),
            cpu_quota: self.cpu_quota.filter(|quota| *quota != 0),
            cpu_rt_period: self.cpu_rt_period.filter(|period| *period != 0),
            cpu_rt_runtime: self.cpu_rt_runtime.filter(|runtime| *runtime != 0),
            cpuset_cpus: list(&self.cpuset_cpus, "cpuset cpus")?,
            cpuset_mems: list(&self.cpuset_mems, "cpuset mems")?,
            pids: self.pids_limit,
            blkio_weight: self.blkio_weight.filter(|weight| *weight != 0),
            ..Resources::default()
        })
    }
}

impl FixedLimitOptions {
    /// `limits` with these.
    ///
    /// # Errors
    /// When a value is malformed, or limits contradict each other.
    pub(super) fn added_to(&self, limits: Resources) -> Result<Resources> {
        let all = |values: &[String], parse: fn(&str) -> Result<_>| {
            values
                .iter()
                .map(|value| parse(value))
                .collect::<Result<Vec<_>>>()
        };
        let limits = Resources {
            memory_swappiness: self
                .memory_swappiness
                .and_then(|number| u64::try_from(number).ok()),
            oom_kill_disable: self.oom_kill_disable,
            blkio_weight_device: all(&self.blkio_weight_device, flags::device_weight)?,
            device_read_bps: all(&self.device_read_bps, flags::device_bytes)?,
            device_write_bps: all(&self.device_write_bps, flags::device_bytes)?,
            device_read_iops: all(&self.device_read_iops, flags::device_operations)?,
            device_write_iops: all(&self.device_write_iops, flags::device_operations)?,
            ..limits
        };
        flags::check_limits(&limits).map(|()| limits)
    }
}

/// Billionths of a processor; 0 is no limit.
fn processors(text: &str) -> Result<Option<i64>> {
    let nano = flags::cpus(text)?;
    if nano == 0 {
        return Ok(None);
    }
    flags::check_cpus(nano, crate::sys::processors()?)?;
    Ok(Some(nano))
}
