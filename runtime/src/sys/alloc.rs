//! The program's allocator: hands out memory from one arena and takes back only the newest.
//!
//! The program lives for milliseconds, so keeping books costs more than it saves. Only the newest
//! allocation can grow, shrink or go in place, which is what growing strings and vectors need.
#![allow(unsafe_code, reason = "an allocator is unsafe by definition")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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

/// The allocator; the arena is the program's, not the value's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bump;

/// The offset of `size` bytes in the arena for the layout, if there is room.
fn take(layout: Layout, size: usize) -> Option<usize> {
    let mut used = USED.load(Relaxed);
    loop {
        let start = used.checked_next_multiple_of(layout.align().max(LEAST_ALIGN))?;
        let end = start.checked_add(size).filter(|end| *end <= ARENA)?;
        match USED.compare_exchange_weak(used, end, Relaxed, Relaxed) {
            Ok(_) => return Some(start),
            Err(now) => used = now,
        }
    }
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
            Some(offset) => unsafe { MEMORY.0.get().cast::<u8>().add(offset) },
            None => map(layout.size()),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let block = {
            // SAFETY: the caller's promises about the layout are passed on.
            unsafe { self.alloc(layout) }
        };
        // Fresh memory is zero already, but the end of a shrunken allocation may be handed out again.
        if !block.is_null() {
            // SAFETY: the block has the layout's size.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = (block as usize).wrapping_sub(MEMORY.0.get() as usize);
        if start < ARENA {
            // Only the newest goes: enough for what a loop makes and drops each time round.
            let _ = USED.compare_exchange(start + layout.size(), start, Relaxed, Relaxed);
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
        if newest && USED.compare_exchange(end, new_end, Relaxed, Relaxed).is_ok() {
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
