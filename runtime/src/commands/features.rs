//! `features`: what this runtime can do, as data.

use super::{Verb, print_json};
use crate::cli::Globals;
use crate::error::Result;
use crate::oci::Features;
use clap::Args;

/// Show the enabled features as JSON (runtime-spec, "Features Structure")
#[derive(Debug, Args)]
pub(super) struct FeaturesArgs {}

impl Verb for FeaturesArgs {
    const NAME: &'static str = "features";
    const ABOUT: &'static str = "show the enabled features";

    fn run(self, _globals: &Globals) -> Result<u8> {
        print_json(&Features::of_this_build())
    }
}
