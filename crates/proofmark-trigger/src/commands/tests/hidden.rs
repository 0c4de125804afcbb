//! What a reader does not see as the writer's own text.

use super::check;

#[test]
fn fenced_code() {
    check(&[
        ("```\n/a\n```\n/b", &["4 b"]),
        ("~~~\n/a\n~~~\n/b", &["4 b"]),
        ("```sh\n/a\n```\n/b", &["4 b"]),
        ("``` a ~ b\n/a\n```\n/b", &["4 b"]),
        ("~~~ a ` b\n/a\n~~~\n/b", &["4 b"]),
        // No fence: its line holds backticks. It is code nevertheless, over lines.
        ("``` a`b\n/a\n```\n/b\n```", &["2 a"]),
        ("````\n```\n/a\n````\n/b", &["5 b"]),
        ("```\n~~~\n/a\n```\n/b", &["5 b"]),
        ("~~~\n```\n/a\n~~~\n/b", &["5 b"]),
        ("```\n/a\n`````  \n/b", &["4 b"]),
        ("```\n/a\n``` x\n/b\n```\n/c", &["6 c"]),
        ("```\n/a\n    ```\n/b\n   ```\n/c", &["6 c"]),
        ("   ```\n/a\n```\n/b", &["4 b"]),
        ("text\n```\n/a\n```\n/b", &["5 b"]),
        ("```\n/a", &[]),
        ("```\n\n/a\n\n/b", &[]),
        ("``\n/a\n``", &[]),
        ("``\n/a", &["2 a"]),
        ("```\r\n/a\r\n```\r\n/b\r\n", &["4 b"]),
        ("```\r/a\r```\r/b\r", &["4 b"]),
    ]);
}

#[test]
fn fences_in_lists_and_quotes() {
    check(&[
        ("- ```\n  /a\n  ```\n\n/b", &["5 b"]),
        ("- ```\n  /a\n  ```\n/b", &["4 b"]),
        ("- x\n\n  ```\n  /a\n\n  /b\n  ```\n\n/c", &["9 c"]),
        ("1. x\n   ```\n   /a\n   ```\n\n/c", &["6 c"]),
        ("10) ```\n    /a\n    ```\n\n/c", &["5 c"]),
        // The list ends before its fence does, and the fence with it; the next one opens.
        ("- ```\n/a\n```\n/b", &["2 a"]),
        ("> ```\n> /a\n> ```\n\n/b", &["5 b"]),
        ("> ```\n/a\n```\n/b", &[]),
        ("> ```\n\n/a\n\n```\n/b", &["3 a"]),
        ("- - ```\n    /a\n    ```\n\n/b", &["5 b"]),
        ("-\t```\n\t/a\n\t```\n\n/b", &["5 b"]),
        // Not closed: the marks stand outside of the item.
        ("- x\n  ```\n  /a\n```\n/b\n```\n/c", &["7 c"]),
        ("- - -\n  ```\n/a\n  ```\n/b", &["5 b"]),
        ("* * *\n/b", &["2 b"]),
    ]);
}

#[test]
fn indented_code_and_lists() {
    check(&[
        ("text\n\n    /a\n\n/b", &["5 b"]),
        ("- /a", &[]),
        ("* /a\n+ /b\n1. /c\n2) /d", &[]),
        ("- x\n  /a", &[]),
        ("- x\n\n  /a", &[]),
        ("- x\n  - y\n  /a", &[]),
        ("-\n  /a", &[]),
        ("- [ ] /a\n- [x] /b", &[]),
        // What stands at the margin is the writer's own, even where Markdown takes it into the item.
        ("- x\n/a", &["2 a"]),
        ("- x\n\n/a", &["3 a"]),
        ("- x\n\n /a", &["3 a"]),
        ("# x\n/a", &["2 a"]),
        ("x\n===\n/a\n---\n/b", &["3 a", "5 b"]),
    ]);
}

#[test]
fn quotes() {
    check(&[
        ("> /a", &[]),
        (">/a", &[]),
        ("   > /a", &[]),
        ("> > /a", &[]),
        ("> x\n/a", &[]),
        (">/a\n/b\n\n/c", &["4 c"]),
        ("> x\ny\n/a", &[]),
        ("> > x\n/a", &[]),
        ("> > x\n> /a", &[]),
        ("> x\n\n/a", &["3 a"]),
        ("> x\n \t\n/a", &["3 a"]),
        ("> x\n>\n/a", &[]),
        (">\n/a", &[]),
        ("> # x\n/a", &[]),
        ("> x\r\n/a\r\n\r\n/b", &["4 b"]),
        ("> - x\n/a", &[]),
        ("- > x\n/a", &[]),
        ("- > x\n\n/a", &["3 a"]),
        ("1. > x\n   /a", &[]),
        ("> x\n# y\n/a", &["3 a"]),
        ("> x\n```\n\n/a\n```\n\n/b", &["7 b"]),
        ("/a\n> x\n/b\n\n/c", &["1 a", "5 c"]),
        ("> [!NOTE]\n> /a", &[]),
        ("    > x\n/a", &["2 a"]),
        ("[^1]: x\n/a", &[]),
        ("[^1]: x\n\n/a", &["3 a"]),
        ("[^1]:     x\ny\n--\n/a", &[]),
        ("\\> x\n/a", &["2 a"]),
    ]);
}

#[test]
fn html_comments() {
    check(&[
        ("<!-- /a -->\n/b", &["2 b"]),
        ("<!--\n/a\n-->\n/b", &["4 b"]),
        ("<!--\n\n/a\n\n-->\n\n/b", &["7 b"]),
        ("<!--\r\n/a\r\n-->\r\n/b", &["4 b"]),
        ("<!--\n/a\n--> /b\n/c", &["4 c"]),
        ("<!--\n/a", &[]),
        ("<!--\n/a\n\n/b\n```\n/c", &[]),
        ("text <!--\n/a\n-->\n/b", &["4 b"]),
        ("text <!--\n/a\n\n/b", &[]),
        ("text <!--\n\n/a\n\n-->\n/b", &["6 b"]),
        ("text <!-- x --> y\n/b", &["2 b"]),
        ("/a <!-- x\n/b\n-->\n/c", &["1 a <!--|x", "4 c"]),
        ("`<!--`\n/a", &["2 a"]),
        ("```\n<!--\n```\n/a", &["4 a"]),
        ("\\<!--\n/a", &["2 a"]),
        ("- <!--\n/a", &[]),
        ("> <!--\n\n/a", &[]),
        ("<!--> \n/a", &[]),
        ("<!-- <!-- -->\n/a", &["2 a"]),
        ("<div>\n<!--\n/a\n-->\n/b\n</div>", &["5 b"]),
        ("<div>\n<!--\n/a\n\n/b\n-->\n\n/c", &[]),
        ("<?x\n/a\n?>\n/b", &["4 b"]),
        ("<![CDATA[\n/a\n]]>\n/b", &["4 b"]),
    ]);
}

#[test]
fn html_elements() {
    check(&[
        ("<pre>\n/a\n</pre>\n/b", &["4 b"]),
        ("<PRE>\n\n/a\n\n</PRE>\n/b", &["6 b"]),
        ("<code>\n/a\n</code>\n\n/b", &["5 b"]),
        ("<code>\n\n/a\n\n</code>\n\n/b", &["7 b"]),
        ("x <code>\n/a\n</code> y\n/b", &["4 b"]),
        ("<pre><code>\n\n/a\n</code></pre>\n\n/b", &["6 b"]),
        ("<script>\n/a\n</script>\n/b", &["4 b"]),
        ("<style>\n\n/a\n</style>\n/b", &["5 b"]),
        ("<textarea>\n\n/a\n</textarea>\n/b", &["5 b"]),
        ("<blockquote>\n\n/a\n\n</blockquote>\n\n/b", &["7 b"]),
        ("<pre>\n/a", &[]),
        ("x <pre>\n\n/a", &[]),
        ("# <code>\n/a", &[]),
        ("<code><code>\n</code>\n/a\n</code>\n\n/b", &["6 b"]),
        ("`<code>`\n/a", &["2 a"]),
        ("a <codes>\n/a", &["2 a"]),
        ("</pre>\n\n/a", &["3 a"]),
        ("<details>\n<summary>x</summary>\n\n/a\n\n</details>\n/b", &["4 a", "7 b"]),
        ("<details>\n/a\n</details>", &["2 a"]),
        ("<details>\n\n```\n/a\n```\n\n</details>\n\n/b", &["9 b"]),
        ("<div>\n```\n/a\n```\n</div>", &["3 a"]),
        ("<a title=\"\n/a\n\">\n\n/b", &["5 b"]),
        ("x <a title='\n/a\n'>\n/b", &["4 b"]),
        ("<div title=\"\n\n/a\n\n\">", &[]),
        ("a < b\n/a", &["2 a"]),
        ("Vec<\n/a", &["2 a"]),
        ("<https://x.y>\n/a", &["2 a"]),
    ]);
}

#[test]
fn code_over_lines() {
    check(&[
        ("x `\n/a\n` y\n/b", &["4 b"]),
        ("x `\n/a", &["2 a"]),
        ("x `\n\n/a\n`", &["3 a"]),
        ("x ``\n/a\n` y\n/b", &["2 a", "4 b"]),
        ("x ``\n/a ` \n/b `` y\n/c", &["4 c"]),
        ("x \\`\n/a\n` y", &["2 a"]),
        ("x `\\`\n/a\n` y", &["2 a"]),
        ("x ` <b `>\n/a", &["2 a"]),
        ("/a `\n/b `\n/c", &["1 a `", "3 c"]),
        ("x `y`\n/a `z`\n/b", &["2 a `z`", "3 b"]),
        ("https://x.y/`\n/a\n`", &[]),
        ("- x `\n/a\n` y\n\n/b", &["5 b"]),
        ("x `\r\n/a\r\n`\r\n/b", &["4 b"]),
    ]);
}

#[test]
fn tables_links_and_definitions() {
    check(&[
        ("| a | b |\n|---|---|\n/a\n\n/b", &["5 b"]),
        ("/a | x\n--|--\n\n/b", &["4 b"]),
        ("x | y\n/a\n|---|---|\n/b", &["2 a", "4 b"]),
        ("[x]: /u \"\n/a\n\"\n\n/b", &["5 b"]),
        ("[x]:\n/a\n\n/b", &["4 b"]),
        ("[x](/u \"\n/a\n\")\n/b", &["4 b"]),
        ("![x\n/a\n](/u)\n/b", &["4 b"]),
        ("![x](/u)\n/a", &["2 a"]),
        ("[x](/u)\n/a [y](/v)", &["2 a [y](/v)"]),
    ]);
}

#[test]
fn what_is_too_deep_is_not_read() {
    for marker in [">", "- "] {
        assert!(super::commands(&format!("{}x\n\n/a", marker.repeat(100))).is_empty());
        assert_eq!(super::commands(&format!("{}x\n\n/a", marker.repeat(20))).len(), 1);
    }
}
