//! Listings: one row per thing, as a table, a template or JSON lines.

use serde_json::{Map, Value};

use super::harmless::harmless_line;
use super::template::Template;
use crate::error::Result;

/// What a listing command knows how to show.
pub(crate) struct Listing<'a> {
    /// The template of the plain command, without the leading `table `.
    pub(crate) default: &'a str,
    /// Field and column title of everything a template may name.
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

impl Listing<'_> {
    /// The text for the rows; `format` is what `--format` said.
    ///
    /// # Errors
    /// When the template is wrong or names a field that the rows do not have.
    pub(crate) fn render(&self, format: Option<&str>, rows: &[Value]) -> Result<String> {
        let format = format.unwrap_or("table").trim();
        match format.strip_prefix("table") {
            Some("") => self.table(self.default, rows),
            Some(rest) if rest.starts_with(char::is_whitespace) => self.table(rest.trim_start(), rows),
            _ if format == "json" => lines(&Template::parse("{{json .}}")?, rows),
            _ => lines(&Template::parse(&unescape(format))?, rows),
        }
    }

    fn table(&self, template: &str, rows: &[Value]) -> Result<String> {
        let template = Template::parse(&unescape(template))?;
        let titles: Map<String, Value> = self
            .headers
            .iter()
            .map(|(field, title)| ((*field).to_owned(), (*title).into()))
            .collect();
        let mut text = template.render(&Value::Object(titles))?;
        text.push('\n');
        let rows: Vec<Value> = rows.iter().map(harmless_row).collect();
        text.push_str(&lines(&template, &rows)?);
        Ok(align(&text))
    }
}

/// A row of a table is one line, whatever an image or a registry says. Templates and JSON are for programs.
fn harmless_row(row: &Value) -> Value {
    match row {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name.clone(), harmless_line(text).into()),
                other => (name.clone(), other.clone()),
            })
            .collect(),
        other => other.clone(),
    }
}

fn lines(template: &Template, rows: &[Value]) -> Result<String> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&template.render(row)?);
        text.push('\n');
    }
    Ok(text)
}

/// Shells pass `\t` as two characters; users mean a tab.
fn unescape(format: &str) -> String {
    format.replace("\\t", "\t").replace("\\n", "\n")
}

/// Lines up the cells between tabs, three blanks apart, columns at least ten wide.
fn align(text: &str) -> String {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate().take(row.len().saturating_sub(1)) {
            let width = (cell.chars().count() + 3).max(10);
            match widths.get_mut(column) {
                Some(known) => *known = (*known).max(width),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            out.push_str(cell);
            if column + 1 < row.len() {
                let pad = widths[column] - cell.chars().count();
                out.extend(std::iter::repeat_n(' ', pad));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LISTING: Listing<'_> = Listing {
        default: "{{.ID}}\t{{.Names}}",
        headers: &[("ID", "CONTAINER ID"), ("Names", "NAMES")],
    };

    #[test]
    fn the_default_is_an_aligned_table() {
        let rows = [json!({"ID": "abc", "Names": "bold_curie"})];
        assert_eq!(
            LISTING.render(None, &rows).unwrap(),
            "CONTAINER ID   NAMES\nabc            bold_curie\n"
        );
    }

    #[test]
    fn a_table_of_ones_own_keeps_titles() {
        let rows = [json!({"ID": "abc", "Names": "x"})];
        assert_eq!(
            LISTING.render(Some("table {{.Names}}\\t{{.ID}}"), &rows).unwrap(),
            "NAMES     CONTAINER ID\nx         abc\n"
        );
    }

    #[test]
    fn templates_and_json_are_one_line_per_row() {
        let rows = [json!({"ID": "a", "Names": "x"}), json!({"ID": "b", "Names": "y"})];
        assert_eq!(
            LISTING.render(Some("{{.ID}}:{{.Names}}"), &rows).unwrap(),
            "a:x\nb:y\n"
        );
        assert_eq!(
            LISTING.render(Some("json"), &rows).unwrap(),
            "{\"ID\":\"a\",\"Names\":\"x\"}\n{\"ID\":\"b\",\"Names\":\"y\"}\n"
        );
    }

    #[test]
    fn what_others_say_forges_no_rows_and_steers_no_terminal() {
        let rows = [json!({"ID": "a", "Names": "x\u{1b}[2J\nb\ty"})];
        assert_eq!(
            LISTING.render(None, &rows).unwrap(),
            "CONTAINER ID   NAMES\na              x\\u{1b}[2J\\nb\\ty\n"
        );
    }

    #[test]
    fn an_empty_listing_is_its_titles() {
        assert_eq!(LISTING.render(None, &[]).unwrap(), "CONTAINER ID   NAMES\n");
    }
}
