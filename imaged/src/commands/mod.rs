//! The verbs: each file has one verb's options and the function that runs it.

mod container_options;
pub(crate) mod create;
pub(crate) mod exec;
mod foreground;
pub(crate) mod history;
pub(crate) mod images;
mod images_for_run;
pub(crate) mod inspect;
mod inspect_image;
pub(crate) mod kill;
pub(crate) mod load;
pub(crate) mod logs;
pub(crate) mod ps;
pub(crate) mod pull;
mod pull_display;
pub(crate) mod rm;
pub(crate) mod rmi;
pub(crate) mod run;
pub(crate) mod save;
mod several;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod system;
pub(crate) mod tag;
pub(crate) mod version;
pub(crate) mod wait;
