//! A system call by name: its numbers, and where else it leads to. The table is `table`'s.

use super::table::SYSCALLS;

/// The number of a system call that an architecture does not have.
pub(super) const NONE: u16 = u16::MAX;

/// Added to ARM's private numbers, which really start at 0xf0000.
pub(super) const ARM_PRIVATE: u16 = 0xff00;

/// A system call, and its number for each architecture that has a table.
#[derive(Debug)]
pub(super) struct Syscall {
    pub(super) name: &'static str,
    /// Those of x32 without the bit that marks them.
    pub(super) numbers: [u16; 16],
    /// On some architectures it also goes through another one.
    pub(super) multiplexed: Option<Multiplexed>,
}

/// A way through a system call that holds many: its first argument selects the real one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Multiplexed {
    /// socketcall(2), linux/net.h.
    Socket(u8),
    /// ipc(2), linux/ipc.h.
    Ipc(u8),
}

pub(super) const fn row(name: &'static str, numbers: [u16; 16]) -> Syscall {
    Syscall {
        name,
        numbers,
        multiplexed: None,
    }
}

pub(super) const fn socket(name: &'static str, call: u8, numbers: [u16; 16]) -> Syscall {
    Syscall {
        name,
        numbers,
        multiplexed: Some(Multiplexed::Socket(call)),
    }
}

pub(super) const fn ipc(name: &'static str, call: u8, numbers: [u16; 16]) -> Syscall {
    Syscall {
        name,
        numbers,
        multiplexed: Some(Multiplexed::Ipc(call)),
    }
}

/// All system calls, by name.
pub(super) fn all() -> impl Iterator<Item = &'static Syscall> {
    SYSCALLS.iter()
}

/// Finds a system call by its name.
pub(super) fn by_name(name: &str) -> Option<&'static Syscall> {
    let mut slot = hash(name.as_bytes());
    loop {
        let syscall = match SLOTS[slot] {
            EMPTY => return None,
            index => &SYSCALLS[usize::from(index)],
        };
        if syscall.name == name {
            return Some(syscall);
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// An open hash table of indexes into the table: profiles name hundreds of calls, and are read at each start.
static SLOTS: [u16; 2048] = slots();

const EMPTY: u16 = u16::MAX;

const fn slots() -> [u16; 2048] {
    let mut slots = [EMPTY; 2048];
    let mut index: u16 = 0;
    while (index as usize) < SYSCALLS.len() {
        let mut slot = hash(SYSCALLS[index as usize].name.as_bytes());
        while slots[slot] != EMPTY {
            slot = (slot + 1) % slots.len();
        }
        slots[slot] = index;
        index += 1;
    }
    slots
}

/// FNV-1a, folded to a slot.
const fn hash(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ name[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    ((hash ^ (hash >> 16)) % 2048) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        for syscall in &SYSCALLS {
            assert!(
                std::ptr::eq(by_name(syscall.name).unwrap(), syscall),
                "{}",
                syscall.name
            );
        }
        for name in ["", "rea", "readd", "READ", "no_such_call", "\0"] {
            assert!(by_name(name).is_none(), "{name}");
        }
    }

    #[test]
    fn names_are_sorted() {
        assert!(SYSCALLS.is_sorted_by_key(|syscall| syscall.name));
    }
}
