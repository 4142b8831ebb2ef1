//! The program's allocator: hands out memory from one arena and takes back only the newest.
//!
//! The program lives for milliseconds, so keeping books costs more than it saves. Only the newest
//! allocation can grow, shrink or go in place, which is what growing strings and vectors need.
#![allow(unsafe_code, reason = "an allocator is unsafe by definition")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};

/// The arena's size: pages that are never touched cost nothing.
const ARENA: usize = 16 * 1024 * 1024;

/// What malloc promises: code that fills byte buffers with structures, as nix does for control messages,
/// relies on it.
const LEAST_ALIGN: usize = 16;

#[repr(C, align(4096))]
struct Arena(UnsafeCell<[u8; ARENA]>);

// SAFETY: the allocator hands out each byte of the arena once; it never reads or writes one itself, but for
// copies between two allocations of one caller.
unsafe impl Sync for Arena {}

static MEMORY: Arena = Arena(UnsafeCell::new([0; ARENA]));
/// How much of the arena is handed out.
static USED: AtomicUsize = AtomicUsize::new(0);
/// How much of it ever was: what lies beyond holds zeros still.
static TOUCHED: AtomicUsize = AtomicUsize::new(0);

/// The allocator; the arena is the program's, not the value's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bump;

/// The offset of `size` bytes in the arena for the layout, if there is room, and where the arena's untouched part began.
fn take(layout: Layout, size: usize) -> Option<(usize, usize)> {
    let mut used = USED.load(Relaxed);
    loop {
        let start = used.checked_next_multiple_of(layout.align().max(LEAST_ALIGN))?;
        let end = start.checked_add(size).filter(|end| *end <= ARENA)?;
        match USED.compare_exchange_weak(used, end, AcqRel, Relaxed) {
            Ok(_) => return Some((start, TOUCHED.fetch_max(end, Relaxed))),
            Err(now) => used = now,
        }
    }
}

/// Brings the pages in that a command that makes a process is going to use: all at once, they cost half. A kernel that
/// cannot (before 5.14) brings them in one by one.
pub fn warm_up() {
    const USED_BY_CREATE: usize = 40 * 4096;
    // SAFETY: the range lies in the arena, and populating changes no byte of it.
    unsafe { libc::madvise(MEMORY.0.get().cast(), USED_BY_CREATE, libc::MADV_POPULATE_WRITE) };
}

/// Memory straight from the kernel, for what the arena has no room for.
fn map(size: usize) -> *mut u8 {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing that exists.
    let block = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            flags,
            -1,
            0,
        )
    };
    if block == libc::MAP_FAILED {
        std::ptr::null_mut()
    } else {
        block.cast()
    }
}

// SAFETY: blocks are disjoint (USED only grows past what is handed out; it goes back only over the newest block,
// when that shrinks or goes) and aligned (the arena is page-aligned, as mmap's blocks are).
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 4096 {
            return std::ptr::null_mut();
        }
        match take(layout, layout.size()) {
            // SAFETY: the offset and the size lie inside the arena.
            Some((offset, _)) => unsafe { MEMORY.0.get().cast::<u8>().add(offset) },
            None => map(layout.size()),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 4096 {
            return std::ptr::null_mut();
        }
        let Some((offset, touched)) = take(layout, layout.size()) else {
            return map(layout.size());
        };
        // Only what was handed out before can hold anything: the pages of a large new buffer stay untouched.
        let stale = layout.size().min(touched.saturating_sub(offset));
        // SAFETY: the offset and the size lie inside the arena, and the stale part is not longer than the block.
        unsafe {
            let block = MEMORY.0.get().cast::<u8>().add(offset);
            block.write_bytes(0, stale);
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = (block as usize).wrapping_sub(MEMORY.0.get() as usize);
        if start < ARENA {
            // Only the newest goes: enough for what a loop makes and drops each time round.
            let _ = USED.compare_exchange(start + layout.size(), start, AcqRel, Relaxed);
        } else {
            // SAFETY: what lies outside the arena came from `map` with this size, and the caller is done with it.
            unsafe { libc::munmap(block.cast(), layout.size()) };
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let start = (block as usize).wrapping_sub(MEMORY.0.get() as usize);
        let end = start.wrapping_add(layout.size());
        let new_end = start.wrapping_add(new_size);
        let newest = start < ARENA && new_end <= ARENA;
        if newest && USED.compare_exchange(end, new_end, AcqRel, Relaxed).is_ok() {
            TOUCHED.fetch_max(new_end, Relaxed);
            return block;
        }
        if new_size <= layout.size() {
            return block;
        }
        // SAFETY: the alignment was valid before, and the caller promises that the size is.
        let fresh = unsafe { self.alloc(Layout::from_size_align_unchecked(new_size, layout.align())) };
        if !fresh.is_null() {
            // SAFETY: both blocks are at least as long as the old size and disjoint.
            unsafe { std::ptr::copy_nonoverlapping(block, fresh, layout.size()) };
            // SAFETY: the old block is the caller's, of this layout, and replaced.
            unsafe { self.dealloc(block, layout) };
        }
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroed_memory_is_zero_where_it_was_used_before_and_where_not() {
        let used = Layout::from_size_align(100, 1).unwrap();
        let larger = Layout::from_size_align(3 * 4096, 1).unwrap();
        // SAFETY: every block is used within its layout and given back with it.
        unsafe {
            let block = Bump.alloc(used);
            block.write_bytes(0xff, used.size());
            Bump.dealloc(block, used);
            let zeroed = Bump.alloc_zeroed(larger);
            assert_eq!(zeroed, block, "the newest block is handed out again");
            let bytes = std::slice::from_raw_parts(zeroed, larger.size());
            assert!(bytes.iter().all(|byte| *byte == 0));
            Bump.dealloc(zeroed, larger);
        }
    }
}
