//! What a container uses, in containerd's messages for cgroups of version 1 and 2, from the texts of the kernel's files.
//! Pure: the caller reads.

mod v1;
mod v2;

use crate::ttrpc::wire::{Any, Message};

/// Where the texts come from: a file's text, or nothing if the kernel has no such file. On v1 the first word names the
/// controller, on v2 it is empty.
pub type Source<'a> = &'a dyn Fn(&str, &str) -> Option<String>;

/// The message for cgroups of version 1.
pub fn version1(source: Source<'_>) -> Any {
    any("io.containerd.cgroups.v1.Metrics", v1::metrics(source))
}

/// The message for cgroups of version 2.
pub fn version2(source: Source<'_>) -> Any {
    any("io.containerd.cgroups.v2.Metrics", v2::metrics(source))
}

fn any(type_url: &str, message: Message) -> Any {
    Any {
        type_url: type_url.to_owned(),
        value: message.into_bytes(),
    }
}

/// The number that a file consists of; `max` is as large as can be.
fn number(text: &str) -> u64 {
    match text.trim() {
        "max" => u64::MAX,
        text => text.parse().unwrap_or(0),
    }
}

/// The number after `key` in lines of `key number`.
fn keyed(text: &str, key: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        .map_or(0, number)
}

/// A message of the numbers of such lines, in fields that are numbered from `first` on.
fn table(text: &str, first: u32, keys: &[&str]) -> Message {
    (first..).zip(keys).fold(Message::new(), |message, (field, key)| {
        message.number(field, keyed(text, key))
    })
}

#[cfg(test)]
mod tests;
