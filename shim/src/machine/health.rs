//! How a container is, by the results of its probes: docker's rules.

use std::time::Duration;

use crate::contract::health::{Check, HealthStatus, Probe, Report};

/// How many results are kept.
const KEPT: usize = 5;

/// The health of one run of a container.
#[derive(Debug)]
pub struct Health {
    check: Check,
    status: HealthStatus,
    streak: u32,
    log: Vec<Probe>,
}

impl Health {
    /// Of a container that was just started.
    pub fn new(check: Check) -> Self {
        Self {
            check,
            status: HealthStatus::Starting,
            streak: 0,
            log: Vec::new(),
        }
    }

    /// The check.
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// What others are told.
    pub fn report(&self) -> Report<'_> {
        Report {
            version: 1,
            status: self.status,
            failing_streak: self.streak,
            log: &self.log,
        }
    }

    /// The container was started again.
    pub fn begin(&mut self) {
        (self.status, self.streak) = (HealthStatus::Starting, 0);
    }

    /// The pause before the next probe, so long after the container's start.
    pub fn pause(&self, since_start: Duration) -> Duration {
        match self.status == HealthStatus::Starting && since_start < self.check.start_period {
            true => self.check.start_interval,
            false => self.check.interval,
        }
    }

    /// Takes the result of a probe that began so long after the container's start; says how the container is, if that
    /// changed.
    pub fn result(&mut self, probe: Probe, since_start: Duration) -> Option<HealthStatus> {
        let before = self.status;
        if probe.exit_code == 0 {
            (self.status, self.streak) = (HealthStatus::Healthy, 0);
        } else if before != HealthStatus::Starting || since_start >= self.check.start_period {
            self.streak = self.streak.saturating_add(1);
            if self.streak >= self.check.retries {
                self.status = HealthStatus::Unhealthy;
            }
        }
        if self.log.len() == KEPT {
            self.log.remove(0);
        }
        self.log.push(probe);
        (self.status != before).then_some(self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::time::Timestamp;

    const EARLY: Duration = Duration::from_secs(1);
    const LATE: Duration = Duration::from_secs(10);

    fn health() -> Health {
        Health::new(Check {
            process: String::new(),
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            start_period: LATE,
            start_interval: Duration::from_secs(5),
            retries: 2,
        })
    }

    fn probe(exit_code: i32) -> Probe {
        let time = Timestamp::new(Duration::ZERO);
        Probe {
            start: time,
            end: time,
            exit_code,
            output: String::new(),
        }
    }

    #[test]
    fn so_many_failures_in_a_row_are_unhealthy() {
        let mut health = health();
        assert_eq!(health.result(probe(0), LATE), Some(HealthStatus::Healthy));
        assert_eq!(health.result(probe(1), LATE), None);
        assert_eq!(health.result(probe(0), LATE), None);
        assert_eq!(health.result(probe(1), LATE), None);
        assert_eq!(health.result(probe(-1), LATE), Some(HealthStatus::Unhealthy));
        assert_eq!(health.report().failing_streak, 2);
        assert_eq!(health.result(probe(0), LATE), Some(HealthStatus::Healthy));
        assert_eq!(health.report().log.len(), KEPT, "the last five");
        assert_eq!(health.report().log[0].exit_code, 1);
    }

    #[test]
    fn while_it_starts_failures_do_not_count() {
        let mut health = health();
        assert_eq!(health.pause(EARLY), Duration::from_secs(5));
        for _ in 0..9 {
            assert_eq!(health.result(probe(1), EARLY), None);
        }
        assert_eq!(health.report().failing_streak, 0);
        assert_eq!(health.pause(LATE), Duration::from_secs(30));
        // Once it was well, the start is over.
        health.result(probe(0), EARLY);
        assert_eq!(health.pause(EARLY), Duration::from_secs(30));
        health.result(probe(1), EARLY);
        assert_eq!(health.result(probe(1), EARLY), Some(HealthStatus::Unhealthy));
        health.begin();
        assert_eq!(health.report().status, HealthStatus::Starting);
    }
}
