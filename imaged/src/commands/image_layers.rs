//! The layers below images: `images --all` and `images --tree`.

use std::collections::{BTreeMap, HashSet};

use crate::error::Result;
use crate::format::human;
use crate::image::{Image, Names};
use crate::oci::Digest;
use crate::store::Store;

/// A layer that is not an image's topmost.
pub(super) struct Layer {
    pub(super) chain_id: Digest,
    /// When the step that made it was taken.
    pub(super) created: Option<String>,
    /// The bytes of its files and of those below.
    pub(super) size: u64,
}

/// The layers below the images' topmost, each once, from the top down, with the place of the first image that has it.
///
/// # Errors
/// When a layer's description cannot be read.
pub(super) fn below(store: &Store, images: &[(Image, Names)]) -> Result<Vec<(usize, Layer)>> {
    let mut seen: HashSet<Digest> = images
        .iter()
        .filter_map(|(image, _)| image.layers.last().copied())
        .collect();
    let mut all = Vec::new();
    for (place, (image, _)) in images.iter().enumerate() {
        let steps = image.config.history.iter().filter(|step| !step.empty_layer);
        let times: Vec<Option<String>> = steps.map(|step| step.created.clone()).collect();
        let mut size = 0;
        let mut own = Vec::new();
        for (at, chain_id) in image.layers.iter().enumerate() {
            size += store.layer(chain_id)?.size;
            let created = times.get(at).cloned().flatten();
            own.push(Layer {
                chain_id: *chain_id,
                created,
                size,
            });
        }
        own.reverse();
        let new = own.into_iter().filter(|layer| seen.insert(layer.chain_id));
        all.extend(new.map(|layer| (place, layer)));
    }
    Ok(all)
}

/// A layer in the tree: its own bytes, what stands on it, and the images whose topmost it is.
#[derive(Default)]
struct Node {
    size: u64,
    above: Vec<Digest>,
    images: Vec<String>,
}

/// The layers as a tree, the lowest at the left, with the images that end in them.
///
/// # Errors
/// When a layer's description cannot be read.
pub(super) fn tree(store: &Store, images: &[(Image, Names)], in_full: bool) -> Result<String> {
    let mut nodes: BTreeMap<Digest, Node> = BTreeMap::new();
    let mut roots: Vec<Digest> = Vec::new();
    let mut text = String::new();
    for (image, names) in images {
        let shown = described(image, names, in_full);
        let Some(top) = image.layers.last() else {
            text.push_str(&format!("── {shown}\n"));
            continue;
        };
        let mut parent: Option<&Digest> = None;
        for chain_id in &image.layers {
            if !nodes.contains_key(chain_id) {
                let size = store.layer(chain_id)?.size;
                match parent.and_then(|parent| nodes.get_mut(parent)) {
                    Some(parent) => parent.above.push(*chain_id),
                    None => roots.push(*chain_id),
                }
                nodes.insert(
                    *chain_id,
                    Node {
                        size,
                        ..Node::default()
                    },
                );
            }
            parent = Some(chain_id);
        }
        if let Some(node) = nodes.get_mut(top) {
            node.images.push(shown);
        }
    }
    draw(&nodes, &roots, "", in_full, &mut text);
    Ok(text)
}

fn described(image: &Image, names: &Names, in_full: bool) -> String {
    let id = if in_full {
        image.id.to_string()
    } else {
        image.id.short()
    };
    match names.tags.is_empty() {
        true => format!("<none> ({id})"),
        false => format!("{} ({id})", names.tags.join(", ")),
    }
}

fn draw(nodes: &BTreeMap<Digest, Node>, level: &[Digest], indent: &str, in_full: bool, text: &mut String) {
    for (at, chain_id) in level.iter().enumerate() {
        let Some(node) = nodes.get(chain_id) else { continue };
        let (branch, below) = match at + 1 == level.len() {
            true => ("└─", "  "),
            false => ("├─", "│ "),
        };
        let id = if in_full {
            chain_id.to_string()
        } else {
            chain_id.short()
        };
        let images: String = node.images.iter().map(|image| format!("  {image}")).collect();
        text.push_str(&format!(
            "{indent}{branch} {id} {}{images}\n",
            human::size(node.size)
        ));
        draw(nodes, &node.above, &format!("{indent}{below} "), in_full, text);
    }
}
