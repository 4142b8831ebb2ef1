//! The part of Go's text/template that people use with `--format`, over JSON values.
//!
//! Actions: pipelines, `if`/`else if`/`else`, `range`, `with`, variables, trim markers and comments.
//! Functions: see [`functions`]. What is not known is an error that names it.

mod eval;
mod functions;
mod lex;
mod parse;

use serde_json::Value;

use crate::error::{Error, Kind, Result};

/// A parsed template.
#[derive(Debug)]
pub(crate) struct Template {
    nodes: Vec<parse::Node>,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// When it is not well formed; the message says what is wrong.
    pub(crate) fn parse(source: &str) -> Result<Self> {
        let pieces = lex::split(source)?;
        Ok(Self {
            nodes: parse::parse(pieces)?,
        })
    }

    /// Renders the template for one value.
    ///
    /// # Errors
    /// When it names a field or function that does not exist, or uses a value in a way its type does not allow.
    pub(crate) fn render(&self, value: &Value) -> Result<String> {
        let mut out = String::new();
        eval::Scope::new(value).run(&self.nodes, value, &mut out)?;
        Ok(out)
    }
}

/// An error of a template.
fn wrong(message: impl std::fmt::Display) -> Error {
    Error::new(Kind::Usage, format!("template parsing error: {message}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(template: &str, value: &Value) -> String {
        Template::parse(template).unwrap().render(value).unwrap()
    }

    fn fails(template: &str, value: &Value) -> String {
        match Template::parse(template) {
            Ok(template) => template.render(value).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn fields_and_text() {
        let value = json!({"State": {"Status": "running", "Pid": 7}, "Name": "/x"});
        assert_eq!(
            render("{{.State.Status}} pid={{ .State.Pid }}", &value),
            "running pid=7"
        );
        assert_eq!(
            render("{{ json .State }}", &value),
            r#"{"Pid":7,"Status":"running"}"#
        );
        assert_eq!(render("plain", &value), "plain");
    }

    #[test]
    fn labels_by_index_and_as_fields() {
        let value = json!({"Config": {"Labels": {"a.b": "1", "c": "2"}}});
        assert_eq!(render(r#"{{index .Config.Labels "a.b"}}"#, &value), "1");
        assert_eq!(
            render(r#"{{index .Config.Labels "none"}}|{{.Config.Labels.c}}"#, &value),
            "|2"
        );
        assert_eq!(render("{{.Config.Labels.none}}", &value), "<no value>");
    }

    #[test]
    fn range_with_variables_and_else() {
        let value = json!({"Mounts": [{"D": "/a"}, {"D": "/b"}], "Env": {"x": 1, "y": 2}, "None": []});
        assert_eq!(render("{{range .Mounts}}{{.D}};{{end}}", &value), "/a;/b;");
        assert_eq!(
            render("{{range $k, $v := .Env}}{{$k}}={{$v}} {{end}}", &value),
            "x=1 y=2 "
        );
        assert_eq!(
            render("{{range $i, $m := .Mounts}}{{$i}}{{$m.D}}{{end}}", &value),
            "0/a1/b"
        );
        assert_eq!(render("{{range .None}}x{{else}}empty{{end}}", &value), "empty");
        assert_eq!(render("{{range .Mounts}}{{$.Env.x}}{{end}}", &value), "11");
    }

    #[test]
    fn conditions() {
        let value = json!({"A": "x", "B": "", "N": 3});
        assert_eq!(render("{{if .A}}yes{{else}}no{{end}}", &value), "yes");
        assert_eq!(
            render("{{if .B}}yes{{else if eq .N 3}}three{{else}}no{{end}}", &value),
            "three"
        );
        assert_eq!(render("{{if and .A (not .B)}}both{{end}}", &value), "both");
        assert_eq!(render("{{if or (ne .A \"x\") (gt .N 2)}}ok{{end}}", &value), "ok");
        assert_eq!(
            render("{{with .A}}[{{.}}]{{end}}{{with .B}}never{{end}}", &value),
            "[x]"
        );
    }

    #[test]
    fn pipelines_and_functions() {
        let value = json!({"L": ["a", "b"], "S": "Hello"});
        assert_eq!(
            render(r#"{{join .L ","}} {{.S | upper}} {{lower .S}}"#, &value),
            "a,b HELLO hello"
        );
        assert_eq!(
            render(r#"{{printf "%s-%d|%q" .S 4 "x"}}"#, &value),
            r#"Hello-4|"x""#
        );
        assert_eq!(
            render("{{len .L}}{{println .S}}{{index .L 1}}", &value),
            "2Hello\nb"
        );
        assert_eq!(
            render(
                "{{truncate .S 3}}|{{range split \"a:b\" \":\"}}<{{.}}>{{end}}",
                &value
            ),
            "Hel|<a><b>"
        );
        assert_eq!(render("{{.L}}", &value), "[a b]");
    }

    #[test]
    fn trim_markers_comments_and_variables() {
        let value = json!({"A": 1});
        assert_eq!(render("x  {{- .A -}}  y{{/* nothing */}}", &value), "x1y");
        assert_eq!(render("{{$v := .A}}{{$v}}", &value), "1");
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let value = json!({"ID": 1, "Names": "n"});
        assert!(
            fails("{{.Foo}}", &value).contains("can't evaluate field Foo"),
            "{}",
            fails("{{.Foo}}", &value)
        );
        assert!(fails("{{.Foo}}", &value).contains("ID, Names"));
        assert!(fails("{{nofunc .ID}}", &value).contains("function \"nofunc\" not defined"));
        assert!(fails("{{.ID", &value).contains("unclosed action"));
        assert!(fails("{{if .ID}}x", &value).contains("missing {{end}}"));
        assert!(fails("{{end}}", &value).contains("unexpected {{end}}"));
        assert!(fails("{{\"abc}}", &value).contains("unterminated"));
        assert!(fails("{{range .ID}}{{end}}", &value).contains("range can't iterate over 1"));
    }
}
