//! A second process that works against the runtime while it sets a container up: it shares the root file system and
//! exchanges two names in it as fast as it can.

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Calls `attempt` a number of times while the two names are exchanged all the time.
pub(crate) fn against(one: &Path, other: &Path, times: usize, mut attempt: impl FnMut()) {
    let stop = AtomicBool::new(false);
    let exchange = || {
        while !stop.load(Ordering::Relaxed) {
            renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).unwrap();
        }
    };
    // A failed assertion must stop the other side, too.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|scope| {
        scope.spawn(exchange);
        let _stop = Stop(&stop);
        (0..times).for_each(|_| attempt());
    });
}
