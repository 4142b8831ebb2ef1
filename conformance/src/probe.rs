//! What the probe reports, in the form that tests ask for.

use serde_json::Value;

/// The facts that one run of `corten-probe facts` printed.
#[derive(Debug, Clone)]
pub struct Facts(pub Value);

impl Facts {
    /// The value at a JSON pointer; its absence is a failure.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> &Value {
        self.0
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.0))
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer)
            .as_str()
            .unwrap_or_else(|| panic!("{pointer} is no text in {}", self.0))
    }

    /// A line of /proc/self/status, such as `CapEff`.
    #[track_caller]
    pub fn status(&self, name: &str) -> &str {
        self.text(&format!("/status/{name}"))
    }

    /// The mount that is visible at this path.
    pub fn mount(&self, path: &str) -> Option<Mount> {
        let lines = self.at("/mounts").as_array()?;
        lines
            .iter()
            .rev()
            .filter_map(Value::as_str)
            .filter_map(Mount::parse)
            .find(|m| m.point == path)
    }
}

/// A line of mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub point: String,
    /// The options of the mount itself.
    pub options: Vec<String>,
    /// `shared:N`, `master:N`, … without the numbers.
    pub propagation: Vec<String>,
    /// The file system's type.
    pub kind: String,
    /// The options of the file system.
    pub super_options: Vec<String>,
}

impl Mount {
    fn parse(line: &str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let left: Vec<&str> = left.split(' ').collect();
        let right: Vec<&str> = right.split(' ').collect();
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        let propagation = left
            .get(6..)?
            .iter()
            .map(|p| p.split(':').next().unwrap_or(p).to_owned());
        Some(Self {
            point: (*left.get(4)?).to_owned(),
            options: list(left.get(5)?),
            propagation: propagation.collect(),
            kind: (*right.first()?).to_owned(),
            super_options: list(right.get(2)?),
        })
    }

    /// Does the mount have this option?
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|o| o == option)
    }
}

/// The set of capabilities in a hexadecimal mask of /proc/PID/status.
#[track_caller]
pub fn capabilities(mask: &str) -> u64 {
    u64::from_str_radix(mask, 16).unwrap_or_else(|e| panic!("{mask}: {e}"))
}

/// The first `count` bytes of what the probe's `bytes` verb writes.
pub fn bytes(count: u64) -> Vec<u8> {
    (0..count)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect()
}
