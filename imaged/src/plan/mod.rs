//! From an image's configuration, what the user asked for and facts about the host to the OCI config.json.
//!
//! Pure: no file is opened here, no clock or environment is read. Whoever calls brings the facts.

pub(crate) mod bundle;
mod capabilities;
pub(crate) mod change;
pub(crate) mod command;
pub(crate) mod copy;
mod devices;
pub(crate) mod exec;
pub(crate) mod facts;
pub(crate) mod flags;
pub(crate) mod health;
pub(crate) mod hostfiles;
pub(crate) mod id_attributes;
pub(crate) mod id_map;
pub(crate) mod log_attributes;
mod mounts;
pub(crate) mod options;
pub(crate) mod resources;
mod seccomp;
pub(crate) mod standalone;
pub(crate) mod subid;
pub(crate) mod user;
pub(crate) mod userns;

pub(crate) use bundle::bundle_config;
pub(crate) use mounts::clean as clean_path;
pub(crate) use options::Options;
