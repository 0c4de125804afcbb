//! Names that want to act in terminals, Markdown, HTML and the log of a runner, and the checks that they do not: the same for every
//! system that names come from.

use proofmark_testkit::run::Program;
use serde_json::Value;

use crate::json;

/// A name that wants all of it.
pub(crate) const NAME: &str =
    "x\u{1b}[31m\n::error::pwned\r| @ada [l](http://evil.example) <img src=x onerror=y> `c`d` <!-- z --> ${{ github.token }}\u{202e}";

const POSTED: [&str; 10] =
    ["gate", "main", "change", "--post", "--dry-run", "--repository", "acme/widgets", "--pull-request", "7", "--annotations=always"];

/// No letter that moves a cursor or turns a text round, and no line that a runner takes for a command.
#[track_caller]
pub(crate) fn tame(text: &str, form: &str) {
    let acts = |letter: char| (letter.is_control() && !"\n\t".contains(letter)) || ('\u{202a}'..='\u{202e}').contains(&letter);
    assert!(!text.contains(acts), "{form}: {text:?}");
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::error::pwned")), "{form}: {text}");
}

/// What stands in a span of code does not act.
#[track_caller]
pub(crate) fn inert(text: &str) {
    for line in text.lines().filter(|line| !line.starts_with("<!-- proofmark:")) {
        let parts: Vec<&str> = line.split('`').collect();
        assert!(parts.len() % 2 == 1 && !line.contains("``"), "a span has no end: {line}");
        let outside = parts.iter().step_by(2).copied().collect::<Vec<_>>().join(" ");
        for acting in ["<img", "](", "<!-- z", "@ada", "${{", "http"] {
            assert!(!outside.contains(acting), "{acting}: {line}");
        }
    }
}

/// Nothing acts wherever it is shown, of a head that is worse; JSON has the head's one run, [`NAME`], as it is called.
pub(crate) fn is_tame_where_shown(program: &Program) {
    for arguments in [&["gate"][..], &["compare"], &["compare", "--all"], &["doctor"]] {
        let ran = program.run(arguments);
        tame(&format!("{}{}", ran.stdout, ran.stderr), &format!("{arguments:?}"));
        assert!(ran.code.is_some_and(|code| code <= 3), "{:?}", ran.code);
    }
    for arguments in [&["gate", "--format", "markdown"][..], &["compare", "--format", "markdown", "--all"]] {
        let ran = program.run(arguments);
        tame(&ran.stdout, "markdown");
        inert(&ran.stdout);
    }
    let report = json(&program.run(&["gate", "--format", "json"]).expect(1));
    assert_eq!(chosen(&report, "head"), [NAME]);
}

/// Nothing acts in files for other tools.
pub(crate) fn is_tame_in_forms(program: &Program) {
    for form in ["junit", "html", "sarif", "warnings-ng", "checks"] {
        let text = program.run(&["gate", "--format", form]).expect(1);
        tame(&text, form);
        assert!(!text.contains("<img") || form == "sarif" || form == "warnings-ng", "{form}: {text}");
        if !["junit", "html"].contains(&form) {
            json(&text);
        }
    }
}

/// Nothing acts in what is posted.
pub(crate) fn is_tame_where_posted(program: &Program) {
    let ran = program.run(&POSTED);
    for row in json(&ran.expect(1)).as_array().expect("a list") {
        for text in [&row["body"]["body"], &row["body"]["output"]["summary"], &row["body"]["output"]["text"]] {
            let text = text.as_str().unwrap_or_default();
            tame(text, "posted");
            inert(text);
        }
        for annotation in row["body"]["output"]["annotations"].as_array().into_iter().flatten() {
            tame(&format!("{}\n{}", annotation["title"], annotation["message"]), "annotation");
        }
    }
}

/// The names of the runs of a side that were chosen.
pub(crate) fn chosen(report: &Value, side: &str) -> Vec<String> {
    let runs = report["comparison"]["tracked"][0][side]["runs"].as_array();
    runs.into_iter().flatten().filter_map(|run| run["name"].as_str()).map(str::to_owned).collect()
}
