//! The suites. Each test makes a [`corten_conformance::Case`], runs programs, and judges them from outside.

mod runtime_properties;
mod runtime_states;
