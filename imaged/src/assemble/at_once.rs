//! The same work for many things, a few at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Kind, Result};

/// Does something with each item, with so many at once; the results are in the items' order. After a failure nothing more is
/// begun.
///
/// # Errors
/// One of those that the work returned.
pub fn at_once<I: Sync, T: Send>(
    parallel: usize,
    items: &[I],
    work: impl Fn(usize, &I) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return Ok(done);
            };
            let made = work(at, item);
            if made.is_err() {
                next.store(items.len(), Ordering::Relaxed);
            }
            done.push((at, made?));
        }
    };
    let died = |_| Err(Error::new(Kind::System, "a thread that works on layers died"));
    let results: Vec<Result<Vec<(usize, T)>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..parallel.min(items.len()))
            .map(|_| scope.spawn(take))
            .collect();
        let workers = workers.into_iter();
        workers.map(|worker| worker.join().unwrap_or_else(died)).collect()
    });
    let mut all = Vec::new();
    for result in results {
        all.extend(result?);
    }
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There was a thread for each, and an encoder of hundreds of megabytes in it.
    #[test]
    fn a_few_are_worked_on_at_once() {
        let items: Vec<usize> = (0..100).collect();
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let found = at_once(4, &items, |at, item| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            assert_eq!(at, *item);
            Ok(*item)
        });
        assert_eq!(found.unwrap(), items);
        assert!((1..=4).contains(&most.into_inner()));
        let failed = at_once(4, &items, |at, _| match at {
            7 => Err(Error::new(Kind::Integrity, "damaged")),
            _ => Ok(()),
        });
        assert_eq!(failed.unwrap_err().kind(), Kind::Integrity);
    }
}
