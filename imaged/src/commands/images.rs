//! `corten images`.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::image_layers::{self, Layer};
use super::prune;
use crate::error::{Context, Result};
use crate::format::filter::Filters;
use crate::format::timestamp::Timestamp;
use crate::format::{Listing, human};
use crate::image::{Image, Names, Reference};
use crate::oci::Digest;
use crate::output;
use crate::settings::Settings;
use crate::store::Store;

const FILTERS: [&str; 6] = ["dangling", "label", "reference", "before", "since", "until"];
const COLUMNS: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const COLUMNS_WITH_DIGEST: &str =
    "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const HEADERS: [(&str, &str); 7] = [
    ("Repository", "REPOSITORY"),
    ("Tag", "TAG"),
    ("Digest", "DIGEST"),
    ("ID", "IMAGE ID"),
    ("CreatedSince", "CREATED"),
    ("CreatedAt", "CREATED AT"),
    ("Size", "SIZE"),
];
const NONE: &str = "<none>";

/// List images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show only images of this repository, or this one
    #[arg(value_name = "REPOSITORY[:TAG]")]
    repository: Option<String>,
    /// Show the layers below images, too (not with --quiet: they have no id that another verb takes)
    #[arg(short, long)]
    all: bool,
    /// Show digests
    #[arg(long)]
    digests: bool,
    /// Show only those that match: dangling, label, reference, before, since, until
    #[arg(short, long, value_name = "KEY=VALUE")]
    filter: Vec<String>,
    /// `table`, `table TEMPLATE`, `json` or a Go template
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Show ids in full
    #[arg(long)]
    no_trunc: bool,
    /// Show only ids
    #[arg(short, long)]
    quiet: bool,
    /// Show how layers stand on each other, and which images end in them
    #[arg(long, conflicts_with_all = ["quiet", "format", "digests"])]
    tree: bool,
}

/// One line of the listing: an image under one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(settings: &Settings, args: &Args) -> Result<ExitCode> {
    let filters = Filters::parse(&args.filter, &FILTERS)?;
    let store = Store::open(&settings.root)?;
    let bounds = Bounds::new(&store, &filters)?;
    let mut all = Vec::new();
    for (image, names) in store.images()? {
        if passes(&image, &names, &filters)? && bounds.contain(&image) {
            all.push((image, names));
        }
    }
    if args.tree {
        output::print(&image_layers::tree(&store, &all, args.no_trunc)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let with_layers = args.all && !args.quiet && args.filter.is_empty() && args.repository.is_none();
    let layers = match with_layers {
        true => image_layers::below(&store, &all)?,
        false => Vec::new(),
    };
    let mut rows = Vec::new();
    for (place, (image, names)) in all.iter().enumerate() {
        for name in names_to_show(names, args.digests) {
            let fits = |pattern: &str| matches_reference(pattern, &name);
            if filters.any("reference", fits) && args.repository.as_deref().is_none_or(fits) {
                rows.push(row(image, &name, args.no_trunc));
            }
        }
        let below = layers.iter().filter(|(first, _)| *first == place);
        rows.extend(below.map(|(_, layer)| layer_row(layer, args.no_trunc)));
    }
    match args.quiet {
        true => print_ids(&rows),
        false => {
            let default = if args.digests {
                COLUMNS_WITH_DIGEST
            } else {
                COLUMNS
            };
            let listing = Listing {
                default,
                headers: &HEADERS,
            };
            output::print(&listing.render(args.format.as_deref(), &rows)?)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

fn print_ids(rows: &[Value]) -> Result<()> {
    let mut ids: Vec<&str> = rows.iter().filter_map(|row| row["ID"].as_str()).collect();
    ids.dedup();
    ids.into_iter().try_for_each(output::line)
}

/// `before` and `since`: images are compared by the time they were made.
struct Bounds {
    before: Vec<Option<String>>,
    since: Vec<Option<String>>,
}

impl Bounds {
    fn new(store: &Store, filters: &Filters) -> Result<Self> {
        let created = |key: &str| -> Result<Vec<Option<String>>> {
            let names = filters.values(key).iter();
            names
                .map(|name| store.resolve(name).map(|image| image.config.created))
                .collect::<Result<_>>()
                .context(|| format!("filter {key}"))
        };
        Ok(Self {
            before: created("before")?,
            since: created("since")?,
        })
    }

    fn contain(&self, image: &Image) -> bool {
        let created = &image.config.created;
        self.before.iter().all(|bound| created < bound) && self.since.iter().all(|bound| created > bound)
    }
}

fn passes(image: &Image, names: &Names, filters: &Filters) -> Result<bool> {
    let dangling = names.tags.is_empty();
    let wanted = |value: &str| matches!(value, "true" | "1") == dangling;
    let meant = prune::is_meant(
        filters,
        image.config.created.as_deref(),
        &image.config.config.labels,
    )?;
    Ok(filters.all("dangling", wanted) && meant)
}

/// A line for each tag; for an image without tags a line for each repository, or one without a name.
fn names_to_show(names: &Names, with_digests: bool) -> Vec<Name> {
    let digest_of = |repository: &str| {
        names.digests.iter().find_map(|name| {
            name.strip_prefix(repository)?
                .strip_prefix('@')
                .map(str::to_owned)
        })
    };
    let mut shown: Vec<Name> = Vec::new();
    for tag in names.tags.iter().filter_map(|tag| tag.parse::<Reference>().ok()) {
        let repository = tag.familiar_name();
        let digest = digest_of(&repository).filter(|_| with_digests);
        shown.push(Name {
            tag: tag.tag().map(str::to_owned),
            digest,
            repository,
        });
    }
    if shown.is_empty() {
        for (repository, digest) in names.digests.iter().filter_map(|name| name.split_once('@')) {
            let digest = Some(digest.to_owned());
            shown.push(Name {
                repository: repository.to_owned(),
                tag: None,
                digest,
            });
        }
    }
    if shown.is_empty() {
        shown.push(nameless());
    }
    shown
}

fn nameless() -> Name {
    Name {
        repository: NONE.to_owned(),
        tag: None,
        digest: None,
    }
}

fn row(image: &Image, name: &Name, in_full: bool) -> Value {
    shown(
        name,
        (&image.id, in_full),
        image.config.created.as_deref(),
        image.size,
    )
}

/// A layer below images: it has no name, and its chain ID in place of an image's.
fn layer_row(layer: &Layer, in_full: bool) -> Value {
    shown(
        &nameless(),
        (&layer.chain_id, in_full),
        layer.created.as_deref(),
        layer.size,
    )
}

fn shown(name: &Name, (id, in_full): (&Digest, bool), created: Option<&str>, size: u64) -> Value {
    let created = created.and_then(Timestamp::parse);
    let since = created.map(|created| human::ago(created.seconds, Timestamp::now().seconds));
    let unknown = || "N/A".to_owned();
    json!({
        "Repository": name.repository,
        "Tag": name.tag.as_deref().unwrap_or(NONE),
        "Digest": name.digest.as_deref().unwrap_or(NONE),
        "ID": if in_full { id.to_string() } else { id.short() },
        "CreatedSince": since.unwrap_or_else(unknown),
        "CreatedAt": created.map_or_else(unknown, Timestamp::as_go),
        "Size": human::size(size),
        "VirtualSize": human::size(size),
        "SharedSize": "N/A",
        "UniqueSize": "N/A",
        "Containers": "N/A",
    })
}

/// Whether a pattern fits the repository, or repository and tag; `*` and `?` do not match `/`.
fn matches_reference(pattern: &str, name: &Name) -> bool {
    let with_tag = format!("{}:{}", name.repository, name.tag.as_deref().unwrap_or(NONE));
    matches(pattern.as_bytes(), name.repository.as_bytes())
        || matches(pattern.as_bytes(), with_tag.as_bytes())
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=end).any(|taken| matches(rest, &text[taken..]))
        }
        (Some((b'?', rest)), Some((byte, text))) => *byte != b'/' && matches(rest, text),
        (Some((wanted, rest)), Some((byte, text))) => wanted == byte && matches(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(repository: &str, tag: &str) -> Name {
        Name {
            repository: repository.into(),
            tag: Some(tag.into()),
            digest: None,
        }
    }

    #[test]
    fn references_match_patterns() {
        for (pattern, fits) in [
            ("a/b", true),
            ("a/b:1", true),
            ("a/*", true),
            ("a/*:1", true),
            ("?/b", true),
            ("*", false),
            ("a", false),
            ("a/b:2", false),
        ] {
            assert_eq!(matches_reference(pattern, &name("a/b", "1")), fits, "{pattern}");
        }
    }

    #[test]
    fn images_without_tags_are_shown_by_repository_or_without_a_name() {
        let digest = format!("debian@{}", Digest::of(b""));
        let names = Names {
            tags: vec![],
            digests: vec![digest],
        };
        assert_eq!(names_to_show(&names, false)[0].repository, "debian");
        assert_eq!(names_to_show(&Names::default(), false)[0].repository, NONE);
        let tagged = Names {
            tags: vec!["localhost:5000/a:1".into()],
            digests: vec![],
        };
        assert_eq!(names_to_show(&tagged, false), [name("localhost:5000/a", "1")]);
    }
}
