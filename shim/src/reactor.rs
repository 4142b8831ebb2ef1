//! The event loop: turns what descriptors report into events of the machine, and its actions into deeds.

use std::collections::VecDeque;
use std::time::Instant;

use nix::sys::epoll::{EpollEvent, EpollFlags};

use crate::contract::control::FromCaller;
use crate::error::Result;
use crate::machine::{Event, Machine};
use crate::supervise::exec::split_token;
use crate::supervise::{Keeper, Outcome};
use crate::sys::epoll::Set;
use crate::sys::process::reap;

const SIGNALS: u64 = 0;
const CONTROL: u64 = 1;
const CONSOLE: u64 = 2;
const ORDERS: u64 = 3;

/// How many events are taken at a time.
const BATCH: usize = 32;

/// Runs one container to its end.
///
/// # Errors
/// The kernel refuses to wait: the container may still live.
pub fn run(mut keeper: Keeper) -> Result<(Keeper, Outcome)> {
    let set = Set::new()?;
    let mut signals = crate::sys::epoll::Watch::default();
    set.update(
        &mut signals,
        &keeper.place.signals,
        SIGNALS,
        Some(EpollFlags::EPOLLIN),
    )?;
    let mut machine = Machine::new(keeper.request.hold);
    let mut queue = VecDeque::from([Event::Begin]);
    let mut events = [EpollEvent::empty(); BATCH];
    loop {
        while let Some(event) = queue.pop_front() {
            if let Some(outcome) = advance(&mut machine, &mut keeper, event, &mut queue) {
                return Ok((keeper, outcome));
            }
        }
        watch(&mut keeper, &set)?;
        let count = set.wait(&mut events, keeper.next_deadline())?;
        for event in &events[..count] {
            happened(&mut keeper, event.data(), event.events(), &mut queue);
        }
        if keeper.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            keeper.deadline = None;
            queue.push_back(Event::TimedOut);
        }
        keeper.on_health_due();
        keeper.execs.on_due(Instant::now());
        keeper.stdio.on_due();
    }
}

/// Takes the machine one event further; says how everything ended, if it has.
fn advance(
    machine: &mut Machine,
    keeper: &mut Keeper,
    event: Event,
    queue: &mut VecDeque<Event>,
) -> Option<Outcome> {
    for action in machine.step(event) {
        let (event, outcome) = keeper.perform(action);
        queue.extend(event);
        if outcome.is_some() {
            return outcome;
        }
    }
    None
}

fn watch(keeper: &mut Keeper, set: &Set) -> Result<()> {
    if let Some((control, watch)) = &mut keeper.place.control {
        set.update(watch, &*control, CONTROL, Some(EpollFlags::EPOLLIN))?;
    }
    if let Some(console) = &mut keeper.console {
        let (socket, watch) = console.watched();
        set.update(watch, socket, CONSOLE, Some(EpollFlags::EPOLLIN))?;
    }
    if let Some((inotify, watch)) = &mut keeper.orders.watch {
        set.update(watch, &*inotify, ORDERS, Some(EpollFlags::EPOLLIN))?;
    }
    keeper.execs.watch(set)?;
    keeper.stdio.watch(set)
}

fn happened(keeper: &mut Keeper, token: u64, flags: EpollFlags, queue: &mut VecDeque<Event>) {
    match token {
        SIGNALS => on_signals(keeper, queue),
        CONTROL => on_control(keeper, queue),
        CONSOLE => {
            // A failure shows again when `create` ends; until then the runtime may correct it.
            let _ = keeper.connect_console(false);
        }
        ORDERS => queue.push_back(Event::Wanted(keeper.orders.heard())),
        _ => on_stdio(keeper, token, flags),
    }
}

fn on_stdio(keeper: &mut Keeper, token: u64, flags: EpollFlags) {
    match split_token(token) {
        (0, token) => {
            let wishes = keeper.stdio.on_event(token, flags);
            for signal in wishes.signals {
                keeper.forward(signal);
            }
            if let Some((client, wanted)) = wishes.exec {
                keeper.start_exec(client, wanted);
            }
        }
        (number, token) => keeper.on_exec_event(number, token, flags),
    }
}

fn on_signals(keeper: &mut Keeper, queue: &mut VecDeque<Event>) {
    while let Ok(Some(info)) = keeper.place.signals.read_signal() {
        match info.ssi_signo.cast_signed() {
            libc::SIGCHLD => on_children(keeper, queue),
            signal => queue.push_back(Event::Signal(signal)),
        }
    }
}

/// Reaps what ended. Until init is known, only the runtime itself is reaped: the number of an ended init
/// must not go to another process before it was looked at.
fn on_children(keeper: &mut Keeper, queue: &mut VecDeque<Event>) {
    loop {
        let call = keeper.call.as_ref().map(|(_, call)| call.pid);
        let child = match (&keeper.init, call) {
            (Some(init), call) => keeper.execs.reap(&[&[init.pid], call.as_slice()].concat()),
            (None, Some(call)) => reap(Some(call)),
            (None, None) => None,
        };
        let Some(child) = child else { return };
        let (pid, ended) = (child.pid, child.ended);
        match keeper.call.take() {
            Some((verb, call)) if call.pid == pid => queue.push_back(keeper.call_ended(verb, &call, ended)),
            other => keeper.call = other,
        }
        keeper.exec_child_ended(pid, ended);
        keeper.stdio.child_ended(pid);
        if keeper.init.as_ref().is_some_and(|init| init.pid == pid) {
            let event = keeper.end(ended, child.usage);
            queue.push_back(event);
        }
    }
}

fn on_control(keeper: &mut Keeper, queue: &mut VecDeque<Event>) {
    let Some((control, _)) = &keeper.place.control else {
        return;
    };
    let mut buffer = [0; 1024];
    match control.receive(&mut buffer) {
        None => {}
        Some([]) => {
            keeper.place.control = None;
            queue.push_back(Event::CallerGone);
        }
        // Messages of a later version change nothing.
        Some(message) => match serde_json::from_slice(message) {
            Ok(FromCaller::Start) => queue.push_back(Event::StartAsked),
            Err(_) => {}
        },
    }
}
