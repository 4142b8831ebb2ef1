//! Looking for repositories: by Docker Hub's search interface where a registry has it, else in its catalog.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::connection::Connection;
use super::places::address;
use super::{Options, lists, login, pull};
use crate::error::{Context, Error, Kind, Result};
use crate::oci::manifest::read_json;

/// The longest that an answer may be.
const MAX_ANSWER: u64 = 4 << 20;
/// Where Docker Hub is searched: not where its images are.
const DOCKER_IO: &str = "https://index.docker.io";

/// A repository that was found.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Hit {
    /// Its name.
    pub name: String,
    /// What its owner says about it.
    #[serde(default)]
    pub description: Option<String>,
    /// How many people like it.
    #[serde(default, rename = "star_count")]
    pub stars: u64,
    /// Whether it is one of Docker's own selection.
    #[serde(default)]
    pub is_official: bool,
    /// Whether it is built from its source automatically.
    #[serde(default)]
    pub is_automated: bool,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<Hit>,
}

/// The repositories of a registry that have to do with a term, at most `limit`.
///
/// # Errors
/// `Denied`, `Network`; `Unsupported` and `NotFound` when the registry has neither a search nor a catalog.
pub fn search(domain: &str, term: &str, limit: usize, options: &Options) -> Result<Vec<Hit>> {
    let connection = login::registry(domain, options)?.with_scope("registry:catalog:*");
    let found = async {
        match by_search(&connection, term, limit).await {
            Ok(found) => Ok(found),
            Err(error) if domain == "docker.io" || error.kind() == Kind::Network => Err(error),
            Err(_) => by_catalog(&connection, term).await,
        }
    };
    let found = pull::runtime()?
        .block_on(found)
        .context(|| format!("search {domain}"))
        .map_err(|error| match error.kind() {
            Kind::NotFound | Kind::Unsupported => {
                error.hint("the registry has neither a search nor a catalog")
            }
            _ => error,
        })?;
    Ok(found.into_iter().take(limit).collect())
}

async fn by_search(connection: &Connection, term: &str, limit: usize) -> Result<Vec<Hit>> {
    let mut url = match connection.host.name.as_str() {
        "docker.io" => address(DOCKER_IO)?,
        _ => connection.host.root.clone(),
    };
    url.set_path("/v1/search");
    url.query_pairs_mut()
        .append_pair("q", term)
        .append_pair("n", &limit.to_string());
    let response = connection.get(&url, &HeaderMap::new()).await?;
    let bytes = connection.body(response, MAX_ANSWER, "answer").await?;
    let answer: Answer = read_json(&bytes, "registry's answer")?;
    Ok(answer.results)
}

async fn by_catalog(connection: &Connection, term: &str) -> Result<Vec<Hit>> {
    let mut url = connection
        .host
        .root
        .join("_catalog")
        .map_err(|error| Error::new(Kind::Invalid, error.to_string()))?;
    url.query_pairs_mut().append_pair("n", "100");
    let names = lists::names(connection, url).await?;
    let hits = names
        .into_iter()
        .filter(|name| name.contains(term))
        .map(|name| Hit {
            name: format!("{}/{name}", connection.host.name),
            description: None,
            stars: 0,
            is_official: false,
            is_automated: false,
        });
    Ok(hits.collect())
}
