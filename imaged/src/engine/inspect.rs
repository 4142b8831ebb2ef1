//! A container as docker's `inspect` shows it.

use serde_json::{Map, Value, json};

use super::facts;
use super::layout::Containers;
use super::record::Record;
use super::status::{ShimFile, Status};
use super::{commit, health, logs};
use crate::error::Result;
use crate::plan::options::{DeviceNumber, Mount, Options, Resources, Seccomp};
use crate::plan::{self, command, resources};
use crate::settings::StorageDriver;
use crate::store::Store;

/// What docker writes for a time that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// The exit code of a container whose end nobody saw. No process can have it.
const UNKNOWN: i32 = -1;

/// The bytes of the files that a container changed, and of all its files.
///
/// # Errors
/// When the image is gone.
pub(crate) fn sizes(containers: &Containers, store: &Store, record: &Record) -> Result<(u64, u64)> {
    let written = commit::changes(containers, store, record)?.bytes()?;
    let image = store.image_of_container(&record.image.parse()?)?;
    Ok((written, written + image.size))
}

/// Everything about a container. Lock-free.
pub(crate) fn details(containers: &Containers, store: &Store, record: &Record) -> Value {
    let directory = containers.directory(&record.id);
    let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let argv = command::argv(&record.config);
    let status = Status::of(containers, &record.id);
    let (program, args) = argv
        .split_first()
        .map_or(("", [].as_slice()), |(program, args)| (program.as_str(), args));
    json!({
        "Id": record.id,
        "Created": record.created,
        "Path": program,
        "Args": args,
        "State": state(containers, record, &status),
        "Image": record.image,
        "ResolvConfPath": path("etc/resolv.conf"),
        "HostnamePath": path("etc/hostname"),
        "HostsPath": path("etc/hosts"),
        "LogPath": match record.options.log.driver {
            driver if driver.is_file() => path(logs::FILE),
            _ => String::new(),
        },
        "Name": format!("/{}", record.name),
        "RestartCount": restart_count(containers, record, &status),
        "Driver": record.driver.name(),
        "Platform": "linux",
        "ImageManifestDescriptor": manifest(store, record),
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "HostConfig": host_config(record),
        "GraphDriver": {
            "Name": record.driver.name(),
            "Data": match record.driver {
                StorageDriver::Overlay2 => {
                    json!({"UpperDir": path("upper"), "WorkDir": path("work"), "MergedDir": path("rootfs")})
                }
                StorageDriver::Vfs => Value::Null,
            },
        },
        "Mounts": mounts(record, &directory.to_string_lossy()),
        "Config": config(record),
        "NetworkSettings": network(record),
        "Bundle": directory.to_string_lossy(),
    })
}

/// The descriptor of the image's manifest, as far as the image is still there.
fn manifest(store: &Store, record: &Record) -> Value {
    let image = record.image.parse().and_then(|id| store.image_of_container(&id));
    image
        .and_then(|image| store.descriptor(&image))
        .unwrap_or(Value::Null)
}

fn restart_count(containers: &Containers, record: &Record, status: &Status) -> u32 {
    match status {
        Status::Exited(exit) | Status::Restarting(exit) => exit.restart_count,
        _ => ShimFile::read(&containers.shim_directory(&record.id)).map_or(0, |shim| shim.restart_count()),
    }
}

fn state(containers: &Containers, record: &Record, status: &Status) -> Value {
    let mut state = json!({
        "Status": status.word(), "Running": status.is_running(), "Paused": matches!(status, Status::Running { paused: true, .. }), "Restarting": matches!(status, Status::Restarting(_)),
        "OOMKilled": false, "Dead": false, "Pid": 0, "ExitCode": 0, "Error": "",
        "StartedAt": NEVER, "FinishedAt": NEVER,
    });
    match status {
        Status::Created { failure: None } => {}
        Status::Created {
            failure: Some(failure),
        } => {
            state["ExitCode"] = failure.exit_code.into();
            state["Error"] = failure.error.as_deref().unwrap_or_default().into();
        }
        Status::Running {
            pid,
            started_at,
            orphaned,
            unresponsive,
            ..
        } => {
            state["Pid"] = (*pid).into();
            state["StartedAt"] = started_at.as_str().into();
            if *orphaned {
                state["Error"] = "the shim is gone: the exit code will not be recorded".into();
            } else if *unresponsive {
                state["Error"] = "the shim is stopped and answers nobody: SIGCONT wakes it".into();
            }
        }
        Status::Exited(exit) | Status::Restarting(exit) => {
            state["Error"] = exit.error.as_deref().unwrap_or_default().into();
            state["ExitCode"] = exit.exit_code.into();
            state["OOMKilled"] = exit.oom_killed.into();
            state["StartedAt"] = exit.started_at.as_deref().unwrap_or(NEVER).into();
            state["FinishedAt"] = exit.finished_at.as_deref().unwrap_or(NEVER).into();
        }
        Status::Lost { started_at } => {
            state["ExitCode"] = UNKNOWN.into();
            state["StartedAt"] = started_at.as_str().into();
            state["Error"] = "the exit code is unknown: the shim was gone when the container ended".into();
        }
    }
    if let Some(health) = health::details(containers, record, status) {
        state["Health"] = health;
    }
    state
}

fn host_config(record: &Record) -> Value {
    let options = &record.options;
    let host = |host: bool| if host { "host" } else { "" };
    let hosts: Vec<String> = options
        .hosts
        .iter()
        .map(|host| format!("{}:{}", host.name, host.address))
        .collect();
    let ulimits: Vec<Value> = options
        .ulimits
        .iter()
        .map(|ulimit| json!({"Name": ulimit.name, "Soft": ulimit.soft, "Hard": ulimit.hard}))
        .collect();
    let devices: Vec<Value> = options
        .devices
        .iter()
        .map(|device| {
            json!({"PathOnHost": device.source, "PathInContainer": device.target,
                   "CgroupPermissions": device.access})
        })
        .collect();
    let mut config = json!({
        "Binds": binds(options),
        "Mounts": [],
        "ContainerIDFile": "",
        "LogConfig": {"Type": options.log.driver.name(), "Config": options.log.typed},
        "NetworkMode": options.network.name(),
        "PortBindings": {},
        "PublishAllPorts": false,
        "RestartPolicy": {"Name": options.restart.policy.name(), "MaximumRetryCount": options.restart.maximum},
        "AutoRemove": options.auto_remove,
        "CgroupParent": options.cgroup_parent.as_deref().unwrap_or_default(),
        "DeviceCgroupRules": options.device_rules,
        "DeviceRequests": null,
        "Isolation": "",
        "VolumeDriver": "",
        "VolumesFrom": null,
        "ConsoleSize": [0, 0],
        "Annotations": options.annotations,
    });
    let security = json!({
        "CapAdd": options.cap_add,
        "CapDrop": options.cap_drop,
        "CgroupnsMode": cgroup_namespace(options),
        "Dns": options.dns,
        "DnsOptions": options.dns_options,
        "DnsSearch": options.dns_search,
        "ExtraHosts": hosts,
        "GroupAdd": options.groups,
        "IpcMode": if options.host_ipc { "host" } else { "private" },
        "Cgroup": "",
        "Links": null,
        "PidMode": host(options.host_pid),
        "UTSMode": host(options.host_uts),
        "UsernsMode": options.userns.typed,
        "OomScoreAdj": options.oom_score_adj.unwrap_or(0),
        "Privileged": options.privileged,
        "ReadonlyRootfs": options.read_only,
        "SecurityOpt": security_options(options),
        "StorageOpt": {},
        "ShmSize": options.shm_size.unwrap_or(64 << 20),
        "Sysctls": options.sysctls,
        "Tmpfs": tmpfs(options),
        "Runtime": record.runtime,
        "Init": options.init,
        "Ulimits": ulimits,
        "Devices": devices,
        "MaskedPaths": if options.privileged { json!([]) } else { json!(plan::bundle::MASKED) },
        "ReadonlyPaths": if options.privileged { json!([]) } else { json!(plan::bundle::READ_ONLY) },
    });
    if let (Some(config), Value::Object(security)) = (config.as_object_mut(), security) {
        config.extend(security);
        config.extend(limits(&options.resources));
    }
    config
}

fn cgroup_namespace(options: &Options) -> &'static str {
    match options.host_cgroup {
        Some(true) => "host",
        Some(false) => "private",
        None if facts::has_cgroup2_alone() && !options.privileged => "private",
        None => "host",
    }
}

/// The limits by docker's names; zero and the empty text are no limit.
fn limits(limits: &Resources) -> Map<String, Value> {
    let devices = |limits: &[DeviceNumber], word: &str| -> Vec<Value> {
        let limit = |limit: &DeviceNumber| json!({"Path": limit.path, word: limit.number});
        limits.iter().map(limit).collect()
    };
    let all = [
        ("Memory", limits.memory.unwrap_or(0).into()),
        ("MemoryReservation", limits.memory_reservation.unwrap_or(0).into()),
        (
            "MemorySwap",
            resources::memory_and_swap(limits).unwrap_or(0).into(),
        ),
        ("MemorySwappiness", limits.memory_swappiness.into()),
        ("OomKillDisable", limits.oom_kill_disable.into()),
        ("NanoCpus", limits.nano_cpus.unwrap_or(0).into()),
        ("CpuShares", limits.cpu_shares.unwrap_or(0).into()),
        ("CpuPeriod", limits.cpu_period.unwrap_or(0).into()),
        ("CpuQuota", limits.cpu_quota.unwrap_or(0).into()),
        ("CpuRealtimePeriod", limits.cpu_rt_period.unwrap_or(0).into()),
        ("CpuRealtimeRuntime", limits.cpu_rt_runtime.unwrap_or(0).into()),
        (
            "CpusetCpus",
            limits.cpuset_cpus.as_deref().unwrap_or_default().into(),
        ),
        (
            "CpusetMems",
            limits.cpuset_mems.as_deref().unwrap_or_default().into(),
        ),
        ("CpuCount", 0.into()),
        ("CpuPercent", 0.into()),
        ("IOMaximumIOps", 0.into()),
        ("IOMaximumBandwidth", 0.into()),
        ("PidsLimit", limits.pids.into()),
        ("BlkioWeight", limits.blkio_weight.unwrap_or(0).into()),
        (
            "BlkioWeightDevice",
            devices(&limits.blkio_weight_device, "Weight").into(),
        ),
        (
            "BlkioDeviceReadBps",
            devices(&limits.device_read_bps, "Rate").into(),
        ),
        (
            "BlkioDeviceWriteBps",
            devices(&limits.device_write_bps, "Rate").into(),
        ),
        (
            "BlkioDeviceReadIOps",
            devices(&limits.device_read_iops, "Rate").into(),
        ),
        (
            "BlkioDeviceWriteIOps",
            devices(&limits.device_write_iops, "Rate").into(),
        ),
    ];
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn binds(options: &Options) -> Vec<String> {
    let bind = |mount: &Mount| match mount {
        Mount::Bind {
            source,
            target,
            read_only,
            ..
        } => Some(format!(
            "{source}:{target}{}",
            if *read_only { ":ro" } else { "" }
        )),
        _ => None,
    };
    options.mounts.iter().filter_map(bind).collect()
}

fn tmpfs(options: &Options) -> Map<String, Value> {
    let entry = |mount: &Mount| match mount {
        Mount::Tmpfs { target, options } => Some((target.clone(), options.join(",").into())),
        _ => None,
    };
    options.mounts.iter().filter_map(entry).collect()
}

fn security_options(options: &Options) -> Vec<&'static str> {
    let seccomp = match options.seccomp {
        Seccomp::Builtin => None,
        Seccomp::Unconfined => Some("seccomp=unconfined"),
        Seccomp::Profile(_) => Some("seccomp=profile"),
    };
    seccomp
        .into_iter()
        .chain(options.no_new_privileges.then_some("no-new-privileges"))
        .collect()
}

fn mounts(record: &Record, directory: &str) -> Vec<Value> {
    let mut volumes = 0;
    let mut mounts = Vec::new();
    for mount in &record.options.mounts {
        mounts.push(match mount {
            Mount::Bind { source, target, read_only, propagation, .. } => json!({
                "Type": "bind", "Source": source, "Destination": target, "Mode": if *read_only { "ro" } else { "" },
                "RW": !read_only, "Propagation": propagation.as_deref().unwrap_or("rprivate"),
            }),
            Mount::Tmpfs { target, .. } => json!({
                "Type": "tmpfs", "Source": "", "Destination": target, "Mode": "", "RW": true, "Propagation": "",
            }),
            Mount::Volume { target, read_only } => {
                let source = format!("{directory}/volumes/{volumes}");
                volumes += 1;
                json!({
                    "Type": "volume", "Name": format!("{}-{}", super::ids::short(&record.id), volumes - 1),
                    "Source": source, "Destination": target, "Driver": "local", "Mode": "", "RW": !read_only,
                    "Propagation": "",
                })
            }
        });
    }
    mounts
}

fn config(record: &Record) -> Value {
    let (config, options) = (&record.config, &record.options);
    let set = |names: &[String]| {
        names
            .iter()
            .map(|name| (name.clone(), json!({})))
            .collect::<Map<_, _>>()
    };
    json!({
        "Hostname": record.hostname,
        "Domainname": options.domainname.as_deref().unwrap_or_default(),
        "User": config.user,
        "AttachStdin": options.stdin,
        "AttachStdout": true,
        "AttachStderr": true,
        "ExposedPorts": set(&config.exposed_ports),
        "Tty": options.tty,
        "OpenStdin": options.stdin,
        "StdinOnce": options.stdin_once,
        "Env": config.env,
        "Cmd": config.cmd,
        "Healthcheck": config.healthcheck,
        "Image": record.image_name,
        "Volumes": set(&config.volumes),
        "WorkingDir": config.working_dir,
        "Entrypoint": (!config.entrypoint.is_empty()).then_some(&config.entrypoint),
        "Labels": config.labels,
        "StopSignal": config.stop_signal.as_deref().unwrap_or("SIGTERM"),
        "StopTimeout": config.stop_timeout,
        "OnBuild": (!config.on_build.is_empty()).then_some(&config.on_build),
        "Shell": (!config.shell.is_empty()).then_some(&config.shell),
    })
}

fn network(record: &Record) -> Value {
    let endpoint = json!({
        "IPAMConfig": null, "Links": null, "Aliases": null, "DriverOpts": null, "GwPriority": 0, "NetworkID": "",
        "EndpointID": "", "Gateway": "", "IPAddress": "", "MacAddress": "", "IPPrefixLen": 0, "IPv6Gateway": "",
        "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": null,
    });
    json!({
        "SandboxID": "", "SandboxKey": "", "IPAddress": "", "Gateway": "", "MacAddress": "", "Ports": {},
        "Networks": {record.options.network.name(): endpoint},
    })
}
