//! Places: in a document whose lines are known, every value is found at its own.

use std::fmt::Write as _;

use proofmark_core::document::{Format, Places, locate};
use proofmark_core::key::Key;
use proptest::prelude::*;

/// A document without its layout.
#[derive(Debug, Clone)]
enum Node {
    Leaf(&'static str),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = proptest::sample::select(vec!["0.5", "-3", "1e5", "\"é \\\" { text\"", "true", "12345678901234567890"]).prop_map(Node::Leaf);
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop_oneof!["[a-c.\\[\\]]{1,3}", "[é \"\\\\#:]{0,3}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..5).prop_map(Node::List),
            proptest::collection::btree_map(name, inner, 1..5).prop_map(|entries| Node::Map(entries.into_iter().collect())),
        ]
    })
}

fn map() -> impl Strategy<Value = Node> {
    node().prop_map(|node| if let Node::Map(_) = node { node } else { Node::Map(vec![("top".to_owned(), node)]) })
}

/// Writes a document and remembers the line of each leaf.
struct Writer {
    text: String,
    lines: Vec<(Key, u32)>,
    /// Where a line may end, whether it does.
    breaks: Vec<bool>,
    next: usize,
}

impl Writer {
    fn new(breaks: Vec<bool>) -> Self {
        Self { text: String::new(), lines: Vec::new(), breaks, next: 0 }
    }

    fn line_may_end(&mut self) {
        self.next += 1;
        if self.breaks[self.next % self.breaks.len()] {
            self.text.push_str(if self.next.is_multiple_of(3) { "\r\n " } else { "\n  " });
        }
    }

    fn leaf(&mut self, key: &Key, text: &str) {
        let line = self.text.matches('\n').count() + 1;
        self.lines.push((key.clone(), u32::try_from(line).expect("short")));
        self.text.push_str(text);
    }

    fn json(&mut self, node: &Node, key: &Key) {
        match node {
            Node::Leaf(text) => self.leaf(key, text),
            Node::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.text.push_str(if at > 0 { "," } else { "" });
                    self.line_may_end();
                    self.json(item, &key.item(at));
                }
                self.line_may_end();
                self.text.push(']');
            }
            Node::Map(entries) => {
                self.text.push('{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    self.text.push_str(if at > 0 { "," } else { "" });
                    self.line_may_end();
                    write!(self.text, "{}:", serde_json::json!(name)).expect("a string");
                    self.line_may_end();
                    self.json(value, &key.child(name));
                }
                self.line_may_end();
                self.text.push('}');
            }
        }
    }

    /// YAML in blocks, with blank lines and comments.
    fn yaml(&mut self, node: &Node, key: &Key, depth: usize) {
        match node {
            Node::Leaf(text) => {
                self.text.push(' ');
                self.leaf(key, text);
            }
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.yaml_line(depth);
                    self.text.push('-');
                    self.yaml(item, &key.item(at), depth + 1);
                }
            }
            Node::Map(entries) => {
                for (name, value) in entries {
                    self.yaml_line(depth);
                    write!(self.text, "{}:", serde_json::json!(name)).expect("a string");
                    self.yaml(value, &key.child(name), depth + 1);
                }
            }
        }
    }

    fn yaml_line(&mut self, depth: usize) {
        self.next += 1;
        let between = if self.breaks[self.next % self.breaks.len()] { " # é\n\n" } else { "\n" };
        write!(self.text, "{between}{}", "  ".repeat(depth)).expect("a string");
    }

    /// TOML with a dotted key per leaf; lists and what is in them stand in one value.
    fn toml(&mut self, node: &Node, key: &Key, name: &str) {
        if let Node::Map(entries) = node {
            for (part, value) in entries {
                self.toml(value, &key.child(part), &format!("{name}{}{}", if name.is_empty() { "" } else { "." }, serde_json::json!(part)));
            }
        } else {
            write!(self.text, "{name} = ").expect("a string");
            self.toml_value(node, key);
            self.text.push_str(" # é\n");
        }
    }

    fn toml_value(&mut self, node: &Node, key: &Key) {
        match node {
            Node::Leaf(text) => self.leaf(key, text),
            Node::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.line_may_end();
                    self.toml_value(item, &key.item(at));
                    self.text.push(',');
                }
                self.text.push(']');
            }
            Node::Map(entries) => {
                self.text.push('{');
                for (at, (name, value)) in entries.iter().enumerate() {
                    write!(self.text, "{}{} = ", if at > 0 { "," } else { "" }, serde_json::json!(name)).expect("a string");
                    self.toml_value(value, &key.child(name));
                }
                self.text.push('}');
            }
        }
    }

    fn check(&self, format: Format) -> Result<(), TestCaseError> {
        let places = Places::of(format, self.text.as_bytes()).map_err(|error| TestCaseError::fail(format!("{error:?}\n{}", self.text)))?;
        for (key, line) in &self.lines {
            prop_assert_eq!(places.line(key), Some(*line), "{} in\n{}", key, &self.text);
        }
        prop_assert_eq!(places.line(&Key::from_canonical("no.such.key")), None);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json(node in node(), breaks in proptest::collection::vec(any::<bool>(), 1..20)) {
        let mut writer = Writer::new(breaks);
        writer.json(&node, &Key::root());
        writer.check(Format::Json)?;
    }

    #[test]
    fn yaml(node in node(), breaks in proptest::collection::vec(any::<bool>(), 1..20)) {
        let mut writer = Writer::new(breaks);
        writer.yaml(&node, &Key::root(), 0);
        writer.check(Format::Yaml)?;
        // In brackets it reads as JSON does, as long as the lines are indented.
        writer = Writer::new(vec![true]);
        writer.json(&Node::Map(vec![("top".to_owned(), node)]), &Key::root());
        writer.text = writer.text.replace('\r', " ");
        writer.check(Format::Yaml)?;
    }

    #[test]
    fn toml(node in map(), breaks in proptest::collection::vec(any::<bool>(), 1..20)) {
        let mut writer = Writer::new(breaks);
        writer.toml(&node, &Key::root(), "");
        writer.check(Format::Toml)?;
    }

    #[test]
    // Names of letters that make no `inf` and no `nan`, which are numbers.
    fn tables(rows in proptest::collection::vec(("[a-h]{3}", "[0-9\n ]{1,3}", any::<bool>()), 1..10)) {
        let mut writer = Writer::new(vec![false]);
        writer.text.push_str("name,note,score\r\n");
        let mut seen = std::collections::BTreeSet::new();
        for (name, note, blank) in rows.iter().filter(|(name, ..)| seen.insert(name.clone())) {
            writer.text.push_str(if *blank { "\r\n\n" } else { "" });
            writer.leaf(&Key::root().child(name).child("score"), "");
            writeln!(writer.text, "{name},\"{note}\",1").expect("a string");
        }
        if seen.len() == 1 {
            writer.lines[0].0 = Key::root().child("score");
        }
        writer.check(Format::Csv)?;
    }

    #[test]
    fn any_bytes_end_well(bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[a:{}\\[\\]\"0-9.,\n=# &*-]{0,40}") {
        for format in [Format::Json, Format::Yaml, Format::Toml, Format::Csv, Format::Tsv, Format::Python] {
            for key in ["", "a", "a[0]"].map(Key::from_canonical) {
                let lines = text.matches('\n').count() + 1;
                prop_assert!(locate(format, text.as_bytes(), &key).is_none_or(|line| line >= 1 && line as usize <= lines));
                locate(format, &bytes, &key);
            }
        }
    }
}
