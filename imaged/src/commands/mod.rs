//! The verbs: each file has one verb's options and the function that runs it.

pub(crate) mod version;
