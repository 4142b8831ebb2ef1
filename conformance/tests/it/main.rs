//! The suites. Each test makes a [`corten_conformance::Case`], runs programs, and judges them from outside.

mod bad_images;
mod budgets;
mod bundles_by_hand;
mod containers;
mod crashes;
mod disks;
mod https;
mod images;
mod podman;
mod power_cut;
mod progress;
mod rootless;
mod runtime_bad_input;
mod runtime_changes;
mod runtime_exec;
mod runtime_properties;
mod runtime_states;
mod scripts;
mod slow_unmounts;
mod swapped;
