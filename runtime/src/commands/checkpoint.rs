//! `checkpoint`: saves a running container to files.

use super::Verb;
use super::criu_args::CriuArgs;
use crate::cli::Globals;
use crate::container::{self, Checkpoint, Id};
use crate::error::{Error, Kind, Result};
use clap::Args;
use std::path::PathBuf;

/// Save a running container to files, from which `restore` brings it back
#[derive(Debug, Args)]
pub(super) struct CheckpointArgs {
    #[command(flatten)]
    criu: CriuArgs,

    /// The directory of earlier images that these add to, relative to --image-path
    #[arg(long, value_name = "DIR")]
    parent_path: Option<PathBuf>,

    /// Let the container run on
    #[arg(long)]
    leave_running: bool,

    /// Leave out TCP connections that are not yet established
    #[arg(long)]
    tcp_skip_in_flight: bool,

    /// Allow unlinked files to be linked again
    #[arg(long)]
    link_remap: bool,

    /// The descriptor that gets a zero byte when the server of lazy pages is ready
    #[arg(long, value_name = "FD", default_value_t = -1, allow_hyphen_values = true, hide_default_value = true)]
    status_fd: i32,

    /// Send the pages of memory to a server: ADDRESS:PORT
    #[arg(long, value_name = "ADDRESS:PORT")]
    page_server: Option<String>,

    /// Save memory only, and let the container run on
    #[arg(long)]
    pre_dump: bool,

    /// The container's id
    #[arg(value_name = "CONTAINER-ID")]
    id: String,
}

impl Verb for CheckpointArgs {
    const NAME: &'static str = "checkpoint";
    const ABOUT: &'static str = "checkpoint a running container";

    fn run(self, globals: &Globals) -> Result<u8> {
        let id = Id::parse(&self.id)?;
        let wanted = Checkpoint {
            options: self.criu.options()?,
            parent: self.parent_path,
            leave_running: self.leave_running,
            pre_dump: self.pre_dump,
            tcp_skip_in_flight: self.tcp_skip_in_flight,
            link_remap: self.link_remap,
            page_server: self.page_server.as_deref().map(parse_server).transpose()?,
            status_fd: Some(self.status_fd).filter(|number| *number >= 0),
        };
        container::checkpoint(&globals.root, &id, wanted)?;
        Ok(0)
    }
}

/// `ADDRESS:PORT`; an IPv6 address may stand in brackets.
fn parse_server(text: &str) -> Result<(String, u16)> {
    let bad = || {
        Error::new(Kind::Usage, format!("invalid --page-server {text:?}"))
            .hint("use --page-server ADDRESS:PORT, such as 10.0.0.1:1234")
    };
    let (address, port) = text.rsplit_once(':').ok_or_else(bad)?;
    let address = address.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().map_err(|_| bad())?;
    if address.is_empty() || port == 0 {
        return Err(bad());
    }
    Ok((address.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_an_address_and_a_port() {
        assert_eq!(parse_server("10.0.0.1:99").unwrap(), ("10.0.0.1".to_owned(), 99));
        assert_eq!(parse_server("[::1]:99").unwrap(), ("::1".to_owned(), 99));
        for text in ["", "x", ":1", "x:", "x:0", "x:70000"] {
            assert!(parse_server(text).is_err(), "{text}");
        }
    }
}
