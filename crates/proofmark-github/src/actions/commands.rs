//! Workflow commands: lines of standard output that the runner obeys.
//!
//! The runner obeys **any** line that looks like a command, whoever wrote it, and one of its two forms (`##[name]`) even in the
//! middle of a line. So our own texts are escaped here, and foreign text is printed between a [`Stopped`] pair only: a prefix
//! before each line does not help.

use std::borrow::Cow;

use proofmark_core::annotation::Annotation;
use proofmark_core::config::Effect;

/// How many annotations of one level GitHub shows for a step; the rest it drops without a word.
pub const SHOWN_PER_LEVEL: usize = 10;

/// How bad an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Shown in red.
    Error,
    /// Shown in yellow.
    Warning,
    /// Shown in grey.
    Notice,
}

impl Level {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    /// The command's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// An annotation of the run, at a place of a file or of the run as a whole. Its texts are plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark<'a> {
    /// How bad it is.
    pub level: Level,
    /// The file, from the repository's root.
    pub file: Option<&'a str>,
    /// The first line, from 1.
    pub line: Option<u32>,
    /// The last line.
    pub end_line: Option<u32>,
    /// The first column, from 1; GitHub knows columns inside of one line only.
    pub column: Option<u32>,
    /// The last column.
    pub end_column: Option<u32>,
    /// What it is about, in a few words.
    pub title: Option<&'a str>,
    /// The whole of it.
    pub message: Cow<'a, str>,
}

impl<'a> Remark<'a> {
    /// A remark on the run as a whole.
    pub fn new(level: Level, message: impl Into<Cow<'a, str>>) -> Self {
        let message = message.into();
        Self { level, file: None, line: None, end_line: None, column: None, end_column: None, title: None, message }
    }

    /// With a title.
    #[must_use]
    pub fn title(mut self, title: &'a str) -> Self {
        self.title = Some(title);
        self
    }

    /// At a line of a file.
    #[must_use]
    pub fn at(mut self, file: &'a str, line: u32) -> Self {
        self.file = Some(file);
        self.line = Some(line);
        self
    }

    /// The command, as one line without its end.
    pub fn command(&self) -> String {
        let one_line = self.end_line.is_none() || self.end_line == self.line;
        let columns = if one_line { [self.column, self.end_column] } else { [None, None] };
        let texts = [("title", self.title), ("file", self.file)];
        let numbers = [("line", self.line), ("endLine", self.end_line), ("col", columns[0]), ("endColumn", columns[1])];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, escape_property(text.filter(|text| !text.is_empty())?))));
        let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name, number.filter(|&number| number > 0)?.to_string())));
        let properties: Vec<String> = texts.chain(numbers).map(|(name, value)| format!("{name}={value}")).collect();
        let space = if properties.is_empty() { "" } else { " " };
        format!("::{}{space}{}::{}", self.level.name(), properties.join(","), escape_data(&self.message))
    }
}

impl<'a> From<&'a Annotation> for Remark<'a> {
    fn from(annotation: &'a Annotation) -> Self {
        let level = match annotation.effect {
            Effect::Block => Level::Error,
            Effect::Notice => Level::Warning,
            Effect::Allow => Level::Notice,
        };
        Self::new(level, &*annotation.message).title(&annotation.title).at(annotation.file.as_str(), annotation.line)
    }
}

/// The commands of these remarks, errors first, at most [`SHOWN_PER_LEVEL`] of each level; where there are more, the last one
/// says how many are left out.
pub fn within_limits(remarks: &[Remark<'_>]) -> Vec<String> {
    Level::ALL.into_iter().flat_map(|level| within_limit(level, remarks)).collect()
}

fn within_limit(level: Level, remarks: &[Remark<'_>]) -> Vec<String> {
    let mut of_level = remarks.iter().filter(|remark| remark.level == level).map(Remark::command);
    let mut commands: Vec<String> = of_level.by_ref().take(SHOWN_PER_LEVEL).collect();
    let beyond = of_level.count();
    if beyond > 0 {
        commands.pop();
        let text = format!("{} more of this kind are not shown here; the report has them all", beyond + 1);
        commands.push(Remark::new(level, text).command());
    }
    commands
}

/// Opens a part of the log that can be folded.
pub fn group(title: &str) -> String {
    format!("::group::{}", escape_data(title))
}

/// Closes it.
pub fn endgroup() -> &'static str {
    "::endgroup::"
}

/// Makes the runner replace a secret by stars from now on. To be printed before anything that may hold the secret.
pub fn add_mask(secret: &str) -> String {
    format!("::add-mask::{}", escape_data(secret))
}

/// Said only when debug logging is on.
pub fn debug(message: &str) -> String {
    format!("::debug::{}", escape_data(message))
}

/// A pair of commands between which the runner obeys nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped(String);

impl Stopped {
    /// A pair that `text` cannot close.
    pub fn for_text(text: &str, random: &mut dyn FnMut() -> u64) -> Self {
        Self(super::unused_word(text, random))
    }

    /// The line before the text.
    pub fn begin(&self) -> String {
        format!("::stop-commands::{}", self.0)
    }

    /// The line after the text.
    pub fn end(&self) -> String {
        format!("::{}::", self.0)
    }
}

/// Foreign text between such a pair, as whole lines.
pub fn stopped(text: &str, random: &mut dyn FnMut() -> u64) -> String {
    let pair = Stopped::for_text(text, random);
    let line_end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{}\n{text}{line_end}{}\n", pair.begin(), pair.end())
}

fn escape_data(text: &str) -> String {
    escape(text, &[])
}

fn escape_property(text: &str) -> String {
    escape(text, &[(':', "%3A"), (',', "%2C")])
}

fn escape(text: &str, more: &[(char, &str)]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            _ => match more.iter().find(|(from, _)| *from == character) {
                Some((_, to)) => escaped.push_str(to),
                None => escaped.push(character),
            },
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proofmark_core::path::RepoPath;
    use proptest::prelude::*;

    use super::*;

    /// What the runner makes of a line: name, properties, data. Written after its own parser, apart from our writer.
    fn understood(line: &str) -> Option<(String, BTreeMap<String, String>, String)> {
        let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let property =
            |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
        let properties = properties.trim().split(',').filter_map(|pair| pair.split_once('='));
        let properties = properties.map(|(name, value)| (name.to_owned(), property(value))).collect();
        Some((name.to_owned(), properties, data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")))
    }

    /// The command of each line of a log that the runner obeys.
    fn obeyed(log: &str) -> Vec<String> {
        let mut stop: Option<String> = None;
        let mut commands = Vec::new();
        for line in log.split(['\n', '\r']) {
            let Some((name, _, data)) = understood(line) else { continue };
            match &stop {
                Some(token) if *token == name => stop = None,
                Some(_) => {}
                None if name == "stop-commands" => stop = Some(data),
                None => commands.push(name),
            }
        }
        commands
    }

    fn counter() -> impl FnMut() -> u64 {
        let mut state = 1_u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        }
    }

    /// Texts made of the pieces that parsers stumble over.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("::"),
            Just(":"),
            Just("\n"),
            Just("\r\n"),
            Just("%"),
            Just("%0A"),
            Just("%250A"),
            Just(","),
            Just("="),
            Just(" "),
            Just("error"),
            Just("::error::x"),
            Just("::set-output name=a::b"),
            Just("##[add-path]x"),
            Just("\u{2028}"),
            Just("ü"),
            Just("\0"),
        ];
        prop_oneof![prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()), any::<String>()]
    }

    #[test]
    fn commands_have_the_documented_form() {
        let remark = Remark {
            end_line: Some(3),
            column: Some(1),
            end_column: Some(9),
            ..Remark::new(Level::Error, "50% worse\r\n").at("a,b:c.json", 3)
        };
        assert_eq!(
            remark.title("x").command(),
            "::error title=x,file=a%2Cb%3Ac.json,line=3,endLine=3,col=1,endColumn=9::50%25 worse%0D%0A"
        );
        assert_eq!(Remark::new(Level::Notice, "a: b, c").command(), "::notice::a: b, c");
        assert_eq!(group("one\n::endgroup::"), "::group::one%0A::endgroup::");
        assert_eq!(endgroup(), "::endgroup::");
        assert_eq!(add_mask("a\nb"), "::add-mask::a%0Ab");
        assert_eq!(debug("x"), "::debug::x");
    }

    #[test]
    fn columns_are_left_out_where_github_refuses_them() {
        let remark = Remark { end_line: Some(4), column: Some(1), end_column: Some(9), ..Remark::new(Level::Warning, "m").at("f", 3) };
        assert_eq!(remark.command(), "::warning file=f,line=3,endLine=4::m");
    }

    #[test]
    fn an_annotation_keeps_its_weight() {
        let file = RepoPath::parse("metrics.json").unwrap();
        let levels = [(Effect::Block, "error"), (Effect::Notice, "warning"), (Effect::Allow, "notice")];
        for (effect, level) in levels {
            let annotation = Annotation::new(file.clone(), 7, effect, "auc", "worse");
            assert_eq!(Remark::from(&annotation).command(), format!("::{level} title=auc,file=metrics.json,line=7::worse"));
        }
    }

    #[test]
    fn too_many_remarks_are_counted() {
        let remarks = |level, count| (0..count).map(move |number| Remark::new(level, number.to_string()));
        let all: Vec<Remark<'_>> = remarks(Level::Notice, 1).chain(remarks(Level::Error, 13)).chain(remarks(Level::Warning, 10)).collect();
        let commands = within_limits(&all);
        assert_eq!(commands.len(), 10 + 10 + 1);
        assert_eq!(commands[8], "::error::8");
        assert!(commands[9].starts_with("::error::4 more"), "{}", commands[9]);
        assert_eq!(commands[19], "::warning::9");
        assert_eq!(commands[20], "::notice::0");
    }

    #[test]
    fn a_text_that_knows_the_random_numbers_cannot_resume_commands() {
        let mut same = || 7;
        let known = super::super::unused_word("", &mut same);
        let log = stopped(&format!("::{known}::\n::error::gotcha\n::{known}-1::\n::error::gotcha"), &mut same);
        assert!(obeyed(&log).is_empty(), "{log}");
    }

    proptest! {
        #[test]
        fn a_remark_is_one_line_and_reads_back(title in hostile(), file in hostile(), message in hostile(), line in any::<u32>()) {
            let command = Remark::new(Level::Error, &*message).title(&title).at(&file, line).command();
            prop_assert!(!command.contains(['\n', '\r']));
            let (name, properties, data) = understood(&command).unwrap();
            prop_assert_eq!(name, "error");
            prop_assert_eq!(data, message);
            // The runner trims the end of the last property.
            prop_assert_eq!(properties.get("title").map_or("", String::as_str).trim_end(), title.trim_end());
            prop_assert_eq!(properties.get("file").map_or("", String::as_str).trim_end(), file.trim_end());
            prop_assert_eq!(properties.get("line").cloned(), (line > 0).then(|| line.to_string()));
            prop_assert!(properties.keys().all(|key| ["title", "file", "line"].contains(&key.as_str())));
        }

        #[test]
        fn plain_commands_are_one_line_and_read_back(text in hostile()) {
            for (name, command) in [("group", group(&text)), ("add-mask", add_mask(&text)), ("debug", debug(&text))] {
                prop_assert!(!command.contains(['\n', '\r']));
                prop_assert_eq!(understood(&command).unwrap(), (name.to_owned(), BTreeMap::new(), text.clone()));
            }
        }

        #[test]
        fn foreign_text_gives_no_command(text in hostile()) {
            let log = format!("{}::notice::after\n", stopped(&text, &mut counter()));
            prop_assert_eq!(obeyed(&log), ["notice"]);
            prop_assert!(log.contains(&text));
        }
    }
}
