//! The architectures a profile can name, and how a filter recognises their system calls.

/// A system call ABI, by libseccomp's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arch {
    /// `SCMP_ARCH_X86`
    X86,
    /// `SCMP_ARCH_X86_64`
    X86_64,
    /// `SCMP_ARCH_X32`
    X32,
    /// `SCMP_ARCH_ARM`
    Arm,
    /// `SCMP_ARCH_AARCH64`
    Aarch64,
}

impl Arch {
    /// The architecture that this program is built for.
    pub const NATIVE: Self = if cfg!(target_arch = "aarch64") {
        Self::Aarch64
    } else if cfg!(target_arch = "arm") {
        Self::Arm
    } else if cfg!(target_arch = "x86") {
        Self::X86
    } else {
        Self::X86_64
    };
}
