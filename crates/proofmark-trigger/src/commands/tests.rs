use super::*;

mod hidden;
mod properties;

/// A comment's lines as short texts: `3 retrain lr=0.1|two words`.
fn read_as(body: &str) -> Vec<String> {
    let argument = |argument: &Argument| match argument {
        Argument::Named { name, value } => format!("{name}={value}"),
        Argument::Positional(value) => value.clone(),
    };
    let line = |line: &Line| match line {
        Line::Command(Command { verb, arguments, line }) => {
            let arguments: Vec<String> = arguments.iter().map(argument).collect();
            format!("{line} {verb} {}", arguments.join("|")).trim_end().to_owned()
        }
        Line::Broken { verb, line, problem } => format!("{line} {verb} broken: {problem:?}"),
    };
    commands(body).iter().map(line).collect()
}

fn check(cases: &[(&str, &[&str])]) {
    for (body, expected) in cases {
        assert_eq!(read_as(body), *expected, "{body:?}");
    }
}

#[test]
fn a_command_is_a_line_that_begins_with_a_slash_and_a_verb() {
    check(&[
        ("", &[]),
        ("/retrain", &["1 retrain"]),
        ("/ReTrain\n", &["1 retrain"]),
        ("/re-train_2", &["1 re-train_2"]),
        (" /a\n  /b\n   /c", &["1 a", "2 b", "3 c"]),
        ("    /a", &[]),
        ("text\n    /a", &[]),
        ("text\n     /a", &[]),
        ("\t/a", &[]),
        (" \t/a", &[]),
        ("text\n\t/a", &[]),
        ("please /retrain", &[]),
        ("/usr/bin/x", &[]),
        ("/retrain.", &[]),
        ("/retrain, please", &[]),
        ("/retrain:", &[]),
        ("//", &[]),
        ("//retrain", &[]),
        ("/", &[]),
        ("/ retrain", &[]),
        ("/2retrain", &[]),
        ("/-x", &[]),
        ("/_x", &[]),
        ("/café", &[]),
        ("／retrain", &[]),
        ("\\/retrain", &[]),
        ("**/retrain**", &[]),
        ("`/retrain`", &[]),
        // A space of another kind is no separator.
        ("/retrain\u{a0}lr=1", &[]),
        ("\u{a0}/retrain", &[]),
        ("\u{3000}/retrain", &[]),
        ("/retrain\u{a0}", &[]),
    ]);
}

#[test]
fn lines_end_in_every_way_and_are_counted() {
    check(&[
        ("a\r\n/one\r\n\r\n/two x\r\n", &["2 one", "4 two x"]),
        ("a\r/one\r\r/two x\r", &["2 one", "4 two x"]),
        ("a\n\n\r/one", &["4 one"]),
        ("/one\n/two\n\n/one", &["1 one", "2 two", "4 one"]),
        ("text\n/one", &["2 one"]),
        ("/one\ntext", &["1 one"]),
        // No ends of lines in Markdown.
        ("a\u{2028}/one", &[]),
        ("a\u{85}/one", &[]),
        ("a\u{c}/one", &[]),
    ]);
}

#[test]
fn arguments_are_split_at_blanks_and_quoted() {
    check(&[
        ("/a lr=0.1 b", &["1 a lr=0.1|b"]),
        ("/a\tlr=0.1 \t b  ", &["1 a lr=0.1|b"]),
        (r#"/a key="a b" "c d""#, &["1 a key=a b|c d"]),
        (r#"/a "x \"y\" \\ \n C:\new""#, &[r#"1 a x "y" \ \n C:\new"#]),
        (r"/a C:\new\ x", &[r"1 a C:\new\|x"]),
        ("/a k= j=\"\"", &["1 a k=|j="]),
        ("/a k=v=w ==", &["1 a k=v=w|=="]),
        ("/a K-1.b_c=2", &["1 a K-1.b_c=2"]),
        ("/a x=größe\u{a0}ü", &["1 a x=größe\u{a0}ü"]),
        ("/a it's", &["1 a it's"]),
        ("/a `x`", &["1 a `x`"]),
        // Other people write arguments so.
        ("/a --lr=1", &["1 a lr=1"]),
    ]);
    let positional = |body: &str| match &commands(body)[..] {
        [Line::Command(command)] => command.arguments.iter().all(|argument| matches!(argument, Argument::Positional(_))),
        other => panic!("{other:?}"),
    };
    for body in [r#"/a "k=v""#, "/a =v", "/a https://x.y/?a=b", "/a größe=1", "/a 1=2", "/a -k=v", "/a \"\""] {
        assert!(positional(body), "{body}");
    }
}

#[test]
fn a_command_that_cannot_be_read_says_why() {
    check(&[
        (r#"/a "b"#, &["1 a broken: UnclosedQuote"]),
        (r#"/a k="b \""#, &["1 a broken: UnclosedQuote"]),
        (r#"/a ""#, &["1 a broken: UnclosedQuote"]),
        (r#"/a "b"c"#, &["1 a broken: BehindQuote"]),
        (r#"/a b"c d""#, &["1 a broken: StrayQuote"]),
        (r#"/a k=5""#, &["1 a broken: StrayQuote"]),
        ("/a “b c”", &["1 a broken: OtherQuote('“')"]),
        ("/a k=”b”", &["1 a broken: OtherQuote('”')"]),
        ("/a 'b c'", &["1 a broken: OtherQuote('\\'')"]),
        ("/A x\u{200b}", &["1 a broken: Invisible('\\u{200b}')"]),
        ("/re\u{200d}train", &["1 retrain broken: Invisible('\\u{200d}')"]),
        ("/a\u{feff} b", &["1 a broken: Invisible('\\u{feff}')"]),
        ("/a \"\u{202e}b\"", &["1 a broken: Invisible('\\u{202e}')"]),
        ("/a \u{2066}b", &["1 a broken: Invisible('\\u{2066}')"]),
        ("/a b\u{7}", &["1 a broken: Control('\\u{7}')"]),
        ("/a b\u{85}c", &["1 a broken: Control('\\u{85}')"]),
        // This is how one mentions a command without giving it.
        ("/\u{200b}a", &[]),
        ("\u{200b}/a", &[]),
        ("\u{feff}/a", &[]),
        // What is broken does not keep others from being read, and what is no command is not broken.
        ("/a \"\n/b", &["1 a broken: UnclosedQuote", "2 b"]),
        ("/usr/bin \"", &[]),
    ]);
}

#[test]
fn limits_are_said() {
    let arguments = |count: usize| format!("/a{}", " x".repeat(count));
    assert!(matches!(&commands(&arguments(50))[..], [Line::Command(command)] if command.arguments.len() == 50));
    assert_eq!(read_as(&arguments(51)), ["1 a broken: TooManyArguments"]);
    let value = |count: usize| format!("/a k={}", "ü".repeat(count));
    assert!(matches!(&commands(&value(1_000))[..], [Line::Command(_)]));
    assert_eq!(read_as(&value(1_001)), ["1 a broken: TooLong"]);
    assert_eq!(read_as(&format!("/a \"{}\"", " ".repeat(1_001))), ["1 a broken: TooLong"]);
    assert_eq!(commands(&"/a\n".repeat(20)).len(), 20);
    let many = read_as(&"/a\n".repeat(1_000));
    assert_eq!((many.len(), many[20].as_str()), (21, "21 a broken: TooManyCommands"));
    let body = |bytes: usize| format!("/a\n{}", "x".repeat(bytes - 3));
    assert_eq!(commands(&body(MAX_BODY)).len(), 1);
    assert_eq!(read(&body(MAX_BODY + 1)), Err(BodyTooLong { bytes: MAX_BODY + 1 }));
    assert_eq!(commands(&body(MAX_BODY + 1)), []);
}

#[test]
fn every_problem_has_words_and_a_hint() {
    use CommandProblem as Problem;
    let problems = [Problem::UnclosedQuote, Problem::StrayQuote, Problem::BehindQuote, Problem::OtherQuote('“')];
    let more = [Problem::Invisible('\u{200b}'), Problem::Control('\u{7}'), Problem::TooManyArguments, Problem::TooLong];
    for problem in problems.into_iter().chain(more).chain([Problem::TooManyCommands]) {
        assert!(!problem.to_string().is_empty() && !problem.hint().is_empty());
        assert!(!problem.to_string().contains(['\u{200b}', '\u{7}']));
    }
    assert_eq!(Problem::Invisible('\u{200b}').to_string(), "there is an invisible character in the line (U+200B)");
}
