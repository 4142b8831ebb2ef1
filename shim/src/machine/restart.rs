//! Whether a container that ended runs again, and after how long: docker's policies and its back-off.

use std::time::Duration;

use crate::cli::policy::Policy;
use crate::contract::record::Ended;

/// The first pause before a restart.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// The longest.
const LAST_DELAY: Duration = Duration::from_secs(60);
/// A run of at least this length was a good one: the next pause is the first again.
const GOOD_RUN: Duration = Duration::from_secs(10);

/// What is wanted of the container just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// When it is to run again.
    pub policy: Policy,
    /// Somebody stopped it: it does not run again, whatever the policy.
    pub stopped: bool,
}

impl Wanted {
    /// Whoever rests need not come back.
    pub fn ends_restarts(self) -> bool {
        self.stopped || self.policy == Policy::No
    }
}

/// The restarts so far.
#[derive(Debug, Default)]
pub struct Restarts {
    /// How many there were since somebody started the container.
    pub count: u32,
    delay: Option<Duration>,
}

impl Restarts {
    /// The pause before the next run of a container that ended after it `ran` so long; none if it stays down.
    pub fn after(&mut self, ended: Ended, ran: Duration, wanted: Wanted) -> Option<Duration> {
        self.delay = match self.delay.filter(|_| ran < GOOD_RUN) {
            None => Some(FIRST_DELAY),
            Some(delay) => Some((delay * 2).min(LAST_DELAY)),
        };
        let again = match wanted.policy {
            _ if wanted.stopped => false,
            Policy::No => false,
            Policy::Always | Policy::UnlessStopped => true,
            Policy::OnFailure(maximum) => {
                ended.code() != 0 && maximum.is_none_or(|maximum| self.count < maximum)
            }
        };
        if !again {
            return None;
        }
        self.count += 1;
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Ended = Ended::Exited(1);
    const SHORT: Duration = Duration::from_secs(1);

    fn wanted(policy: Policy) -> Wanted {
        Wanted {
            policy,
            stopped: false,
        }
    }

    #[test]
    fn the_pause_doubles_up_to_a_minute_and_a_good_run_resets_it() {
        let mut restarts = Restarts::default();
        let mut pause = |ran| {
            let pause = restarts.after(FAILED, ran, wanted(Policy::Always));
            pause.expect("always means always").as_millis()
        };
        let doubled = [
            100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000,
        ];
        for expected in doubled {
            assert_eq!(pause(SHORT), expected);
        }
        assert_eq!(pause(GOOD_RUN), 100);
        assert_eq!(pause(SHORT), 200);
        assert_eq!(restarts.count, 14);
    }

    #[test]
    fn failures_alone_and_so_many_of_them() {
        let mut restarts = Restarts::default();
        let policy = wanted(Policy::OnFailure(Some(2)));
        assert_eq!(restarts.after(Ended::Exited(0), SHORT, policy), None);
        assert!(restarts.after(Ended::Signaled(9), SHORT, policy).is_some());
        assert!(restarts.after(FAILED, SHORT, policy).is_some());
        assert_eq!(restarts.after(FAILED, SHORT, policy), None);
        assert_eq!(restarts.count, 2);
    }

    #[test]
    fn what_somebody_stopped_stays_down() {
        for policy in [Policy::Always, Policy::UnlessStopped, Policy::OnFailure(None)] {
            let stopped = Wanted {
                policy,
                stopped: true,
            };
            assert_eq!(Restarts::default().after(FAILED, SHORT, stopped), None);
        }
        assert_eq!(Restarts::default().after(FAILED, SHORT, wanted(Policy::No)), None);
    }
}
