//! The places where a test may kill the program: `CORTEN_FAULT=N` ends it, as `kill -9` would, at the Nth of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, raise};

static PASSED: AtomicU64 = AtomicU64::new(0);
static WANTED: OnceLock<u64> = OnceLock::new();

/// Marks a step after which the store must be sound. Does nothing unless a test asks.
pub fn point() {
    let wanted = *WANTED.get_or_init(|| {
        std::env::var("CORTEN_FAULT")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    });
    if wanted != 0 && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == wanted {
        // SIGKILL cannot fail to be delivered to oneself.
        let _ = raise(Signal::SIGKILL);
    }
}
