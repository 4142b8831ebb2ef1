//! `mode=non-blocking` for files: a thread writes, so that a disk that stands still does not hold the container up.
//!
//! What does not fit into the buffer is not taken, as if the disk were full: the log counts it and says so.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::file::LogFile;

/// A file that is written by a thread of its own.
#[derive(Debug)]
pub(super) struct Queue {
    shared: Arc<Shared>,
    /// The file, until the first records come.
    file: Option<LogFile>,
    most: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<(Vec<u8>, u64)>,
    /// The bytes of the batches, that which is just being written included.
    bytes: usize,
    /// Records that the disk refused.
    refused: u64,
    /// Processes that ended, one of which may be the file's compressor.
    children: Vec<i32>,
    closed: bool,
}

impl Queue {
    /// A buffer of so many bytes before the file.
    pub(super) fn new(file: LogFile, most: usize) -> Self {
        Self {
            shared: Arc::default(),
            file: Some(file),
            most,
        }
    }

    /// The file, if nothing has been written yet.
    #[cfg(test)]
    pub(super) fn unstarted(&mut self) -> Option<&mut LogFile> {
        self.file.as_mut()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    /// Takes so many records if there is room; says whether it did, and how many earlier ones the disk refused.
    pub(super) fn append(&mut self, records: &[u8], count: u64) -> (bool, u64) {
        if let Some(file) = self.file.take() {
            let shared = Arc::clone(&self.shared);
            // The thread ends with the queue. Without it everything is refused.
            let _ = std::thread::Builder::new()
                .stack_size(64 << 10)
                .spawn(move || write_out(&shared, file));
        }
        let mut state = self.lock();
        let refused = std::mem::take(&mut state.refused);
        if state.bytes > 0 && state.bytes + records.len() > self.most {
            return (false, refused);
        }
        state.bytes += records.len();
        state.batches.push_back((records.to_owned(), count));
        self.shared.changed.notify_all();
        (true, refused)
    }

    /// How many records the disk has refused since it was asked last.
    pub(super) fn refused(&self) -> u64 {
        std::mem::take(&mut self.lock().refused)
    }

    /// A process ended.
    pub(super) fn child_ended(&mut self, pid: i32) {
        match &mut self.file {
            Some(file) => file.child_ended(pid),
            None => self.lock().children.push(pid),
        }
    }

    /// Waits until everything is written, at most until then.
    pub(super) fn settle(&self, deadline: Instant) {
        let mut state = self.lock();
        while state.bytes > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_out(shared: &Shared, mut file: LogFile) {
    let mut state = shared.lock();
    loop {
        for child in std::mem::take(&mut state.children) {
            file.child_ended(child);
        }
        if let Some((records, count)) = state.batches.pop_front() {
            drop(state);
            let written = file.append(&records);
            state = shared.lock();
            state.bytes -= records.len();
            if !written {
                state.refused += count;
            }
            shared.changed.notify_all();
        } else if state.closed {
            return;
        } else {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
