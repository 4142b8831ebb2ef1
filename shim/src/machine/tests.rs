//! Every path through a container's life, and the rule that every life ends.

use proptest::prelude::*;

use super::*;
use crate::cli::policy::Policy;

fn run(hold: bool, events: Vec<Event>) -> Vec<Action> {
    let mut machine = Machine::new(hold);
    events.into_iter().flat_map(|event| machine.step(event)).collect()
}

fn end(ended: Ended) -> Event {
    wanting(ended, Wanted::default())
}

fn wanting(ended: Ended, wanted: Wanted) -> Event {
    let ran = Duration::from_secs(1);
    Event::InitExited(End { ended, ran, wanted })
}

/// What is done with a container that ended and stays down.
fn finish(ended: Ended) -> Action {
    Action::Finish { ended, again: false }
}

fn failure(step: Step, message: &str) -> Action {
    Action::Leave(Some((step, message.into())))
}

#[test]
fn an_ordinary_life() {
    let events = vec![
        Event::Begin,
        Event::CreateDone(Ok(())),
        Event::StartDone(Ok(())),
        Event::Signal(15),
        end(Ended::Exited(3)),
        Event::DeleteDone,
    ];
    assert_eq!(
        run(false, events),
        [
            Action::Publish(Status::Creating),
            Action::Create,
            Action::Publish(Status::Created),
            Action::TellCreated,
            Action::Start,
            Action::Publish(Status::Running),
            Action::TellStarted,
            Action::Forward(15),
            finish(Ended::Exited(3)),
            Action::Publish(Status::Exited),
            Action::Delete,
            Action::LimitCall,
            Action::Leave(None),
        ]
    );
}

#[test]
fn a_held_container_starts_when_asked_and_once() {
    let mut machine = Machine::new(true);
    machine.step(Event::Begin);
    assert_eq!(
        machine.step(Event::CreateDone(Ok(()))),
        [Action::Publish(Status::Created), Action::TellCreated]
    );
    assert_eq!(machine.step(Event::StartAsked), [Action::Start]);
    assert_eq!(machine.step(Event::StartAsked), []);
    assert_eq!(
        machine.step(Event::CallerGone),
        [],
        "who asked for the start may go"
    );
}

#[test]
fn a_caller_that_goes_early_leaves_nothing() {
    for events in [
        vec![Event::Begin, Event::CallerGone, Event::CreateDone(Ok(()))],
        vec![Event::Begin, Event::CreateDone(Ok(())), Event::CallerGone],
    ] {
        let actions = run(true, [events, vec![Event::DeleteDone]].concat());
        assert!(!actions.contains(&Action::Start));
        assert!(
            actions.ends_with(&[
                Action::Delete,
                Action::LimitCall,
                failure(Step::Start, "the caller went away")
            ]),
            "{actions:?}"
        );
    }
}

#[test]
fn failures_name_their_step_after_cleaning_up() {
    let create = vec![
        Event::Begin,
        Event::CreateDone(Err("no".into())),
        Event::DeleteDone,
    ];
    assert!(run(false, create).ends_with(&[Action::Delete, Action::LimitCall, failure(Step::Create, "no")]));
    let start = vec![
        Event::Begin,
        Event::CreateDone(Ok(())),
        Event::StartDone(Err("no".into())),
        Event::DeleteDone,
    ];
    assert!(run(false, start).ends_with(&[Action::Delete, Action::LimitCall, failure(Step::Start, "no")]));
    let killed = vec![
        Event::Begin,
        Event::CreateDone(Ok(())),
        end(Ended::Signaled(9)),
        Event::DeleteDone,
    ];
    assert!(
        run(true, killed).ends_with(&[failure(Step::Start, "signal 9 ended init before it was started")])
    );
}

#[test]
fn an_exit_that_overtakes_start_is_recorded_after_it() {
    let mut machine = Machine::new(false);
    machine.step(Event::Begin);
    machine.step(Event::CreateDone(Ok(())));
    assert_eq!(machine.step(Event::Signal(10)), []);
    assert_eq!(machine.step(end(Ended::Exited(0))), [Action::LimitCall]);
    assert_eq!(
        machine.step(Event::StartDone(Ok(()))),
        [
            Action::Publish(Status::Running),
            Action::TellStarted,
            Action::Forward(10),
            finish(Ended::Exited(0)),
            Action::Publish(Status::Exited),
            Action::Delete,
            Action::LimitCall,
        ]
    );
}

#[test]
fn a_runtime_that_hangs_is_killed_and_then_left_behind() {
    let mut abandoned = Machine::new(true);
    abandoned.step(Event::Begin);
    assert_eq!(abandoned.step(Event::CallerGone), [Action::LimitCall]);
    assert_eq!(
        abandoned.step(Event::TimedOut),
        [Action::KillCall, Action::LimitCall]
    );
    assert_eq!(
        abandoned.step(Event::TimedOut),
        [Action::Delete, Action::LimitCall],
        "stuck"
    );
    assert_eq!(
        abandoned.step(Event::TimedOut),
        [Action::KillCall, failure(Step::Create, STUCK)]
    );

    let mut deleting = Machine::new(false);
    deleting.step(Event::Begin);
    deleting.step(Event::CreateDone(Ok(())));
    deleting.step(Event::StartDone(Ok(())));
    assert_eq!(deleting.step(Event::TimedOut), [], "a container may run for ever");
    deleting.step(end(Ended::Exited(0)));
    assert_eq!(
        deleting.step(Event::TimedOut),
        [Action::KillCall, Action::Leave(None)]
    );
}

fn always() -> Wanted {
    Wanted {
        policy: Policy::Always,
        stopped: false,
    }
}

/// A machine whose container failed and is to run again.
fn resting() -> Machine {
    let mut machine = Machine::new(true);
    machine.step(Event::Begin);
    machine.step(Event::CreateDone(Ok(())));
    machine.step(Event::StartAsked);
    machine.step(Event::StartDone(Ok(())));
    let ended = Ended::Exited(1);
    assert_eq!(
        machine.step(wanting(ended, always())),
        [
            Action::Finish { ended, again: true },
            Action::Publish(Status::Restarting),
            Action::Delete,
            Action::LimitCall,
        ]
    );
    let pause = Duration::from_millis(100);
    assert_eq!(machine.step(Event::DeleteDone), [Action::Rest(pause)]);
    machine
}

/// The last record promised another run.
fn stay_down() -> [Action; 3] {
    [
        Action::StayDown,
        Action::Publish(Status::Exited),
        Action::Leave(None),
    ]
}

#[test]
fn after_a_pause_it_runs_again_without_a_caller() {
    let mut machine = resting();
    assert_eq!(machine.step(Event::TimedOut), [Action::Renew, Action::Create]);
    assert_eq!(
        machine.step(Event::CreateDone(Ok(()))),
        [
            Action::Publish(Status::Created),
            Action::TellCreated,
            Action::AskWanted
        ]
    );
    assert_eq!(machine.step(Event::Wanted(always())), [Action::Start]);
    assert_eq!(
        machine.step(Event::StartDone(Ok(()))),
        [Action::Publish(Status::Running), Action::TellStarted]
    );
    machine.step(wanting(Ended::Exited(1), always()));
    let pause = Duration::from_millis(200);
    assert_eq!(machine.step(Event::DeleteDone), [Action::Rest(pause)]);
    assert_eq!(machine.restart_count(), 2);
}

#[test]
fn who_is_stopped_while_it_rests_stays_down() {
    let stopped = Wanted {
        stopped: true,
        ..always()
    };
    for event in [
        Event::Wanted(stopped),
        Event::Wanted(Wanted::default()),
        Event::Signal(15),
    ] {
        assert_eq!(resting().step(event), stay_down());
    }
    assert_eq!(resting().step(Event::Wanted(always())), []);
}

#[test]
fn a_signal_before_the_pause_ends_restarts_too() {
    let mut machine = resting();
    machine.step(Event::TimedOut);
    machine.step(Event::CreateDone(Ok(())));
    machine.step(Event::Wanted(always()));
    machine.step(Event::StartDone(Ok(())));
    machine.step(wanting(Ended::Exited(1), always()));
    assert_eq!(machine.step(Event::Signal(15)), []);
    assert_eq!(machine.step(Event::DeleteDone), stay_down());
}

/// A `stop` that fell between the pause and the start was lost.
#[test]
fn who_is_stopped_while_it_is_created_again_is_not_started() {
    let stopped = Wanted {
        stopped: true,
        ..always()
    };
    let mut machine = resting();
    machine.step(Event::TimedOut);
    machine.step(Event::CreateDone(Ok(())));
    assert_eq!(
        machine.step(Event::Wanted(stopped)),
        [Action::Delete, Action::LimitCall]
    );
    assert_eq!(machine.step(Event::DeleteDone), stay_down());
}

#[test]
fn a_restart_that_fails_is_the_end() {
    let mut machine = resting();
    machine.step(Event::TimedOut);
    assert_eq!(
        machine.step(Event::CreateDone(Err("no".into()))),
        [Action::Delete, Action::LimitCall]
    );
    assert_eq!(machine.step(Event::DeleteDone), [failure(Step::Create, "no")]);
}

#[test]
fn a_delete_that_hangs_ends_restarts() {
    let mut machine = Machine::new(false);
    machine.step(Event::Begin);
    machine.step(Event::CreateDone(Ok(())));
    machine.step(Event::StartDone(Ok(())));
    machine.step(wanting(Ended::Exited(1), always()));
    assert_eq!(
        machine.step(Event::TimedOut),
        [Action::KillCall, failure(Step::Start, NOT_DELETED)],
        "no restart is given up without a word"
    );
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::StartAsked),
        Just(Event::CallerGone),
        Just(end(Ended::Exited(1))),
        Just(Event::Signal(15)),
        Just(Event::CreateDone(Ok(()))),
        Just(Event::CreateDone(Err("".into()))),
        Just(Event::StartDone(Ok(()))),
        Just(Event::StartDone(Err("".into()))),
        Just(Event::DeleteDone),
        Just(Event::TimedOut),
        Just(wanting(Ended::Exited(1), always())),
        Just(Event::Wanted(Wanted::default())),
        Just(Event::Wanted(always())),
    ]
}

proptest! {
    /// Whatever happens in whatever order: at most one record and one delete for each run, and nothing after leaving.
    #[test]
    fn no_order_of_events_does_a_thing_twice(
        hold: bool,
        events in proptest::collection::vec(any_event(), 0..20),
    ) {
        let actions = run(hold, [vec![Event::Begin], events].concat());
        let count = |wanted: fn(&Action) -> bool| actions.iter().filter(|action| wanted(action)).count();
        let runs = count(|action| matches!(action, Action::Create));
        prop_assert!(runs == 1 + count(|action| matches!(action, Action::Renew)));
        prop_assert!(count(|action| matches!(action, Action::Start)) <= runs);
        let finished = count(|action| matches!(action, Action::Finish { .. }));
        prop_assert!(finished <= runs);
        prop_assert!(count(|action| matches!(action, Action::Delete)) <= runs);
        if let Some(leave) = actions.iter().position(|action| matches!(action, Action::Leave(_))) {
            let deleted = actions.iter().position(|action| matches!(action, Action::Delete));
            prop_assert!(deleted.is_some_and(|deleted| deleted < leave));
        }
    }
}
