//! `proofmark jenkins library`: the parts of the shared library that follow from the command line.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use proofmark_core::jenkins::CONTRACT;
use proofmark_render::escape;

use super::steps::{Kind, Parameter, Part, STEPS, Step};
use crate::exit::{self, CliError, unwritable};
use crate::output::write_file;
use crate::printer::Printer;
use crate::world::World;

/// Write the generated parts of the shared library: what parameters its steps have, and their help
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct Library {
    /// The folder of the library
    folder: PathBuf,
}

pub(crate) fn run(args: &Library, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let folder = world.folder.join(&args.folder);
    for (name, text) in files() {
        let path = folder.join(&name);
        let parent = path.parent().unwrap_or(&folder);
        std::fs::create_dir_all(parent).map_err(|error| unwritable(parent, &error))?;
        write_file(&path, text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
        printer.say(&name);
    }
    Ok(exit::ALLOWED)
}

/// The files, by their paths in the library.
fn files() -> Vec<(String, String)> {
    let mut files = vec![("src/proofmark/Parameters.groovy".to_owned(), parameters())];
    files.extend(STEPS.iter().map(|step| (format!("vars/{}.txt", step.variable), help(step))));
    files
}

/// The parameters as Groovy. Plain maps of texts, made anew for each caller: nothing is shared, all of it can be saved.
fn parameters() -> String {
    let mut text = format!(
        "// Written by `proofmark jenkins library`; do not edit. The parameters of the steps are the options of proofmark's commands.\n\
         package proofmark\n\n\
         import com.cloudbees.groovy.cps.NonCPS\n\n\
         class Parameters implements Serializable {{\n    \
             private static final long serialVersionUID = 1L\n\n    \
             @NonCPS\n    static String library() {{ {version} }}\n\n    \
             @NonCPS\n    static int contract() {{ {CONTRACT} }}\n\n    \
             // By name: the kind of value, who handles it, all choices where they are known, and whether it must be given.\n    \
             @NonCPS\n    static Map of(String step) {{\n        \
                 switch (step) {{\n",
        version = quoted(env!("CARGO_PKG_VERSION"))
    );
    for step in &STEPS {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "            case {}: return [", quoted(step.name));
        for parameter in step.parameters() {
            let choices: Vec<String> = parameter.choices.iter().map(|choice| quoted(choice)).collect();
            let _ = writeln!(
                text,
                "                {}: [kind: {}, part: {}, choices: [{}], required: {}],",
                quoted(&parameter.name),
                quoted(word(&parameter.kind)),
                quoted(if parameter.part == Part::Command { "command" } else { "step" }),
                choices.join(", "),
                parameter.required
            );
        }
        text.push_str("            ]\n");
    }
    text.push_str("            default: return null\n        }\n    }\n}\n");
    text
}

fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Choice => "choice",
        Kind::List => "list",
        Kind::Map => "map",
    }
}

/// A literal in Groovy without interpolation.
fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for letter in text.chars() {
        match letter {
            '\\' | '\'' => literal.extend(['\\', letter]),
            '\n' => literal.push_str("\\n"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// The help that Jenkins shows in its reference of global variables, as HTML.
fn help(step: &Step) -> String {
    let all = step.parameters();
    let mut text = format!("<!-- Written by `proofmark jenkins library`; do not edit. -->\n<p>{}</p>\n", escape::html(step.about));
    for (title, part) in [("Parameters of proofmark", Part::Command), ("Parameters of the step", Part::Step)] {
        let of_part: Vec<&Parameter> = all.iter().filter(|parameter| parameter.part == part).collect();
        if of_part.is_empty() {
            continue;
        }
        let _ = writeln!(text, "<p><b>{title}</b></p>\n<dl>");
        for parameter in of_part {
            let _ = writeln!(text, "  <dt><code>{}</code> ({})</dt>", escape::html(&parameter.name), describe(parameter));
            let _ = writeln!(text, "  <dd>{}</dd>", escape::html(&parameter.help));
        }
        text.push_str("</dl>\n");
    }
    text
}

fn describe(parameter: &Parameter) -> String {
    let mut parts = vec![
        match parameter.kind {
            Kind::Text | Kind::Choice => "text",
            Kind::Number => "number",
            Kind::Boolean => "true or false",
            Kind::List => "list of texts",
            Kind::Map => "map of texts",
        }
        .to_owned(),
    ];
    if !parameter.choices.is_empty() {
        parts.push(format!("of: {}", parameter.choices.join(", ")));
    }
    if parameter.required {
        parts.push("required".to_owned());
    }
    if let Some(default) = &parameter.default {
        parts.push(format!("default: {default}"));
    }
    escape::html(&parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_hold_what_they_should() {
        assert_eq!(quoted("it's $x \\ \n"), "'it\\'s $x \\\\ \\n'");
    }
}
