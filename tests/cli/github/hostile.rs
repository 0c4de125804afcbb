//! Names and texts that want to act: in Markdown, in commands of the log, in outputs, in addresses.

use super::*;

const NAME: &str = "a<!-- /proofmark:section x -->\\n::error::x | @ada [l](http://x) <img src=x onerror=y> `c` ${{ github.token }}";

fn hostile() -> Stage {
    let metrics = json!({NAME: 0.1, "acc": 0.1, "::set-output name=x::y": 0.1, "-->": 0.1}).to_string();
    let base = json!({NAME: 0.9, "acc": 0.9, "::set-output name=x::y": 0.9, "-->": 0.9}).to_string();
    let policy = "[directions]\n\"*\" = \"higher\"\n[[rule]]\nmetric = \"*\"\nmax_regression_rel = 0.01\n";
    let file = "m\u{202e}etr::ics,title=x.json";
    let repo = change(&[(file, &base), ("proofmark.toml", &format!("{policy}[compare]\nmetrics = [\"*.json\"]\n"))], &[(file, &metrics)]);
    Stage::of(repo, Token::actions_writing())
}

#[test]
fn nothing_acts_anywhere() {
    let mut stage = hostile();
    stage.set("GITHUB_WORKFLOW", "w --> <!-- \n::error::w").set("GITHUB_JOB", "j\n::warning::j");
    let mut payload = stage.pull_request();
    payload["pull_request"]["head"]["ref"] = json!("x\n::error::branch<script>");
    payload["pull_request"]["title"] = json!("</details>");
    let ran = stage.program("pull_request", &payload).run(&["gate", "--post", "--annotations", "always", "--subject", "s\n::error::s -->"]);
    ran.clone().expect(1);
    // Between the two words the runner obeys nothing; outside, every command is one of ours.
    let stop = ran.stdout.lines().find_map(|line| line.strip_prefix("::stop-commands::")).expect("a word").to_owned();
    let after = ran.stdout.split(&format!("::{stop}::")).nth(1).expect("the word again");
    for line in after.lines().filter(|line| line.contains("::")) {
        assert!(line.starts_with("::error title=") || line.starts_with("::warning title="), "{line}");
        let properties = line.split("::").nth(1).expect("a command");
        assert!(properties.split(',').count() <= 3, "{line}");
    }
    for text in [stage.bodies()[0].clone(), stage.read("summary.md")] {
        for acting in ["<img", "<script", "[l](http", "\u{202e}"] {
            assert!(!text.contains(acting), "{acting}: {text}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
    let body = &stage.bodies()[0];
    let markers: Vec<&str> = body.lines().filter(|line| line.contains("<!--")).collect();
    let whole = |line: &&str| line.starts_with("<!-- ") && line.ends_with(" -->") && line.matches("-->").count() == 1;
    assert!(markers.len() == 3 && markers.iter().all(whole), "a marker was forged or ended early: {markers:?}");
    let names: Vec<String> = stage.outputs().into_iter().map(|(name, _)| name).collect();
    assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')), "{names:?}");
}

#[test]
fn the_next_run_finds_its_comment_again() {
    let mut stage = hostile();
    stage.set("GITHUB_WORKFLOW", "w --> <!-- \n::error::w").set("GITHUB_JOB", "j\n::warning::j");
    for run in 100..103 {
        stage.run = run;
        stage.on_pull_request(&["gate", "--post"]).expect(1);
    }
    assert_eq!(stage.bodies().len(), 1);
}

#[test]
fn thousands_of_metrics_fit() {
    let many = |value: f64| {
        json!((0..4000).map(|index| (format!("{}|{index}", "<b>@ada</b>".repeat(8)), json!(value))).collect::<serde_json::Map<_, _>>())
            .to_string()
    };
    let policy = "[directions]\n\"*\" = \"higher\"\n[[rule]]\nmetric = \"*\"\nmax_regression_rel = 0.01\n";
    let repo = change(&[("metrics.json", &many(0.9)), ("proofmark.toml", policy)], &[("metrics.json", &many(0.5))]);
    let stage = Stage::of(repo, Token::actions_writing());
    let ran = stage.on_pull_request(&["gate", "--post", "--max-rows", "5000"]);
    assert!(!ran.stderr.contains("could not be posted"), "{}", ran.stderr);
    ran.expect(1);
    let body = &stage.bodies()[0];
    assert!(body.len() <= 65_536 && body.contains("left out"), "{}", body.len());
    let state = stage.github.state();
    assert_eq!(state.check_runs(REPOSITORY, &stage.head)[0].annotations.len(), 200);
}
