//! The options that `create` and `run` share, and what they mean.

use super::environment::{self, read};
use super::limit_options::{FixedLimitOptions, LimitOptions};
use crate::engine::create::Request;
use crate::error::{Error, Kind, Result};
use crate::format::timestamp::parse_duration;
use crate::plan::command::Overrides;
use crate::plan::flags;
use crate::plan::health::Wanted;
use crate::plan::options::{Mount, Network, Options, Restart, Seccomp};
use crate::plan::userns;
use crate::settings::Settings;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Container options")]
pub(crate) struct ContainerOptions {
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    fixed_limits: FixedLimitOptions,
    /// Add a host to /etc/hosts (name:address)
    #[arg(long, value_name = "HOST:IP")]
    add_host: Vec<String>,
    /// Annotation of the bundle, for the runtime and its hooks
    #[arg(long, value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// Attach only these of stdin, stdout and stderr
    #[arg(short, long, value_name = "STREAM", ignore_case = true, value_parser = ["stdin", "stdout", "stderr"])]
    pub(crate) attach: Vec<String>,
    /// Add a capability
    #[arg(long, value_name = "CAP")]
    cap_add: Vec<String>,
    /// Drop a capability
    #[arg(long, value_name = "CAP")]
    cap_drop: Vec<String>,
    /// Cgroup to make the container's in (default corten)
    #[arg(long, value_name = "CGROUP")]
    cgroup_parent: Option<String>,
    /// Cgroup namespace (default private with cgroup v2, host otherwise)
    #[arg(long, value_name = "MODE", value_parser = ["private", "host"])]
    cgroupns: Option<String>,
    /// Write the container's id to this file, which must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) cidfile: Option<String>,
    /// Add a device of the host (source[:target[:rwm]])
    #[arg(long, value_name = "DEVICE")]
    device: Vec<String>,
    /// Rule of the devices' cgroup, such as 'c 10:229 rwm'
    #[arg(long, value_name = "RULE")]
    device_cgroup_rule: Vec<String>,
    /// Name server
    #[arg(long, value_name = "IP")]
    dns: Vec<String>,
    /// Option of the resolver
    #[arg(long, visible_alias = "dns-opt", value_name = "OPTION")]
    dns_option: Vec<String>,
    /// Domain to search for names; . is none
    #[arg(long, value_name = "DOMAIN")]
    dns_search: Vec<String>,
    /// NIS domain name
    #[arg(long, value_name = "NAME")]
    domainname: Option<String>,
    /// Replace the image's entrypoint
    #[arg(long, value_name = "PROGRAM")]
    entrypoint: Option<String>,
    /// Set an environment variable; a name alone takes the value from here
    #[arg(short, long, value_name = "NAME[=VALUE]", allow_hyphen_values = true)]
    env: Vec<String>,
    /// Read environment variables from a file
    #[arg(long, value_name = "FILE")]
    env_file: Vec<String>,
    /// Port or range of ports that the container listens on; only a note
    #[arg(long, value_name = "PORT[/PROTOCOL]")]
    expose: Vec<String>,
    /// Id of the container, id of the host, how many: groups with --userns private
    #[arg(long, value_name = "ID:HOST[:COUNT]")]
    gidmap: Vec<String>,
    /// Add a group to the process
    #[arg(long, value_name = "GROUP")]
    group_add: Vec<String>,
    /// Command line that tells whether the container is well
    #[arg(long, value_name = "COMMAND")]
    health_cmd: Option<String>,
    /// Time between two health checks (default 30s)
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    health_interval: Option<String>,
    /// Failures in a row that mean unhealthy (default 3)
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    health_retries: Option<i64>,
    /// Time between two health checks in the start period (default 5s)
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    health_start_interval: Option<String>,
    /// Time after the start in which failures do not count (default 0s)
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    health_start_period: Option<String>,
    /// Time that one health check may take (default 30s)
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    health_timeout: Option<String>,
    /// Host name
    #[arg(short = 'h', long, value_name = "NAME")]
    hostname: Option<String>,
    /// Run a small init that passes on signals and reaps processes
    #[arg(long)]
    init: bool,
    /// Keep standard input open
    #[arg(short, long)]
    pub(crate) interactive: bool,
    /// IPC namespace
    #[arg(long, value_name = "MODE", value_parser = ["private", "host", "none", "shareable"])]
    ipc: Option<String>,
    /// Set a label
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    label: Vec<String>,
    /// Read labels from a file
    #[arg(long, value_name = "FILE")]
    label_file: Vec<String>,
    /// How the output is kept: json-file (the default), k8s-file, journald or none
    #[arg(long, value_name = "DRIVER")]
    log_driver: Option<String>,
    /// Option of the log driver: max-size=BYTES, max-file=NUMBER, compress=true, mode=non-blocking, max-buffer-size=BYTES;
    /// in each record: tag=TEMPLATE, labels=NAMES, labels-regex=PATTERN, env=NAMES, env-regex=PATTERN
    #[arg(long, value_name = "NAME=VALUE")]
    log_opt: Vec<String>,
    /// Mount something (type=bind|tmpfs|volume,source=…,target=…,readonly,…)
    #[arg(long, value_name = "MOUNT")]
    mount: Vec<String>,
    /// Name of the container
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Network: none (a loopback device only; the default) or host
    #[arg(long, visible_alias = "net", value_name = "NETWORK")]
    network: Option<String>,
    /// Run no health check, whatever the image says
    #[arg(long)]
    no_healthcheck: bool,
    /// Adjust the OOM killer's preference (-1000 to 1000)
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true, value_parser = clap::value_parser!(i32).range(-1000..=1000))]
    oom_score_adj: Option<i32>,
    /// PID namespace
    #[arg(long, value_name = "MODE", value_parser = ["private", "host"])]
    pid: Option<String>,
    /// Platform of the image, if it has several (os/arch[/variant])
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
    /// All capabilities and devices, no seccomp, nothing masked
    #[arg(long)]
    privileged: bool,
    /// When to pull the image
    #[arg(long, value_name = "WHEN", default_value = "missing", value_parser = ["always", "missing", "never"])]
    pub(crate) pull: String,
    /// Say nothing about pulling
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// The root file system cannot be written
    #[arg(long)]
    read_only: bool,
    /// When to run it again after it ended: no, on-failure[:MAX], always, unless-stopped
    #[arg(long, value_name = "POLICY", default_value = "no")]
    restart: String,
    /// Remove the container when it exits
    #[arg(long)]
    pub(crate) rm: bool,
    /// Security option: seccomp=unconfined, seccomp=FILE, no-new-privileges
    #[arg(long, value_name = "OPTION")]
    security_opt: Vec<String>,
    /// Size of /dev/shm
    #[arg(long, value_name = "BYTES")]
    shm_size: Option<String>,
    /// Signal that stops the container
    #[arg(long, value_name = "SIGNAL")]
    stop_signal: Option<String>,
    /// Seconds between the stop signal and SIGKILL
    #[arg(long, value_name = "SECONDS")]
    stop_timeout: Option<u64>,
    /// Kernel parameter of the container's namespaces
    #[arg(long, value_name = "NAME=VALUE")]
    sysctl: Vec<String>,
    /// Mount memory (target[:options])
    #[arg(long, value_name = "TARGET")]
    tmpfs: Vec<String>,
    /// Give the container a terminal
    #[arg(short, long)]
    pub(crate) tty: bool,
    /// Id of the container, id of the host, how many: users with --userns private, and groups without --gidmap
    #[arg(long, value_name = "ID:HOST[:COUNT]")]
    uidmap: Vec<String>,
    /// Resource limit (name=soft[:hard])
    #[arg(long, value_name = "LIMIT")]
    ulimit: Vec<String>,
    /// User (name or number[:group])
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// User namespace: host (the default), auto[:size=NUMBER] (ids that no other container has), private (with --uidmap)
    #[arg(long, value_name = "MODE")]
    userns: Option<String>,
    /// UTS namespace
    #[arg(long, value_name = "MODE", value_parser = ["private", "host"])]
    uts: Option<String>,
    /// Mount a directory or file of the host (source:target[:ro]), or make a volume (target)
    #[arg(short, long, value_name = "VOLUME")]
    volume: Vec<String>,
    /// Mount what another container has mounted (container[:ro])
    #[arg(long, value_name = "CONTAINER")]
    volumes_from: Vec<String>,
    /// Working directory
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Image to make the container of, then a command and its arguments in place of the image's
    // One argument, not two: whatever follows the image is the command's, even when it looks like an option.
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["IMAGE", "COMMAND"], help_heading = "Arguments")]
    words: Vec<String>,
}

impl ContainerOptions {
    /// The image's name as typed.
    pub(crate) fn image(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// What is asked for.
    ///
    /// # Errors
    /// When a value is malformed or a file cannot be read.
    pub(crate) fn request(&self, settings: &Settings) -> Result<Request> {
        Ok(Request {
            name: self.name.clone(),
            image_name: self.image().to_owned(),
            overrides: self.overrides()?,
            options: self.options()?,
            volumes_from: self.volumes_from.clone(),
            runtime: settings.runtime.clone(),
            driver: settings.storage_driver,
        })
    }

    fn overrides(&self) -> Result<Overrides> {
        if let Some(signal) = &self.stop_signal {
            flags::signal(signal)?;
        }
        let mut labels = std::collections::BTreeMap::new();
        for file in &self.label_file {
            labels.extend(flags::labels(flags::file_lines(&read(file)?))?);
        }
        labels.extend(flags::labels(self.label.iter().map(String::as_str))?);
        Ok(Overrides {
            args: self.words.iter().skip(1).cloned().collect(),
            entrypoint: self.entrypoint.clone(),
            env: environment::typed(&self.env_file, &self.env)?,
            working_dir: self.workdir.clone(),
            user: self.user.clone(),
            labels,
            exposed_ports: parse_all(&self.expose, flags::exposed)?.concat(),
            stop_signal: self.stop_signal.clone(),
            stop_timeout: self.stop_timeout,
            health: self.health()?,
        })
    }

    fn options(&self) -> Result<Options> {
        let (seccomp, no_new_privileges) = security(&self.security_opt)?;
        let all = |values: &[String]| values.to_vec();
        Ok(Options {
            tty: self.tty,
            stdin: self.interactive,
            stdin_once: self.interactive && self.attaches("stdin"),
            auto_remove: self.rm,
            hostname: self.hostname.as_deref().map(host_name).transpose()?.flatten(),
            domainname: self.domainname.clone(),
            mounts: self.mounts()?,
            read_only: self.read_only,
            cap_add: all(&self.cap_add),
            cap_drop: all(&self.cap_drop),
            privileged: self.privileged,
            network: network(self.network.as_deref())?,
            host_pid: self.pid.as_deref() == Some("host"),
            host_ipc: self.ipc.as_deref() == Some("host"),
            host_cgroup: self.cgroupns.as_deref().map(|mode| mode == "host"),
            host_uts: self.uts.as_deref() == Some("host"),
            seccomp,
            no_new_privileges,
            ulimits: parse_all(&self.ulimit, flags::ulimit)?,
            devices: parse_all(&self.device, flags::device)?,
            groups: all(&self.group_add),
            sysctls: flags::labels(self.sysctl.iter().map(String::as_str))?,
            oom_score_adj: self.oom_score_adj,
            shm_size: self.shm_size.as_deref().map(flags::size).transpose()?,
            resources: self.fixed_limits.added_to(self.limits.limits()?)?,
            cgroup_parent: self
                .cgroup_parent
                .as_deref()
                .map(flags::cgroup_parent)
                .transpose()?,
            annotations: flags::labels(self.annotation.iter().map(String::as_str))?,
            device_rules: parse_all(&self.device_cgroup_rule, flags::device_rule)?,
            dns_options: all(&self.dns_option),
            dns_search: all(&self.dns_search),
            init: self.init,
            hosts: parse_all(&self.add_host, flags::host)?,
            dns: parse_all(&self.dns, flags::name_server)?,
            log: flags::log(self.log_driver.as_deref(), &self.log_opt)?,
            restart: self.restart_policy()?,
            userns: userns::parse(self.userns.as_deref(), &self.uidmap, &self.gidmap)?,
        })
    }

    fn restart_policy(&self) -> Result<Restart> {
        let restart = flags::restart(&self.restart)?;
        if self.rm && restart != Restart::default() {
            return Err(usage(
                "conflicting options: cannot specify both --restart and --rm".into(),
            ));
        }
        Ok(restart)
    }

    fn health(&self) -> Result<Wanted> {
        let time = |name: &str, text: &Option<String>| {
            match text {
            Some(text) if text.starts_with('-') => Err(usage(format!("--health-{name} cannot be negative"))),
            Some(text) => match parse_duration(text) {
                Some(time) => Ok(Some(time)),
                // As Go has it, 0 needs no unit.
                None if text == "0" => Ok(None),
                None => Err(usage(format!(
                    "invalid argument \"{text}\" for \"--health-{name}\" flag: time: invalid duration \"{text}\""
                ))
                .hint("a duration has a unit: 500ms, 30s, 1m30s")),
            },
            None => Ok(None),
        }
        };
        Ok(Wanted {
            none: self.no_healthcheck,
            command: self.health_cmd.clone().filter(|command| !command.is_empty()),
            interval: time("interval", &self.health_interval)?,
            timeout: time("timeout", &self.health_timeout)?,
            start_period: time("start-period", &self.health_start_period)?,
            start_interval: time("start-interval", &self.health_start_interval)?,
            retries: self.health_retries,
        })
    }

    /// Whether this stream is attached: without `--attach` every one is.
    pub(crate) fn attaches(&self, stream: &str) -> bool {
        self.attach.is_empty() || self.attach.iter().any(|name| name.eq_ignore_ascii_case(stream))
    }

    fn mounts(&self) -> Result<Vec<Mount>> {
        let mut mounts = Vec::new();
        for volume in &self.volume {
            mounts.push(flags::volume(&absolute_source(volume)?)?);
        }
        mounts.extend(parse_all(&self.mount, flags::mount)?);
        mounts.extend(parse_all(&self.tmpfs, flags::tmpfs)?);
        Ok(mounts)
    }
}

fn usage(message: String) -> Error {
    Error::new(Kind::Usage, message)
}

fn parse_all<T>(values: &[String], parse: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    values.iter().map(|value| parse(value)).collect()
}

/// An empty name is none.
fn host_name(text: &str) -> Result<Option<String>> {
    match text {
        "" => Ok(None),
        text => flags::host_name(text).map(|name| Some(name.to_owned())),
    }
}

fn network(name: Option<&str>) -> Result<Network> {
    match name {
        None | Some("none") => Ok(Network::None),
        Some("host") => Ok(Network::Host),
        Some(other) => Err(usage(format!("network {other} not found"))
            .hint("there are 'none' and 'host'; bridges are not supported yet")),
    }
}

fn security(options: &[String]) -> Result<(Seccomp, bool)> {
    let mut seccomp = Seccomp::default();
    let mut no_new_privileges = false;
    for option in options {
        let (key, value) = option
            .split_once('=')
            .or_else(|| option.split_once(':'))
            .unwrap_or((option, ""));
        match (key, value) {
            ("no-new-privileges", "" | "true") => no_new_privileges = true,
            ("no-new-privileges", "false") => no_new_privileges = false,
            ("seccomp", "unconfined") => seccomp = Seccomp::Unconfined,
            ("seccomp", "builtin") => seccomp = Seccomp::Builtin,
            ("seccomp", file) => {
                let profile = serde_json::from_str(&read(file)?)
                    .map_err(|error| usage(format!("decoding seccomp profile failed: {file}: {error}")))?;
                seccomp = Seccomp::Profile(profile);
            }
            // There is neither AppArmor nor SELinux confinement yet, so these ask for what is.
            ("apparmor", "unconfined") | ("label", "disable") => {}
            _ => {
                return Err(usage(format!("invalid --security-opt: \"{option}\""))
                    .hint("there are seccomp=unconfined, seccomp=FILE and no-new-privileges"));
            }
        }
    }
    Ok((seccomp, no_new_privileges))
}

/// `./data:/data` means the directory here.
fn absolute_source(volume: &str) -> Result<String> {
    match volume.split_once(':') {
        Some((source, rest)) if source.starts_with('.') => {
            let source = std::path::absolute(source)
                .map_err(|error| Error::io(format!("the path {source}"), &error))?;
            Ok(format!(
                "{}:{rest}",
                crate::plan::clean_path(&source.to_string_lossy())
            ))
        }
        _ => Ok(volume.to_owned()),
    }
}
