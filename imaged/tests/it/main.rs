//! Integration tests of corten, one binary. They need root.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod archives;
mod attach;
mod commits;
mod copies;
mod crashes;
mod events;
mod exec;
mod fake_registry;
mod faulty_proxy;
mod habits;
mod health;
mod killed;
mod layers;
mod lies;
mod lifecycle;
mod listing;
mod log_levels;
mod logins;
mod logs;
mod manual;
mod mirrors;
mod pulls;
mod pushes;
mod real_registry;
mod removal;
mod restarts;
mod resume;
mod run;
mod sandbox;
mod signatures;
mod test_image;
mod transfers;
mod upkeep;
mod verbs;
