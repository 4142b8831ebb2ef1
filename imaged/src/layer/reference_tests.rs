//! Whatever layers hold, in whatever order and however many are unpacked at once: what shows is what a naive reference
//! makes of them, which applies the layers one after the other to a tree in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use super::test_archive::{Archive, header};
use super::{Limits, flatten, own_umask, unpack};

/// One entry of a layer.
#[derive(Debug, Clone)]
enum Op {
    Dir(String, u32),
    File(String, u8, u32),
    Symlink(String, u8),
    HardLink(String, String),
    Whiteout(String),
    Opaque(String),
}

impl Op {
    fn path(&self) -> &str {
        match self {
            Self::Dir(path, _) | Self::File(path, ..) | Self::Symlink(path, _) => path,
            Self::HardLink(path, _) | Self::Whiteout(path) | Self::Opaque(path) => path,
        }
    }
}

/// What is at a path. Hard links are files of one number.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Dir(u32),
    File { number: usize, content: u8, mode: u32 },
    Symlink(u8),
}

type Tree = BTreeMap<String, Node>;

fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

/// A layer being applied to what is below it.
struct Reference {
    tree: Tree,
    /// Paths that this layer has.
    own: BTreeSet<String>,
    /// Paths that a hard link to a lower layer needs as they are until the end.
    frozen: BTreeSet<String>,
    next: usize,
}

impl Reference {
    fn remove(&mut self, path: &str) {
        self.tree
            .retain(|other, _| other != path && !is_below(other, path));
        self.own.retain(|other| other != path && !is_below(other, path));
    }

    fn add_parents(&mut self, path: &str) {
        for parent in parents(path).map(str::to_owned).collect::<Vec<_>>() {
            if !matches!(self.tree.get(&parent), Some(Node::Dir(_))) {
                self.remove(&parent);
                self.tree.insert(parent.clone(), Node::Dir(0o755));
            }
            self.own.insert(parent);
        }
    }

    fn put(&mut self, path: &str, node: Node) {
        self.add_parents(path);
        match (&node, self.tree.get(path)) {
            (Node::Dir(_), Some(Node::Dir(_))) => {}
            _ => self.remove(path),
        }
        self.tree.insert(path.to_owned(), node);
        self.own.insert(path.to_owned());
    }

    /// What the layer hides of those below: it does so wherever in the archive it says that.
    fn hide(&mut self, op: &Op) {
        match op {
            Op::Whiteout(path) => self.remove(path),
            Op::Opaque(path) => self.tree.retain(|other, _| !is_below(other, path)),
            _ => {}
        }
    }

    /// Whether the entry makes sense after those before it; others are not put into the archive.
    fn accepts(&self, op: &Op) -> bool {
        let path = op.path();
        let own_file =
            |path: &str| self.own.contains(path) && !matches!(self.tree.get(path), Some(Node::Dir(_)));
        if parents(path).any(own_file) {
            return false;
        }
        if let Op::Opaque(path) = op
            && own_file(path)
        {
            return false;
        }
        let touched = |frozen: &String| frozen == path || is_below(frozen, path);
        if self.frozen.iter().any(touched) {
            return false;
        }
        match op {
            Op::HardLink(path, target) => {
                let is_file = matches!(self.tree.get(target), Some(Node::File { .. }));
                path != target && is_file && !is_below(target, path) && !is_below(path, target)
            }
            _ => true,
        }
    }

    fn apply(&mut self, op: &Op) {
        self.next += 1;
        match op {
            Op::Dir(path, mode) => self.put(path, Node::Dir(*mode)),
            Op::File(path, content, mode) => {
                let (number, content, mode) = (self.next, *content, *mode);
                self.put(
                    path,
                    Node::File {
                        number,
                        content,
                        mode,
                    },
                );
            }
            Op::Symlink(path, target) => self.put(path, Node::Symlink(*target)),
            Op::HardLink(path, target) => {
                let mut node = self.tree[target].clone();
                if !self.own.contains(target) {
                    // Copied up: it is a file of its own from here on.
                    if let Node::File { number, .. } = &mut node {
                        *number = self.next;
                    }
                    self.tree.insert(target.clone(), node.clone());
                    self.add_parents(target);
                    self.own.insert(target.clone());
                    self.frozen.extend([target.clone(), path.clone()]);
                } else if self.frozen.contains(target) {
                    self.frozen.insert(path.clone());
                }
                self.put(path, node);
            }
            // What is above a whiteout is there.
            Op::Whiteout(path) => self.add_parents(path),
            Op::Opaque(path) => self.add_parents(&format!("{path}/x")),
        }
    }
}

/// Applies what makes sense of the layer, and returns the layer's archive and what shows then.
fn apply(layer: &[Op], below: Tree, next: &mut usize) -> (Vec<u8>, Tree) {
    let mut reference = Reference {
        tree: below,
        own: BTreeSet::new(),
        frozen: BTreeSet::new(),
        next: *next,
    };
    layer.iter().for_each(|op| reference.hide(op));
    let hidden: Vec<&Op> = layer
        .iter()
        .filter(|op| matches!(op, Op::Whiteout(_) | Op::Opaque(_)))
        .collect();
    let mut archive = Archive::new();
    for op in layer {
        if reference.accepts(op) {
            reference.apply(op);
            archive = add(archive, op);
        } else if hidden.iter().any(|hidden| std::ptr::eq(*hidden, op)) {
            // It has hidden something already: the case is worth nothing.
            return (Vec::new(), Tree::new());
        }
    }
    *next = reference.next;
    (archive.end(), reference.tree)
}

fn add(archive: Archive, op: &Op) -> Archive {
    let with_mode = |kind, path: &str, mode| {
        let mut header = header(kind, path.as_bytes());
        header.set_mode(mode);
        header
    };
    match op {
        Op::Dir(path, mode) => archive.add(with_mode(b'5', path, *mode), &[]),
        Op::File(path, content, mode) => {
            let mut header = with_mode(b'0', path, *mode);
            header.set_size(1);
            archive.add(header, &[*content])
        }
        Op::Symlink(path, target) => archive.symlink(path, &format!("to-{target}")),
        Op::HardLink(path, target) => archive.hard_link(path, target),
        Op::Whiteout(path) => {
            let (above, name) = path.rsplit_once('/').unwrap_or((".", path));
            archive.whiteout(&format!("{above}/.wh.{name}"))
        }
        Op::Opaque(path) => archive.whiteout(&format!("{path}/.wh..wh..opq")),
    }
}

/// What shows of the layers, as the reference would tell it.
fn shown(roots: &[PathBuf]) -> BTreeMap<String, String> {
    let roots: Vec<PathBuf> = roots.iter().rev().cloned().collect();
    let stream = flatten(&roots, Vec::new()).unwrap();
    let mut all = BTreeMap::new();
    let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in tar::Archive::new(&stream[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let path = path.trim_end_matches('/').trim_start_matches("./").to_owned();
        if path.is_empty() || path == "." {
            continue;
        }
        let link = entry
            .link_name_bytes()
            .map(|link| String::from_utf8(link.into_owned()).unwrap());
        let mode = entry.header().mode().unwrap();
        let text = match entry.header().entry_type() {
            tar::EntryType::Directory => format!("dir {mode:o}"),
            tar::EntryType::Symlink => format!("symlink {}", link.unwrap()),
            tar::EntryType::Link => {
                links.entry(link.unwrap()).or_default().push(path);
                continue;
            }
            _ => {
                let mut content = Vec::new();
                std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
                links.entry(path.clone()).or_default().push(path.clone());
                format!("file {content:?} {mode:o}")
            }
        };
        all.insert(path, text);
    }
    with_links(all, links.into_values())
}

/// The same of the reference's tree.
fn expected(tree: &Tree) -> BTreeMap<String, String> {
    let mut links: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for (path, node) in tree {
        let text = match node {
            Node::Dir(mode) => format!("dir {mode:o}"),
            Node::Symlink(target) => format!("symlink to-{target}"),
            Node::File {
                number,
                content,
                mode,
            } => {
                links.entry(*number).or_default().push(path.clone());
                format!("file {:?} {mode:o}", [content])
            }
        };
        all.insert(path.clone(), text);
    }
    with_links(all, links.into_values())
}

/// Files of several names say so, each with all the names.
fn with_links(
    mut all: BTreeMap<String, String>,
    links: impl Iterator<Item = Vec<String>>,
) -> BTreeMap<String, String> {
    for mut names in links.filter(|names| names.len() > 1) {
        names.sort();
        let text = names.iter().find_map(|name| all.get(name)).unwrap().clone();
        for name in &names {
            all.insert(name.clone(), format!("{text}, one with {names:?}"));
        }
    }
    all
}

/// Unpacks all layers, so many at once, and settles them from the bottom up.
fn unpack_all(archives: &[Vec<u8>], at_once: usize) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    let roots: Vec<PathBuf> = (0..archives.len())
        .map(|n| dir.path().join(n.to_string()))
        .collect();
    roots.iter().for_each(|root| fs::create_dir(root).unwrap());
    let work: Vec<_> = archives.iter().zip(&roots).collect();
    let mut unpacked = Vec::new();
    for some in work.chunks(at_once) {
        std::thread::scope(|scope| {
            let one = |(archive, root): (&Vec<u8>, &PathBuf)| {
                own_umask().unwrap();
                unpack(&mut &archive[..], root, Limits::default()).unwrap()
            };
            let threads: Vec<_> = some.iter().map(|&job| scope.spawn(move || one(job))).collect();
            unpacked.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        });
    }
    for (index, unpacked) in unpacked.iter().enumerate() {
        let below: Vec<PathBuf> = roots[..index].iter().rev().cloned().collect();
        std::thread::scope(|scope| {
            let settle = || {
                own_umask().unwrap();
                unpacked.settle(&roots[index], &below).unwrap();
            };
            scope.spawn(settle).join().unwrap();
        });
    }
    (dir, roots)
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4)
        .prop_map(|parts| parts.join("/"))
}

fn op() -> impl Strategy<Value = Op> {
    let mode = || prop::sample::select(vec![0o644_u32, 0o755, 0o4755, 0o1777, 0o600]);
    prop_oneof![
        3 => (path(), mode()).prop_map(|(path, mode)| Op::Dir(path, mode)),
        6 => (path(), any::<u8>(), mode()).prop_map(|(path, content, mode)| Op::File(path, content, mode)),
        // Never a directory of something else: where a link leads is another test's matter.
        1 => (path(), any::<u8>()).prop_map(|(path, target)| Op::Symlink(format!("{path}/s"), target)),
        2 => (path(), path()).prop_map(|(path, target)| Op::HardLink(path, target)),
        2 => path().prop_map(Op::Whiteout),
        1 => path().prop_map(Op::Opaque),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_global_rejects: 1 << 20, ..ProptestConfig::default() })]

    #[test]
    fn what_shows_is_what_a_naive_reference_makes(
        layers in proptest::collection::vec(proptest::collection::vec(op(), 1..12), 1..5),
        at_once in 1_usize..5,
    ) {
        let (mut tree, mut archives, mut next) = (Tree::new(), Vec::new(), 0);
        for layer in &layers {
            let (archive, shown) = apply(layer, tree, &mut next);
            prop_assume!(!archive.is_empty());
            archives.push(archive);
            tree = shown;
        }
        let (_dir, roots) = unpack_all(&archives, at_once);
        prop_assert_eq!(shown(&roots), expected(&tree));
    }
}
