//! Prints `src/plan/seccomp/table.rs`: the numbers of all system calls, asked of libseccomp one by one,
//! and those that are newer than it. To bring the table up to date:
//!
//! ```sh
//! cargo run -p corten-runtime --example seccomp-table > /tmp/table.rs
//! mv /tmp/table.rs runtime/src/plan/seccomp/table.rs && cargo fmt -p corten-runtime
//! ```
#![allow(missing_docs, reason = "a program, not a library")]

use libseccomp::{ScmpArch, ScmpSyscall};
use std::collections::BTreeMap;

/// The columns that libseccomp knows, in their order in the table; LoongArch follows.
const COLUMNS: [ScmpArch; 15] = [
    ScmpArch::X86,
    ScmpArch::X8664,
    ScmpArch::X32,
    ScmpArch::Arm,
    ScmpArch::Aarch64,
    ScmpArch::Mips,
    ScmpArch::Mips64,
    ScmpArch::Mips64N32,
    ScmpArch::Parisc,
    ScmpArch::Parisc64,
    ScmpArch::Ppc,
    ScmpArch::Ppc64,
    ScmpArch::S390,
    ScmpArch::S390X,
    ScmpArch::Riscv64,
];

/// System calls of Linux 6.9 to 6.19, with their numbers of include/uapi/asm-generic/unistd.h. Since 5.1 a new
/// system call gets the same number everywhere (MIPS adds it to the base of its ABI).
const NEWER: [(&str, u16); 14] = [
    ("statmount", 457),
    ("listmount", 458),
    ("lsm_get_self_attr", 459),
    ("lsm_set_self_attr", 460),
    ("lsm_list_modules", 461),
    ("mseal", 462),
    ("setxattrat", 463),
    ("getxattrat", 464),
    ("listxattrat", 465),
    ("removexattrat", 466),
    ("open_tree_attr", 467),
    ("file_getattr", 468),
    ("file_setattr", 469),
    ("listns", 470),
];

/// The same, for x86_64 alone.
const NEWER_X86_64: [(&str, u16); 2] = [("uretprobe", 335), ("uprobe", 336)];

/// The same, for RISC-V alone.
const NEWER_RISCV: [(&str, u16); 1] = [("riscv_hwprobe", 258)];

/// As in `syscall.rs`.
const NONE: u16 = u16::MAX;
const ARM_PRIVATE: u16 = 0xff00;

fn main() {
    let mut table: BTreeMap<String, [u16; 16]> = BTreeMap::new();
    for (column, arch) in COLUMNS.into_iter().enumerate() {
        for number in (0..8_000)
            .chain(0x000f_0000..0x000f_0010)
            .chain(0x4000_0000..0x4000_1000)
        {
            let Ok(name) = ScmpSyscall::from_raw_syscall(number).get_name_by_arch(arch) else {
                continue;
            };
            let compact = match number {
                0x000f_0000..=0x000f_00ff => ARM_PRIVATE | u16::try_from(number & 0xff).unwrap_or(NONE),
                _ => u16::try_from(number & 0xffff).unwrap_or(NONE),
            };
            table.entry(name).or_insert([NONE; 16])[column] = compact;
        }
    }
    for (name, number) in NEWER {
        let mut row = [number; 16];
        (row[5], row[6], row[7]) = (4000 + number, 5000 + number, 6000 + number);
        table.insert(name.to_owned(), row);
    }
    for (name, number) in NEWER_X86_64 {
        table.entry(name.to_owned()).or_insert([NONE; 16])[1] = number;
    }
    for (name, number) in NEWER_RISCV {
        table.entry(name.to_owned()).or_insert([NONE; 16])[14] = number;
    }
    // LoongArch has the generic numbers, as RISC-V has; libseccomp 2.5 does not know it.
    for (name, row) in &mut table {
        row[15] = if name.starts_with("riscv_") { NONE } else { row[14] };
    }
    print(&table);
}

/// The calls that also go through socketcall(2) or ipc(2), and the first argument that selects them there.
const MULTIPLEXED: [(&str, &str, u8); 32] = [
    ("socket", "socket", 1),
    ("socket", "bind", 2),
    ("socket", "connect", 3),
    ("socket", "listen", 4),
    ("socket", "accept", 5),
    ("socket", "getsockname", 6),
    ("socket", "getpeername", 7),
    ("socket", "socketpair", 8),
    ("socket", "send", 9),
    ("socket", "recv", 10),
    ("socket", "sendto", 11),
    ("socket", "recvfrom", 12),
    ("socket", "shutdown", 13),
    ("socket", "setsockopt", 14),
    ("socket", "getsockopt", 15),
    ("socket", "sendmsg", 16),
    ("socket", "recvmsg", 17),
    ("socket", "accept4", 18),
    ("socket", "recvmmsg", 19),
    ("socket", "sendmmsg", 20),
    ("ipc", "semop", 1),
    ("ipc", "semget", 2),
    ("ipc", "semctl", 3),
    ("ipc", "semtimedop", 4),
    ("ipc", "msgsnd", 11),
    ("ipc", "msgrcv", 12),
    ("ipc", "msgget", 13),
    ("ipc", "msgctl", 14),
    ("ipc", "shmat", 21),
    ("ipc", "shmdt", 22),
    ("ipc", "shmget", 23),
    ("ipc", "shmctl", 24),
];

fn print(table: &BTreeMap<String, [u16; 16]>) {
    println!("//! The numbers of the system calls. Printed by `examples/seccomp-table.rs`, which says how.");
    println!();
    println!("use super::syscall::{{NONE as N, Syscall, ipc, row, socket}};");
    println!();
    println!("/// Sorted by name.");
    println!("#[rustfmt::skip]");
    println!("pub(super) static SYSCALLS: [Syscall; {}] = [", table.len());
    for (name, row) in table {
        let numbers = row
            .map(|n| if n == NONE { "N".to_owned() } else { n.to_string() })
            .join(", ");
        match MULTIPLEXED.iter().find(|(_, multiplexed, _)| multiplexed == name) {
            Some((through, _, call)) => println!("    {through}({name:?}, {call}, [{numbers}]),"),
            None => println!("    row({name:?}, [{numbers}]),"),
        }
    }
    println!("];");
}
