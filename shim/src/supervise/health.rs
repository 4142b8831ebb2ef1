//! The container's health check: probes started in time, watched, ended when they take too long, and judged.

use std::time::{Duration, Instant};

use super::Keeper;
use super::exec::Outcome;
use crate::contract::frame::{Exec as Wanted, Hello, Overflow};
use crate::contract::health::{Check, Probe};
use crate::contract::time::Timestamp;
use crate::machine::health::Health;
use crate::sys::files::{Durability, replace};

/// What is known of the container's health, in the shim's directory.
pub const FILE: &str = "health.json";
/// The exit code of a probe that had none.
const NO_CODE: i32 = -1;

/// Watches over one container's health.
pub struct Monitor {
    health: Health,
    /// When the container was started.
    started: Instant,
    /// When the next probe is due, or when the one that runs must have ended.
    due: Option<Instant>,
    running: Option<Running>,
    count: u64,
}

/// A probe that runs.
struct Running {
    /// Its id among the processes beside the container's own.
    id: String,
    at: Timestamp,
    began: Instant,
}

impl Monitor {
    /// A monitor of a container that was not started yet.
    pub fn new(check: Check) -> Self {
        Self {
            health: Health::new(check),
            started: Instant::now(),
            due: None,
            running: None,
            count: 0,
        }
    }

    /// When [`Keeper::on_health_due`] wants to be called.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Keeper {
    /// The container was started.
    pub(super) fn begin_health(&mut self) {
        let Some(monitor) = &mut self.health else { return };
        monitor.started = Instant::now();
        monitor.health.begin();
        monitor.due = Some(monitor.started + monitor.health.pause(Duration::ZERO));
        self.publish_health();
    }

    /// The container ended: no more probes.
    pub(super) fn end_health(&mut self) {
        if let Some(monitor) = &mut self.health {
            (monitor.due, monitor.running) = (None, None);
        }
    }

    /// A probe is due, or has taken too long.
    pub fn on_health_due(&mut self) {
        let Some(monitor) = &mut self.health else { return };
        if monitor.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        match &monitor.running {
            None => self.probe(),
            Some(running) => {
                let id = running.id.clone();
                let why = format!(
                    "Health check exceeded timeout ({:?})",
                    monitor.health.check().timeout
                );
                self.kill_exec(&id);
                self.judge(NO_CODE, why);
            }
        }
    }

    fn probe(&mut self) {
        let frozen = self.init.as_ref().is_some_and(|init| init.is_frozen());
        let Some(monitor) = &mut self.health else { return };
        let now = Instant::now();
        if frozen {
            // A probe would be frozen, too: whether a paused container is well is not asked.
            monitor.due = Some(now + monitor.health.check().interval);
            return;
        }
        monitor.count += 1;
        let id = format!("health-{}", monitor.count);
        monitor.due = Some(now + monitor.health.check().timeout);
        monitor.running = Some(Running {
            id: id.clone(),
            at: Timestamp::now(),
            began: now,
        });
        let process = monitor.health.check().process.clone();
        let path = self.request.dir.join(format!("exec-{id}.json"));
        let wanted = Wanted {
            id,
            tty: false,
            size: None,
            hello: Hello {
                stdin: false,
                stdout: true,
                stderr: true,
                overflow: Overflow::Drop,
                replay: false,
            },
        };
        match replace(&path, process.as_bytes(), Durability::Atomic) {
            Ok(()) => self.start_probe(wanted),
            Err(error) => self.judge(NO_CODE, error.to_string()),
        }
    }

    /// A probe is over.
    pub(super) fn probe_ended(&mut self, id: &str, outcome: Outcome) {
        let current = self.health.as_ref().and_then(|monitor| monitor.running.as_ref());
        // One that took too long was judged already.
        if current.is_none_or(|running| running.id != id) {
            return;
        }
        match outcome {
            Outcome::Ended { code, output } => self.judge(code, output),
            Outcome::Failed(reason) => self.judge(NO_CODE, reason.message),
        }
    }

    fn judge(&mut self, exit_code: i32, output: String) {
        let Some(monitor) = &mut self.health else { return };
        let Some(running) = monitor.running.take() else {
            return;
        };
        let probe = Probe {
            start: running.at,
            end: Timestamp::now(),
            exit_code,
            output,
        };
        let since_start = running.began.saturating_duration_since(monitor.started);
        let at = probe.end;
        let changed = monitor.health.result(probe, since_start);
        let now = Instant::now();
        let pause = monitor
            .health
            .pause(now.saturating_duration_since(monitor.started));
        monitor.due = Some(now + pause);
        self.publish_health();
        if let Some(status) = changed {
            self.tell_event(&format!("health_status: {}", status.name()), at, &[], false);
        }
    }

    fn publish_health(&self) {
        let Some(monitor) = &self.health else { return };
        let text = serde_json::to_vec(&monitor.health.report()).unwrap_or_default();
        // Only information for others, like shim.json.
        let _ = replace(&self.request.dir.join(FILE), &text, Durability::Atomic);
    }
}
