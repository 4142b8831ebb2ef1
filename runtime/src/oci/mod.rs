//! The runtime-spec's config.json as a borrowed model: strings point into the file's bytes.
//!
//! Every Linux property of runtime-spec 1.3 is here; what the spec does not know is ignored, as it demands.
//! Values stay as written (names are checked when the plan is made), so that one unknown word does not
//! reject a whole file. This module decides nothing.

mod events;
mod features;
mod linux;
mod parse;
mod process;
mod resources;
mod seccomp;
mod spec;
mod state;
mod text;

pub use events::*;
pub use features::*;
pub use linux::*;
pub use parse::{parse, parse_process, parse_resources};
pub use process::*;
pub use resources::*;
pub use seccomp::*;
pub use spec::*;
pub use state::*;
pub use text::Text;

/// The version of the runtime-spec that this model follows.
pub const VERSION: &str = "1.3.0";

/// String to string, in sorted order so that output is reproducible.
pub type Map<'a, V> = std::collections::BTreeMap<Text<'a>, V>;
