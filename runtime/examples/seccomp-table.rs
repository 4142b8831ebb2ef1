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

fn print(table: &BTreeMap<String, [u16; 16]>) {
    println!("//! The numbers of the system calls. Printed by `examples/seccomp-table.rs`, which says how.");
    println!();
    println!("/// A system call that the architecture does not have.");
    println!("pub(super) const NONE: u16 = u16::MAX;");
    println!();
    println!("/// Added to the numbers of ARM's private system calls, which really start at 0xf0000.");
    println!("pub(super) const ARM_PRIVATE: u16 = {ARM_PRIVATE:#06x};");
    println!();
    println!("/// A system call and its numbers, those of x32 without the bit that marks them.");
    println!("pub(super) struct Row {{");
    println!("    pub(super) name: &'static str,");
    println!(
        "    /// x86, x86_64, x32, arm, aarch64, mips, mips64, mips64n32, parisc, parisc64, ppc, ppc64,"
    );
    println!("    /// s390, s390x, riscv64, loongarch64.");
    println!("    pub(super) numbers: [u16; 16],");
    println!("}}");
    println!();
    println!("const fn row(name: &'static str, numbers: [u16; 16]) -> Row {{");
    println!("    Row {{ name, numbers }}");
    println!("}}");
    println!();
    println!("const N: u16 = NONE;");
    println!();
    println!("/// Sorted by name.");
    println!("#[rustfmt::skip]");
    println!("pub(super) static SYSCALLS: [Row; {}] = [", table.len());
    for (name, row) in table {
        let numbers = row
            .map(|n| if n == NONE { "N".to_owned() } else { n.to_string() })
            .join(", ");
        println!("    row({name:?}, [{numbers}]),");
    }
    println!("];");
}
