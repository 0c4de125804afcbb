use super::*;
#[test]
fn dump_fuzz() {
    let pieces = [
        "a",
        "b_c",
        "`",
        "``",
        "|",
        "\\",
        "\n",
        "</details>",
        "<",
        ">",
        "&",
        "&amp;",
        "@org/team",
        "@",
        "#123",
        "#",
        "GH-12",
        "org/r#1",
        "https://e.com",
        "www.e.com",
        "![x](http://e)",
        "[",
        "](",
        ")",
        "(",
        "*",
        "**",
        "_",
        "~~",
        "- ",
        "1. ",
        "1)",
        "---",
        "===",
        "> ",
        "    ",
        " ",
        "::error::x",
        ":smile:",
        "a@b.co",
        "deadbeef12",
        "$x$",
        "\"",
        "'",
        "é",
        "模",
        "0.5",
        "-2.2 %",
        "+",
        "=",
        "!",
        "<!--",
        "-->",
        "\u{202e}",
        "\x1b[31m",
        "##[error]",
        "http",
        "://",
        ":",
        ".",
        ",",
        "ftp://x.y",
        "mailto:a@b.c",
    ];
    let mut state = 12345u64;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) as usize) % n
    };
    for _ in 0..20000 {
        let n = 1 + next(6);
        let text: String = (0..n).map(|_| pieces[next(pieces.len())]).collect();
        println!("FUZZ{}", serde_json::json!([visible(&text), markdown(&text), markdown_code(&text)]));
    }
}
