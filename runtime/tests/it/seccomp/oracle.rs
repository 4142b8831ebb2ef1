//! The same profile through libseccomp, in the way that runc uses it.

use corten_runtime::oci;
use corten_runtime::plan::seccomp::{Arch, Insn};
use libseccomp::{ScmpAction, ScmpArch, ScmpArgCompare, ScmpCompareOp, ScmpFilterContext, ScmpSyscall};
use std::io::{Read, Seek};

/// The program that libseccomp makes, or its refusal.
pub(crate) fn compile(profile: &oci::Seccomp<'_>, native: Arch) -> Result<Vec<Insn>, String> {
    let text = |error: libseccomp::error::SeccompError| error.to_string();
    let default = action(&profile.default_action, profile.default_errno_ret);
    let mut context = ScmpFilterContext::new(default).map_err(text)?;
    let native = scmp(native);
    if native != ScmpArch::native() {
        context.remove_arch(ScmpArch::native()).map_err(text)?;
        context.add_arch(native).map_err(text)?;
    }
    for arch in &profile.architectures {
        context
            .add_arch(scmp(Arch::by_name(arch).unwrap()))
            .map_err(text)?;
    }
    for rule in &profile.syscalls {
        let action = action(&rule.action, rule.errno_ret);
        if action == default {
            continue;
        }
        for name in &rule.names {
            let Ok(syscall) = ScmpSyscall::from_name(name) else {
                continue;
            };
            for conditions in alternatives(&rule.args) {
                context
                    .add_rule_conditional(action, syscall, &conditions)
                    .map_err(|error| format!("{name}: {error}"))?;
            }
        }
    }
    let mut file = tempfile::tempfile().unwrap();
    context.export_bpf(&file).map_err(text)?;
    file.rewind().unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    Ok(bytes.chunks(8).map(parse).collect())
}

/// libseccomp writes for its host, whatever the filter's architecture.
fn parse(bytes: &[u8]) -> Insn {
    Insn {
        code: u16::from_ne_bytes([bytes[0], bytes[1]]),
        jt: bytes[2],
        jf: bytes[3],
        k: u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
    }
}

fn alternatives(args: &[oci::SeccompArg<'_>]) -> Vec<Vec<ScmpArgCompare>> {
    let all: Vec<_> = args.iter().map(compare).collect();
    let repeated = (0..6).any(|index| args.iter().filter(|arg| arg.index == index).count() > 1);
    if repeated {
        all.into_iter().map(|one| vec![one]).collect()
    } else {
        vec![all]
    }
}

fn compare(arg: &oci::SeccompArg<'_>) -> ScmpArgCompare {
    let (op, datum) = match arg.op.as_str() {
        "SCMP_CMP_NE" => (ScmpCompareOp::NotEqual, arg.value),
        "SCMP_CMP_LT" => (ScmpCompareOp::Less, arg.value),
        "SCMP_CMP_LE" => (ScmpCompareOp::LessOrEqual, arg.value),
        "SCMP_CMP_EQ" => (ScmpCompareOp::Equal, arg.value),
        "SCMP_CMP_GE" => (ScmpCompareOp::GreaterEqual, arg.value),
        "SCMP_CMP_GT" => (ScmpCompareOp::Greater, arg.value),
        "SCMP_CMP_MASKED_EQ" => (ScmpCompareOp::MaskedEqual(arg.value), arg.value_two),
        other => panic!("operator {other}"),
    };
    ScmpArgCompare::new(arg.index, op, datum)
}

fn action(name: &str, errno: Option<u32>) -> ScmpAction {
    let errno = errno.unwrap_or(1);
    match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => ScmpAction::KillThread,
        "SCMP_ACT_KILL_PROCESS" => ScmpAction::KillProcess,
        "SCMP_ACT_TRAP" => ScmpAction::Trap,
        "SCMP_ACT_ERRNO" => ScmpAction::Errno(errno.cast_signed()),
        "SCMP_ACT_TRACE" => ScmpAction::Trace(u16::try_from(errno).unwrap()),
        "SCMP_ACT_ALLOW" => ScmpAction::Allow,
        "SCMP_ACT_LOG" => ScmpAction::Log,
        "SCMP_ACT_NOTIFY" => ScmpAction::Notify,
        other => panic!("action {other}"),
    }
}

/// libseccomp's name of an architecture.
pub(crate) fn scmp(arch: Arch) -> ScmpArch {
    match arch {
        Arch::X86 => ScmpArch::X86,
        Arch::X86_64 => ScmpArch::X8664,
        Arch::X32 => ScmpArch::X32,
        Arch::Arm => ScmpArch::Arm,
        Arch::Aarch64 => ScmpArch::Aarch64,
        Arch::Mips => ScmpArch::Mips,
        Arch::Mips64 => ScmpArch::Mips64,
        Arch::Mips64N32 => ScmpArch::Mips64N32,
        Arch::Mipsel => ScmpArch::Mipsel,
        Arch::Mipsel64 => ScmpArch::Mipsel64,
        Arch::Mipsel64N32 => ScmpArch::Mipsel64N32,
        Arch::Ppc => ScmpArch::Ppc,
        Arch::Ppc64 => ScmpArch::Ppc64,
        Arch::Ppc64Le => ScmpArch::Ppc64Le,
        Arch::S390 => ScmpArch::S390,
        Arch::S390X => ScmpArch::S390X,
        Arch::Parisc => ScmpArch::Parisc,
        Arch::Parisc64 => ScmpArch::Parisc64,
        Arch::Riscv64 => ScmpArch::Riscv64,
        Arch::Loongarch64 => ScmpArch::Loongarch64,
        Arch::M68k => ScmpArch::M68k,
        Arch::Sh => ScmpArch::Sh,
        Arch::Sheb => ScmpArch::Sheb,
    }
}
