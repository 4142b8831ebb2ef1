//! A container as docker's `inspect` shows it.

use serde_json::{Map, Value, json};

use super::layout::Containers;
use super::logs;
use super::record::Record;
use super::status::Status;
use crate::plan::command;
use crate::plan::options::{LogDriver, Mount, Options, Seccomp};

/// What docker writes for a time that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";
/// The exit code of a container whose end nobody saw. No process can have it.
const UNKNOWN: i32 = -1;

/// Everything about a container. Lock-free.
pub(crate) fn details(containers: &Containers, record: &Record) -> Value {
    let directory = containers.directory(&record.id);
    let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let argv = command::argv(&record.config);
    let (program, args) = argv
        .split_first()
        .map_or(("", [].as_slice()), |(program, args)| (program.as_str(), args));
    json!({
        "Id": record.id,
        "Created": record.created,
        "Path": program,
        "Args": args,
        "State": state(&Status::of(containers, &record.id)),
        "Image": record.image,
        "ResolvConfPath": path("etc/resolv.conf"),
        "HostnamePath": path("etc/hostname"),
        "HostsPath": path("etc/hosts"),
        "LogPath": match record.options.log.driver {
            LogDriver::None => String::new(),
            _ => path(logs::FILE),
        },
        "Name": format!("/{}", record.name),
        "RestartCount": 0,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": null,
        "HostConfig": host_config(record),
        "GraphDriver": {
            "Name": "overlay2",
            "Data": {"UpperDir": path("upper"), "WorkDir": path("work"), "MergedDir": path("rootfs")},
        },
        "Mounts": mounts(record, &directory.to_string_lossy()),
        "Config": config(record),
        "NetworkSettings": network(record),
        "Bundle": directory.to_string_lossy(),
    })
}

fn state(status: &Status) -> Value {
    let mut state = json!({
        "Status": status.word(), "Running": status.is_running(), "Paused": matches!(status, Status::Running { paused: true, .. }), "Restarting": false,
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
            ..
        } => {
            state["Pid"] = (*pid).into();
            state["StartedAt"] = started_at.as_str().into();
            if *orphaned {
                state["Error"] = "the shim is gone: the exit code will not be recorded".into();
            }
        }
        Status::Exited(exit) => {
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
    state
}

fn host_config(record: &Record) -> Value {
    let options = &record.options;
    let resources = &options.resources;
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
    json!({
        "Binds": binds(options),
        "LogConfig": {"Type": options.log.driver.name(), "Config": options.log.typed},
        "NetworkMode": options.network.name(),
        "PortBindings": {},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": options.auto_remove,
        "CapAdd": options.cap_add,
        "CapDrop": options.cap_drop,
        "Dns": options.dns,
        "ExtraHosts": hosts,
        "GroupAdd": options.groups,
        "IpcMode": if options.host_ipc { "host" } else { "private" },
        "PidMode": host(options.host_pid),
        "UTSMode": host(options.host_uts),
        "UsernsMode": "",
        "OomScoreAdj": options.oom_score_adj.unwrap_or(0),
        "Privileged": options.privileged,
        "ReadonlyRootfs": options.read_only,
        "SecurityOpt": security_options(options),
        "ShmSize": options.shm_size.unwrap_or(64 << 20),
        "Sysctls": options.sysctls,
        "Tmpfs": tmpfs(options),
        "Runtime": record.runtime,
        "Init": options.init,
        "Memory": resources.memory.unwrap_or(0),
        "MemorySwap": resources.memory_swap.unwrap_or_else(|| resources.memory.unwrap_or(0).saturating_mul(2)),
        "NanoCpus": resources.nano_cpus.unwrap_or(0),
        "CpuShares": resources.cpu_shares.unwrap_or(0),
        "PidsLimit": resources.pids,
        "Ulimits": ulimits,
        "Devices": devices,
    })
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
    })
}

fn network(record: &Record) -> Value {
    let name = record.options.network.name();
    json!({
        "IPAddress": "", "Gateway": "", "MacAddress": "", "Ports": {},
        "Networks": {name: {"IPAddress": "", "Gateway": "", "MacAddress": ""}},
    })
}
