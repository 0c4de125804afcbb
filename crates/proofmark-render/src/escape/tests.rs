use super::*;
use crate::testing::HOSTILE;

#[test]
fn terminals_show_and_never_act() {
    for (text, shown) in [
        ("plain – 模型 ✓", "plain – 模型 ✓"),
        ("\x1b[31mred\x07", r"\u{1b}[31mred\u{7}"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\u{9b}31m", r"\u{9b}31m"),
        ("\u{202e}gpj.exe\u{2066}", r"\u{202e}gpj.exe\u{2066}"),
        ("a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
        ("line\u{2028}next", r"line\u{2028}next"),
        ("::error::x", r"\u{3a}:error::x"),
        ("  ::error::x", r"  \u{3a}:error::x"),
        ("\u{a0}::error::x", "\u{a0}\\u{3a}:error::x"),
        ("std::vec", "std::vec"),
        ("x ##[error]y ###", r"x #\u{23}[error]y #\u{23}#"),
    ] {
        assert_eq!(terminal(text), shown);
    }
}

#[test]
fn markdown_leaves_sentences_and_numbers_alone() {
    for text in [
        "0.91 → 0.89 (-2.2 %): worse by 0.02, more than 0.01",
        "is NaN at the head (base: 0.9)",
        "1e-9",
        "2023-11-14",
        "metrics.json of the base (main): 3 rules",
        "",
    ] {
        assert_eq!(markdown(text), text);
    }
}

// Each was rendered by cmark-gfm (GitHub's own), as were 20,000 random mixtures of such pieces: alone on a line, within
// one and in a table cell, all gave the literal text, no link, image, HTML or mention, and one cell.
#[test]
fn markdown_neutralises() {
    for (text, safe) in [
        ("@org/team", "`@org/team`"),
        ("see #12 and GH-12", "see `#12` and `GH-12`"),
        ("![x](http://e)", "`![x](http://e`)"),
        ("[a](b)", "`[a](b`)"),
        ("<script>", "&lt;`script>`"),
        ("</details>", "&lt;`/details>`"),
        ("a&nbsp;b", "`a&nbsp;b`"),
        ("a|b", "`a`&#124;`b`"),
        ("`", "&#96;"),
        ("```", "&#96;&#96;&#96;"),
        ("`a`", "`a`"),
        ("www.evil.example", "`www.evil.example`"),
        ("https://evil.example.", "`https://evil.example`."),
        ("val_loss", "`val_loss`"),
        ("**bold**", "`**bold**`"),
        ("# head", "`#` head"),
        ("- item", "`-` item"),
        ("1. item", "1&#46; item"),
        ("===", "`===`"),
        ("    code", " code"),
        ("a\n\n# b", r"`a\n\n#` b"),
        (":tada:", "`:tada`:"),
        ("deadbeefcafe", "`deadbeefcafe`"),
        ("::error::x", "`::error::x`"),
        ("a ::", "a `::`"),
        ("##[error]x", "`#`&#35;`[error]x`"),
        ("$x$", "`$x$`"),
        ("me@example.com", "`me@example.com`"),
        ("\x1b[31m\u{202e}", r"`\u{1b}[31m\u{202e}`"),
    ] {
        assert_eq!(markdown(text), safe);
    }
}

#[test]
fn code_spans_hold() {
    for (text, safe) in [("", "`\"\"`"), ("a`b", "`a`&#96;`b`"), (r"a\|b", r"`a\`&#124;`b`"), (" x ", "`  x  `"), ("  ", "`  `")] {
        assert_eq!(markdown_code(text), safe);
    }
    for text in HOSTILE {
        for safe in [markdown(text), markdown_code(text)] {
            assert!(!safe.contains(['|', '<', '\n', '\r', '\x1b']) && !safe.contains("##") && !safe.starts_with(':'), "{safe}");
            assert!(safe.matches('`').count() % 2 == 0, "{safe}");
        }
    }
}

#[test]
fn csv_quotes_what_it_must() {
    for (text, field) in [("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\r\nb", r"a\r\nb"), ("=1+1", "=1+1"), (" x", "\" x\"")] {
        assert_eq!(csv(text), field);
    }
}
