//! Effects through systemd: starts, changes and stops the scope that has a container's groups.
//!
//! The methods are org.freedesktop.systemd1(5)'s. Each call waits for the end of its job, which systemd announces,
//! at most for [`PATIENCE`].

mod address;
mod bus;

pub use bus::Bus;

use crate::dbus::Value;
use crate::error::{Context, Error, Kind, Result};
use crate::host::cgroup as host;
use crate::plan::cgroup::systemd::{Manager, Property, Scope, Target, Unit};
use bus::Refusal;
use std::time::Duration;

/// How long systemd may take for one request: as long as other runtimes give it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Properties that older versions of systemd do not know, and that only repeat a written limit.
const OPTIONAL: [&str; 4] = [
    "AllowedCPUs",
    "AllowedMemoryNodes",
    "CPUQuotaPeriodUSec",
    "CPUWeight",
];

/// The systemd that makes a container's groups; `user` decides which if it is given.
///
/// # Errors
/// When the user's systemd cannot be asked where its groups are.
pub fn find(layout: &host::Layout, user: Option<bool>) -> Result<Target> {
    let user = user.unwrap_or_else(|| host::is_unprivileged() && (!is_root() || address::has_user_bus()));
    let manager = if user { Manager::User } else { Manager::System };
    let base = match manager {
        Manager::System => host::base_of_init(layout),
        Manager::User => user_base()?,
    };
    let base = base.trim_matches('/').to_owned();
    let controllers = host::controllers_below(layout, &base)?;
    Ok(Target {
        manager,
        base,
        controllers,
    })
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The group of the user's systemd.
fn user_base() -> Result<String> {
    let mut bus = connect(Manager::User)?;
    let arguments =
        ["org.freedesktop.systemd1.Manager", "ControlGroup"].map(|text| Value::String(text.into()));
    let answer = bus
        .call("org.freedesktop.DBus.Properties", "Get", &arguments)?
        .map_err(|refusal| explain(&refusal, "find the group of the user's systemd"))?;
    match answer.first().and_then(Value::as_str) {
        Some(path) => Ok(path.to_owned()),
        None => Err(Error::new(Kind::System, "systemd's ControlGroup is not a text")),
    }
}

/// Connects to a systemd and introduces this process.
///
/// # Errors
/// When there is no such systemd, or it cannot be reached.
pub fn connect(manager: Manager) -> Result<Bus> {
    Bus::connect(manager, PATIENCE)
}

/// Starts a scope with a process in it; returns when the process is in its groups.
///
/// # Errors
/// systemd's refusal, or its silence.
pub fn start(bus: &mut Bus, scope: &Scope, pid: i32) -> Result<()> {
    let name = &scope.unit.name;
    let mut properties: Vec<&Property> = scope.properties.iter().collect();
    let mut reset = false;
    loop {
        match bus.job("StartTransientUnit", &start_arguments(name, &properties, pid))? {
            Ok(result) if result == "done" => return Ok(()),
            Ok(result) => {
                let message = format!("systemd could not start {name}: its job ended as {result:?}");
                return Err(Error::new(Kind::System, message).hint(format!("see journalctl -u {name}")));
            }
            // What is left of an earlier scope of this name, with nobody in it.
            Err(refusal) if refusal.is("UnitExists") && !reset => {
                reset = true;
                drop(bus.call(bus::MANAGER, "ResetFailedUnit", &[Value::String(name.clone())])?);
            }
            Err(refusal) => match unknown_optional(&refusal) {
                Some(unknown) if properties.iter().any(|property| property.name == unknown) => {
                    properties.retain(|property| property.name != unknown);
                }
                _ => return Err(explain(&refusal, &format!("start the systemd unit {name}"))),
            },
        }
    }
}

fn start_arguments(name: &str, properties: &[&Property], pid: i32) -> [Value; 4] {
    let process = Property {
        name: "PIDs".to_owned(),
        value: Value::Array("u".to_owned(), vec![Value::Uint32(pid.unsigned_abs())]),
    };
    let all = properties
        .iter()
        .copied()
        .chain([&process])
        .map(Property::to_value);
    [
        Value::String(name.to_owned()),
        Value::String("replace".to_owned()),
        Value::Array("(sv)".to_owned(), all.collect()),
        Value::Array("(sa(sv))".to_owned(), Vec::new()),
    ]
}

/// Changes properties of a unit until it ends.
///
/// # Errors
/// systemd's refusal, or its silence.
pub fn set_properties(unit: &Unit, properties: &[Property]) -> Result<()> {
    let mut bus = connect(unit.manager)?;
    let mut properties: Vec<&Property> = properties.iter().collect();
    while !properties.is_empty() {
        let list = properties.iter().map(|property| property.to_value()).collect();
        let arguments = [
            Value::String(unit.name.clone()),
            Value::Boolean(true),
            Value::Array("(sv)".to_owned(), list),
        ];
        let Err(refusal) = bus.call(bus::MANAGER, "SetUnitProperties", &arguments)? else {
            break;
        };
        match unknown_optional(&refusal) {
            Some(unknown) if properties.iter().any(|property| property.name == unknown) => {
                properties.retain(|property| property.name != unknown);
            }
            _ => {
                return Err(explain(
                    &refusal,
                    &format!("change the systemd unit {}", unit.name),
                ));
            }
        }
    }
    Ok(())
}

/// Ends a unit whose processes have ended, and has systemd forget it. One that is gone is fine, and so is one whose
/// systemd is gone.
///
/// # Errors
/// systemd's refusal, or its silence.
pub fn stop(unit: &Unit) -> Result<()> {
    let mut bus = match connect(unit.manager) {
        Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::ECONNREFUSED)) => return Ok(()),
        connected => connected?,
    };
    let what = || format!("stop the systemd unit {}", unit.name);
    let name = Value::String(unit.name.clone());
    let mode = Value::String("replace".to_owned());
    match bus.job("StopUnit", &[name.clone(), mode]).context(what)? {
        Err(refusal) if refusal.is("NoSuchUnit") || refusal.is_denied() => return Ok(()), // never was, or not ours
        Err(refusal) => return Err(explain(&refusal, &what())),
        Ok(_) => {}
    }
    // A scope that was killed stays as failed until it is reset; others are forgotten by now.
    bus.call(bus::MANAGER, "ResetFailedUnit", &[name])
        .context(what)
        .map(drop)
}

/// The optional property that this systemd does not know, if that is what it says.
fn unknown_optional(refusal: &Refusal) -> Option<&'static str> {
    let about_properties = refusal.is("PropertyReadOnly") || refusal.is("UnknownProperty");
    let mut names = OPTIONAL.into_iter();
    names.find(|name| about_properties && refusal.message.split([' ', ',']).any(|word| word == *name))
}

fn explain(refusal: &Refusal, what: &str) -> Error {
    let error = |kind| {
        Error::new(
            kind,
            format!("{what}: systemd says: {} ({})", refusal.message, refusal.name),
        )
    };
    if refusal.is("UnitExists") {
        error(Kind::Exists)
            .hint("another container or service has this unit: choose another linux.cgroupsPath")
    } else if refusal.is_denied() {
        error(Kind::System).hint("only root may ask the machine's systemd; a user needs his own (--rootless=true, XDG_RUNTIME_DIR set)")
    } else {
        error(Kind::System)
    }
}

#[cfg(test)]
mod tests;
