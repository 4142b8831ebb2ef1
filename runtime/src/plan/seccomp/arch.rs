//! The architectures a profile can name: how a filter recognises their system calls, and what it sees of
//! their arguments. Which number a system call has is `syscall`'s.

use super::syscall::{ARM_PRIVATE, Multiplexed, NONE, Syscall};

/// Set in the number of every x32 system call; the kernel reports them under x86_64's token.
pub(super) const X32_BIT: u32 = 1 << 30;

/// A system call ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named after SCMP_ARCH_…")]
pub enum Arch {
    X86,
    X86_64,
    X32,
    Arm,
    Aarch64,
    Mips,
    Mips64,
    Mips64N32,
    Mipsel,
    Mipsel64,
    Mipsel64N32,
    Ppc,
    Ppc64,
    Ppc64Le,
    S390,
    S390X,
    Parisc,
    Parisc64,
    Riscv64,
    Loongarch64,
    M68k,
    Sh,
    Sheb,
}

/// What a filter must know of an architecture.
struct Facts {
    arch: Arch,
    name: &'static str,
    /// `AUDIT_ARCH_…`, as in `seccomp_data.arch`.
    token: u32,
    /// Arguments have 64 bits (of a 32-bit ABI, only the lower halves are looked at).
    wide: bool,
    /// The column of the table of system calls, in the order of `examples/seccomp-table.rs`.
    column: Option<usize>,
    /// The numbers of socketcall(2) and ipc(2), where sockets and System V IPC go through them.
    multiplexers: Option<(u32, u32)>,
}

/// Token bits (linux/audit.h).
const LITTLE_ENDIAN: u32 = 0x4000_0000;
const WIDE: u32 = 0x8000_0000;
const N32: u32 = 0x2000_0000;

const fn facts(arch: Arch, name: &'static str, token: u32, column: Option<usize>) -> Facts {
    Facts {
        arch,
        name,
        token,
        wide: token & (WIDE | N32) == WIDE,
        column,
        multiplexers: None,
    }
}

const fn multiplexed(facts: Facts, socketcall: u32, ipc: u32) -> Facts {
    Facts {
        multiplexers: Some((socketcall, ipc)),
        ..facts
    }
}

/// In the order of the enum.
static FACTS: [Facts; 23] = [
    multiplexed(
        facts(Arch::X86, "SCMP_ARCH_X86", 3 | LITTLE_ENDIAN, Some(0)),
        102,
        117,
    ),
    facts(
        Arch::X86_64,
        "SCMP_ARCH_X86_64",
        62 | WIDE | LITTLE_ENDIAN,
        Some(1),
    ),
    Facts {
        wide: false,
        ..facts(Arch::X32, "SCMP_ARCH_X32", 62 | WIDE | LITTLE_ENDIAN, Some(2))
    },
    facts(Arch::Arm, "SCMP_ARCH_ARM", 40 | LITTLE_ENDIAN, Some(3)),
    facts(
        Arch::Aarch64,
        "SCMP_ARCH_AARCH64",
        183 | WIDE | LITTLE_ENDIAN,
        Some(4),
    ),
    multiplexed(facts(Arch::Mips, "SCMP_ARCH_MIPS", 8, Some(5)), 4102, 4117),
    facts(Arch::Mips64, "SCMP_ARCH_MIPS64", 8 | WIDE, Some(6)),
    facts(Arch::Mips64N32, "SCMP_ARCH_MIPS64N32", 8 | WIDE | N32, Some(7)),
    multiplexed(
        facts(Arch::Mipsel, "SCMP_ARCH_MIPSEL", 8 | LITTLE_ENDIAN, Some(5)),
        4102,
        4117,
    ),
    facts(
        Arch::Mipsel64,
        "SCMP_ARCH_MIPSEL64",
        8 | WIDE | LITTLE_ENDIAN,
        Some(6),
    ),
    facts(
        Arch::Mipsel64N32,
        "SCMP_ARCH_MIPSEL64N32",
        8 | WIDE | N32 | LITTLE_ENDIAN,
        Some(7),
    ),
    multiplexed(facts(Arch::Ppc, "SCMP_ARCH_PPC", 20, Some(10)), 102, 117),
    multiplexed(
        facts(Arch::Ppc64, "SCMP_ARCH_PPC64", 21 | WIDE, Some(11)),
        102,
        117,
    ),
    multiplexed(
        facts(
            Arch::Ppc64Le,
            "SCMP_ARCH_PPC64LE",
            21 | WIDE | LITTLE_ENDIAN,
            Some(11),
        ),
        102,
        117,
    ),
    multiplexed(facts(Arch::S390, "SCMP_ARCH_S390", 22, Some(12)), 102, 117),
    multiplexed(
        facts(Arch::S390X, "SCMP_ARCH_S390X", 22 | WIDE, Some(13)),
        102,
        117,
    ),
    facts(Arch::Parisc, "SCMP_ARCH_PARISC", 15, Some(8)),
    facts(Arch::Parisc64, "SCMP_ARCH_PARISC64", 15 | WIDE, Some(9)),
    facts(
        Arch::Riscv64,
        "SCMP_ARCH_RISCV64",
        243 | WIDE | LITTLE_ENDIAN,
        Some(14),
    ),
    facts(
        Arch::Loongarch64,
        "SCMP_ARCH_LOONGARCH64",
        258 | WIDE | LITTLE_ENDIAN,
        Some(15),
    ),
    facts(Arch::M68k, "SCMP_ARCH_M68K", 4, None),
    facts(Arch::Sh, "SCMP_ARCH_SH", 42 | LITTLE_ENDIAN, None),
    facts(Arch::Sheb, "SCMP_ARCH_SHEB", 42, None),
];

impl Arch {
    /// The architecture that this program is built for.
    pub const NATIVE: Self = if cfg!(target_arch = "aarch64") {
        Self::Aarch64
    } else if cfg!(target_arch = "arm") {
        Self::Arm
    } else if cfg!(target_arch = "x86") {
        Self::X86
    } else if cfg!(target_arch = "riscv64") {
        Self::Riscv64
    } else if cfg!(target_arch = "loongarch64") {
        Self::Loongarch64
    } else if cfg!(target_arch = "s390x") {
        Self::S390X
    } else if cfg!(all(target_arch = "powerpc64", target_endian = "little")) {
        Self::Ppc64Le
    } else {
        Self::X86_64
    };

    /// Every architecture of the spec.
    pub fn all() -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.arch)
    }

    /// The architecture of that name, `SCMP_ARCH_…`.
    pub fn by_name(name: &str) -> Option<Self> {
        FACTS
            .iter()
            .find(|facts| facts.name == name)
            .map(|facts| facts.arch)
    }

    fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// `SCMP_ARCH_…`
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// `AUDIT_ARCH_…`: what the kernel reports with each system call.
    pub fn token(self) -> u32 {
        self.facts().token
    }

    /// Whether an argument has 64 bits.
    pub(super) fn is_wide(self) -> bool {
        self.facts().wide
    }

    /// Whether the least significant byte comes first.
    pub(super) fn is_little_endian(self) -> bool {
        self.token() & LITTLE_ENDIAN != 0
    }

    /// Whether the numbers of its system calls are known here.
    pub(super) fn has_table(self) -> bool {
        self.facts().column.is_some()
    }

    /// The number of a system call, if the architecture has it.
    pub(super) fn number(self, syscall: &Syscall) -> Option<u32> {
        match (self, syscall.numbers[self.facts().column?]) {
            (_, NONE) => None,
            (Self::X32, number) => Some(u32::from(number) | X32_BIT),
            (Self::Arm, number) if number >= ARM_PRIVATE => {
                Some(0x000f_0000 | u32::from(number - ARM_PRIVATE))
            }
            (_, number) => Some(u32::from(number)),
        }
    }

    /// The multiplexer that also leads to a system call, and the first argument that selects it there.
    pub(super) fn multiplexed(self, syscall: &Syscall) -> Option<(u32, u8)> {
        let (socketcall, ipc) = self.facts().multiplexers?;
        Some(match syscall.multiplexed? {
            Multiplexed::Socket(call) => (socketcall, call),
            Multiplexed::Ipc(call) => (ipc, call),
        })
    }
}
