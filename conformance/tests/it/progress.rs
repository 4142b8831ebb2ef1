//! What a person sees of a pull: bars on a terminal that fit into it, plain lines elsewhere.

use corten_conformance::Case;
use corten_conformance::engine::{Engine, probe_image, serve};
use corten_conformance::fault::{Fault, Server, Target};
use corten_conformance::layout::{Entry, Format, Image, Packing, archive};
use corten_conformance::pty::Session;
use serde_json::json;

/// An image whose layer stalls half-way, and the layer's short name.
fn stalling() -> (Server, String) {
    let content = archive(&[Entry::file("data", vec![0; 1_000_000])]);
    let image = Image::new(Format::Oci, Packing::Plain, &[content], json!({}));
    let layer = short(&image.layer(0));
    (
        Server::start(image, Target::Layer, Fault::Stall { after: 500_000 }),
        layer,
    )
}

fn short(digest: &str) -> String {
    digest.trim_start_matches("sha256:").chars().take(12).collect()
}

/// The lines that were drawn on a terminal of so many columns, without what moves the cursor and clears.
fn drawn(shown: &str, columns: u16) -> Vec<String> {
    let mut text = String::new();
    let mut rest = shown;
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        let end = sequence.find(|c: char| c.is_ascii_alphabetic());
        text.push('\n');
        rest = &sequence[end.map_or(sequence.len(), |at| at + 1)..];
    }
    text.push_str(rest);
    let pieces = text
        .split(['\r', '\n'])
        .map(|piece| piece.chars().collect::<Vec<_>>());
    let lines = pieces.flat_map(|piece| {
        let lines = piece.chunks(columns.into()).map(String::from_iter);
        lines.collect::<Vec<_>>()
    });
    lines
        .map(|line| line.trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn bars_fit_the_terminal() {
    for (columns, parts) in [
        (200, ["[=", "/", "B"]),
        (80, ["[=", "/", "B"]),
        (60, ["[=", "/", "B"]),
        (50, [" ", "", "%"]),
        (32, [" ", "", "%"]),
    ] {
        let case = Case::new();
        let (server, layer) = stalling();
        let mut session = Session::start(Engine::new(&case).verb(&["pull", &server.image()]), 24, columns);
        let mut shown = session.shows(&format!("{layer}: Downloading"));
        shown.extend(parts.map(|part| session.shows(part)));
        let lines = drawn(&shown, columns);
        // What does not fit goes on in a line that begins otherwise.
        let begins = |line: &&String| line.starts_with(&format!("{layer}:"));
        let wrapped = lines
            .iter()
            .skip_while(|line| !begins(line))
            .find(|line| !begins(line));
        assert_eq!(wrapped, None, "{columns}: {lines:#?}");
    }
}

/// Ctrl-C ends a pull and leaves the terminal as it was.
#[test]
fn an_interrupted_pull_leaves_the_terminal_sane() {
    let case = Case::new();
    let (server, layer) = stalling();
    let script = r#"before=$(stty -g); trap : INT; "$@"; echo "ended with $?"
        [ "$before" = "$(stty -g)" ] && echo unchanged"#;
    let mut pull = Engine::new(&case).verb(&["pull", &server.image()]);
    let shell = case
        .cmd("sh")
        .args(["-c", script, "sh"])
        .arg(pull.command().get_program())
        .args(pull.command().get_args());
    let mut session = Session::start(shell, 24, 80);
    session.shows(&format!("{layer}: Downloading ["));
    session.type_in("\u{3}");
    let shown = session.shows("unchanged");
    assert!(shown.contains("ended with 130"), "{shown:?}");
    assert!(!shown.contains("\u{1b}[?25l"), "the cursor is hidden: {shown:?}");
}

#[test]
fn finished_layers_stay_as_lines_on_a_terminal() {
    let case = Case::new();
    let image = probe_image(&json!({}));
    let layer = short(&image.layer(0));
    let server = serve(image);
    let session = Session::start(Engine::new(&case).verb(&["pull", &server.image()]), 24, 80);
    let (status, shown) = session.ends();
    assert!(status.success(), "{shown}");
    let lines = drawn(&shown, 80);
    let position = |text: &str| lines.iter().position(|line| line == text);
    let complete = position(&format!("{layer}: Pull complete"));
    let last = position(&server.image());
    assert!(complete.is_some() && complete < last, "{lines:#?}");
    assert_eq!(last, Some(lines.len() - 1), "{lines:#?}");
}

#[test]
fn without_a_terminal_there_is_a_line_for_each_step() {
    let case = Case::new();
    let image = probe_image(&json!({}));
    let layer = short(&image.layer(0));
    let server = serve(image);
    let out = Engine::new(&case).verb(&["pull", &server.image()]).ok();
    let name = server.image();
    let repository = name.trim_end_matches(":latest");
    let expected = format!(
        "latest: Pulling from {repository}\n{layer}: Pulling fs layer\n{layer}: Download complete\n\
         {layer}: Pull complete\nDigest: sha256:"
    );
    assert!(out.out().starts_with(&expected), "{out:?}");
    assert!(out.out().ends_with(&format!("\n{name}\n")), "{out:?}");
    assert_eq!(out.err(), "");
}
