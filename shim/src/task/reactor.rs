//! The event loop: turns what descriptors report into calls of what they belong to.

use std::time::Instant;

use nix::sys::epoll::{EpollEvent, EpollFlags};
use nix::sys::signalfd::SignalFd;

use super::state::{Shim, Source};
use crate::error::Result;
use crate::sys::epoll::Watch;
use crate::sys::process::{Reaped, reap};

/// How many events are taken at a time.
const BATCH: usize = 32;

/// Serves until the shim has nothing left to do.
///
/// # Errors
/// The kernel refuses to wait.
pub fn run(shim: &mut Shim, signals: &SignalFd) -> Result<()> {
    let mut watch = Watch::default();
    let token = Source::Signals.token(0);
    shim.set
        .update(&mut watch, signals, token, Some(EpollFlags::EPOLLIN))?;
    let mut events = [EpollEvent::empty(); BATCH];
    loop {
        shim.watch()?;
        if shim.may_go(Instant::now()) {
            return Ok(());
        }
        let deadline = shim.deadline();
        let count = shim.set.wait(&mut events, deadline)?;
        for event in &events[..count] {
            happened(shim, signals, event.data());
        }
        on_time(shim, Instant::now());
    }
}

fn happened(shim: &mut Shim, signals: &SignalFd, token: u64) {
    let Some((source, number, part)) = Source::split(token) else {
        return;
    };
    match source {
        Source::Signals => on_signals(shim, signals),
        Source::Listener => {
            shim.peers.accept();
            shim.publisher.retry();
        }
        Source::Publisher => shim.publisher.on_event(&mut shim.buffer),
        Source::Peer => {
            for frame in shim.peers.on_event(number, &mut shim.buffer) {
                shim.receive(number, &frame);
            }
        }
        Source::Streams => {
            let process = shim
                .containers
                .iter_mut()
                .find_map(|container| container.numbered(number));
            if let Some(process) = process {
                process.streams.on_event(part, &mut shim.buffer);
            }
        }
        Source::Console => shim.on_console(number),
        Source::Logger => shim.on_logger(number, Instant::now()),
        Source::Oom => {
            let at = shim
                .containers
                .iter()
                .position(|container| container.init.number == number);
            if let Some(at) = at {
                shim.check_oom(at);
            }
        }
    }
}

fn on_time(shim: &mut Shim, now: Instant) {
    if shim.publisher.deadline.is_some_and(|deadline| now >= deadline) {
        shim.publisher.on_deadline();
    }
    shim.peers.on_due(now);
    shim.end_overdue_jobs(now);
    shim.end_overdue_loggers(now);
    shim.go_on_removing(now);
    if shim.leave_by.is_none() && shim.leaves_at().is_some_and(|at| now >= at) {
        shim.leave();
    }
}

fn on_signals(shim: &mut Shim, signals: &SignalFd) {
    while let Ok(Some(info)) = signals.read_signal() {
        match info.ssi_signo.cast_signed() {
            libc::SIGCHLD => on_children(shim),
            // Who stops containerd with all of its group does not mean the containers.
            _ if shim.containers.is_empty() => shim.leave(),
            _ => {}
        }
    }
}

fn on_children(shim: &mut Shim) {
    while let Some(Reaped { pid, ended, .. }) = next_child(shim) {
        match shim.jobs.iter().position(|job| job.pid == pid) {
            Some(at) => {
                let job = shim.jobs.swap_remove(at);
                shim.job_ended(job, ended);
            }
            None => shim.process_ended(pid, ended),
        }
    }
}

/// Reaps one child that has ended. While the runtime starts a process whose number nobody knows yet, only those are
/// reaped that are known: else the number of a process that has ended already might mean another by the time it is read.
fn next_child(shim: &mut Shim) -> Option<Reaped> {
    if !shim.jobs.iter().any(|job| job.work.brings_a_process()) {
        return reap(None);
    }
    let jobs = shim.jobs.iter().map(|job| job.pid);
    let processes = shim
        .containers
        .iter_mut()
        .flat_map(|container| container.processes());
    let processes = processes.filter_map(|process| process.handle.as_ref().map(|_| process.pid));
    jobs.chain(processes).find_map(|pid| reap(Some(pid)))
}
