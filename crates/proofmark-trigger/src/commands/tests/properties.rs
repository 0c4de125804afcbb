//! Whatever the text.

use proptest::prelude::*;

use super::super::*;

/// Pieces of Markdown, which make blocks far more often than letters do.
fn markdown() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/a"),
        Just("/b k=\"v w\""),
        Just("text"),
        Just("> "),
        Just("- "),
        Just("1. "),
        Just("    "),
        Just(" "),
        Just("\t"),
        Just("```"),
        Just("~~~~"),
        Just("`"),
        Just("<!--"),
        Just("-->"),
        Just("<pre>"),
        Just("</pre>"),
        Just("<a b='"),
        Just("'>"),
        Just("<div>"),
        Just("---"),
        Just("| a |"),
        Just("|---|"),
        Just("[x]: "),
        Just("]("),
        Just("!["),
        Just("\\"),
        Just("é"),
        Just("\n"),
        Just("\n"),
        Just("\n\n"),
        Just("\r\n"),
        Just("\r"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.=/]{0,12}", r#"[ \t"\\a-z“'=`<>-]{0,20}"#, "[^\\p{C}\u{2028}\u{2029}]{0,20}"]
}

fn argument() -> impl Strategy<Value = Argument> {
    prop_oneof![
        ("[A-Za-z_][A-Za-z0-9_-]{0,9}", value()).prop_map(|(name, value)| Argument::Named { name, value }),
        // Two dashes are another form of a name.
        value().prop_filter("no name", |value| !value.starts_with("--")).prop_map(Argument::Positional),
    ]
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn written(verb: &str, arguments: &[Argument]) -> String {
    let write = |argument: &Argument| match argument {
        Argument::Named { name, value } => format!(" {name}={}", quoted(value)),
        Argument::Positional(value) => format!(" {}", quoted(value)),
    };
    format!("/{verb}{}", arguments.iter().map(write).collect::<String>())
}

proptest! {
    #[test]
    fn nothing_panics(body in ".*") {
        commands(&body);
    }

    #[test]
    fn each_command_is_a_line_at_the_margin(body in markdown()) {
        let ends = body.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = ends.split('\n').collect();
        let mut last = 0;
        for found in commands(&body) {
            let (Line::Command(Command { verb, line, .. }) | Line::Broken { verb, line, .. }) = found;
            let text = lines[line - 1];
            prop_assert!(text.trim_start_matches(' ').starts_with(&format!("/{verb}")), "{text:?}");
            prop_assert!(text.len() - text.trim_start_matches(' ').len() < 4);
            prop_assert!(line > last, "in order");
            last = line;
        }
    }

    #[test]
    fn the_ends_of_lines_make_no_difference(body in markdown()) {
        let body = body.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(commands(&body), commands(&body.replace('\n', "\r\n")));
        prop_assert_eq!(commands(&body), commands(&body.replace('\n', "\r")));
    }

    #[test]
    fn what_is_written_with_quotes_is_read_again(verb in "[a-z][a-z0-9_-]{0,9}", arguments in proptest::collection::vec(argument(), 0..6)) {
        let expected = Command { verb: verb.clone(), arguments: arguments.clone(), line: 3 };
        let body = format!("text\n\n{}\n", written(&verb, &arguments));
        prop_assert_eq!(commands(&body), vec![Line::Command(expected)]);
    }

    #[test]
    fn what_is_wrapped_is_never_found(body in markdown(), which in 0..6_usize, length in 3..8_usize) {
        // No fence in it is as long as those around it, and ends them.
        let body = body.replace("~~~", "  ").replace("```", "  ");
        let lines: Vec<&str> = body.split(['\n', '\r']).collect();
        let with = |prefix: &str| lines.iter().map(|line| format!("{prefix}{line}\n")).collect::<String>();
        let plain = with("");
        let wrapped = match which {
            0 => format!("{0}\n{1}\n{0}\n", "`".repeat(length.max(5)), plain),
            1 => format!("{0} x\n{1}\n{0}\n", "~".repeat(length.max(5)), plain),
            2 => with("> "),
            3 => with("    "),
            4 => format!("<!--\n{}\n-->\n", plain.replace("-->", " ")),
            _ => format!("<pre>\n{}\n</pre>\n", plain.replace("</pre>", " ")),
        };
        prop_assert_eq!(commands(&wrapped), vec![], "{}", wrapped);
        // What follows is found again, wherever the wrapper ends for certain.
        if which < 2 {
            prop_assert_eq!(commands(&format!("{wrapped}\n/after")).len(), 1, "{}", wrapped);
        }
    }

    #[test]
    fn an_unclosed_wrapper_runs_to_the_end(body in markdown(), which in 0..3_usize) {
        let inner = body.replace("-->", " ").replace("</pre>", " ").replace("```", " ");
        let open = ["~~~~~\n", "<!--\n", "<pre>\n"][which];
        prop_assert_eq!(commands(&format!("{open}{inner}")), vec![], "{}", inner);
    }
}

/// Texts that make parsers of Markdown take quadratic time. The clock is not looked at: so long, each would take minutes.
#[test]
fn long_comments_take_time_in_proportion() {
    let patterns = [
        "`",
        "`a",
        "``a`",
        "<!--",
        "<!--a",
        "<!",
        "<?",
        "<![CDATA[",
        ">",
        "> ",
        "- ",
        "[",
        "![",
        "](",
        "[a](b",
        "[a](<b",
        "[a](b \"",
        "](a (",
        "<",
        "<a",
        "<a b='",
        "<a b=\"<c d='",
        "<div>\n",
        "<code>",
        "|",
        "a|\n|-|\n",
        "\n",
        "\t",
        "/a \"\n",
        "x\n- y\n",
        "www.`",
    ];
    for pattern in patterns {
        let body = pattern.repeat(100_000 / pattern.len());
        commands(&body);
        commands(&format!("{}x\n{body}", "- ".repeat(40)));
    }
    let runs: String = (1..400).map(|length| format!("{} ", "`".repeat(length))).collect();
    commands(&runs);
}
