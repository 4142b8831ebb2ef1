//! What a registry has: the tags of a repository, and its repositories (distribution-spec, "Listing Tags").

use reqwest::Url;
use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;

use super::client::Client;
use super::connection::Connection;
use super::{Options, pull};
use crate::error::{Error, Kind, Result};
use crate::image::Reference;
use crate::oci::manifest::read_json;

/// How many names are asked for at once.
const PAGE: usize = 100;
/// The most that is taken of a list.
const MAX_NAMES: usize = 100_000;
/// The longest that a page may be.
const MAX_PAGE: u64 = 4 << 20;

#[derive(Deserialize)]
struct Page {
    #[serde(alias = "repositories", default)]
    tags: Option<Vec<String>>,
}

/// The tags of a repository, in the registry's order.
///
/// # Errors
/// `NotFound`, `Denied`, `Network`; `Invalid` for a tag that cannot be one.
pub fn tags(repository: &Reference, options: &Options) -> Result<Vec<Reference>> {
    let client = Client::new(repository, options)?;
    let names = async {
        let connection = client.origin();
        let first = connection.url(&format!("tags/list?n={PAGE}"))?;
        client
            .with_retries(async || names(connection, first.clone()).await)
            .await
    };
    let names = pull::runtime()?
        .block_on(names)
        .map_err(|error| match error.kind() {
            Kind::NotFound => Error::new(Kind::NotFound, format!("{} not found", repository.repository())),
            _ => error.context(format!("list the tags of {}", repository.repository())),
        })?;
    names.iter().map(|tag| repository.with_tag(tag)).collect()
}

/// All the names of a list, page by page.
pub(super) async fn names(connection: &Connection, first: Url) -> Result<Vec<String>> {
    let (mut all, mut next) = (Vec::new(), Some(first));
    while let Some(url) = next {
        let response = connection.get(&url, &HeaderMap::new()).await?;
        // Not what was to be asked: it may be spoken to without encryption.
        next = following(response.headers(), response.url());
        let page: Page = read_json(
            &connection.body(response, MAX_PAGE, "list").await?,
            "registry's list",
        )?;
        let page = page.tags.unwrap_or_default();
        // A registry that says "next" for ever says nothing at some time.
        if page.is_empty() {
            break;
        }
        all.extend(page);
        if all.len() > MAX_NAMES {
            return Err(Error::new(
                Kind::Limit,
                format!("the list has more than {MAX_NAMES} names"),
            ));
        }
    }
    Ok(all)
}

/// The address of the next page: `<ADDRESS>; rel="next"` (RFC 5988), at the same host.
fn following(headers: &HeaderMap, base: &Url) -> Option<Url> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (address, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = base.join(address).ok()?;
    (relation.contains("next") && next.origin() == base.origin()).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_at_the_same_host() {
        let base: Url = "https://h/v2/x/tags/list?n=2".parse().unwrap();
        let next = |link: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, link.parse().unwrap());
            following(&headers, &base).map(String::from)
        };
        assert_eq!(
            next("</v2/x/tags/list?last=b&n=2>; rel=\"next\"").as_deref(),
            Some("https://h/v2/x/tags/list?last=b&n=2")
        );
        assert_eq!(next("<http://elsewhere/>; rel=\"next\""), None);
        assert_eq!(next("</v2/>; rel=\"prev\""), None);
        assert_eq!(next("none"), None);
    }
}
