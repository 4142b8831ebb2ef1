//! Sets of CPUs: the kernel's list format (cpuset(7)) as bit masks, and back.

use crate::oci::Process;
use std::fmt;

/// More CPUs than any kernel is built for (CONFIG_NR_CPUS).
const MAX_CPUS: usize = 8192;

/// The mask of a list such as `0-3,7`, in words of 64 CPUs; none when it is no list, or names no CPU.
pub fn parse(list: &str) -> Option<Vec<u64>> {
    let mut mask = Vec::new();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (number(first)?, number(last)?);
        if first > last || last >= MAX_CPUS {
            return None;
        }
        if mask.len() <= last / 64 {
            mask.resize(last / 64 + 1, 0);
        }
        (first..=last).for_each(|cpu| mask[cpu / 64] |= 1 << (cpu % 64));
    }
    Some(mask)
}

/// Digits only: Rust's own parser takes a sign, too.
fn number(text: &str) -> Option<usize> {
    let text = text.trim_matches(' ');
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// What `process.execCPUAffinity` asks for before the cgroup is entered, and after it.
pub(super) fn wanted(process: &Process<'_>) -> (Option<Vec<u64>>, Option<Vec<u64>>) {
    let affinity = process.exec_cpu_affinity.as_ref();
    let mask = |list: Option<&crate::oci::Text<'_>>| {
        list.filter(|list| !list.is_empty()).and_then(|list| parse(list))
    };
    (
        mask(affinity.and_then(|affinity| affinity.initial.as_ref())),
        mask(affinity.and_then(|affinity| affinity.last.as_ref())),
    )
}

/// A mask, shown as a list.
pub(super) struct Cpus<'a>(pub(super) &'a [u64]);

impl fmt::Display for Cpus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_set = |cpu: usize| {
            self.0
                .get(cpu / 64)
                .is_some_and(|word| word >> (cpu % 64) & 1 == 1)
        };
        let mut cpu = 0;
        let mut separator = "";
        while cpu < self.0.len() * 64 {
            let length = (cpu..).take_while(|cpu| is_set(*cpu)).count();
            match length {
                0 => {}
                1 => write!(f, "{separator}{cpu}")?,
                _ => write!(f, "{separator}{cpu}-{}", cpu + length - 1)?,
            }
            if length > 0 {
                separator = ",";
            }
            cpu += length + 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_masks_and_lists_again() {
        for (list, mask, again) in [
            ("0", vec![1], "0"),
            ("0-3,7", vec![0x8f], "0-3,7"),
            ("1, 2", vec![6], "1-2"),
            ("63-64", vec![1 << 63, 1], "63-64"),
        ] {
            assert_eq!(parse(list), Some(mask.clone()), "{list}");
            assert_eq!(Cpus(&mask).to_string(), again);
        }
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in [
            "",
            ",",
            "1,",
            "a",
            "3-1",
            "-1",
            "+1",
            "1-",
            "8192",
            "0-99999999999999999999",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
