//! Commands in comments: who may give them, what counts as one, and what is answered.

use super::*;

const HEAD: &str = "[[trigger]]
name = \"retrain\"
command = { verb = \"retrain\", positional = [\"lr\"] }
parameters.lr = { type = \"number\", default = 0.1, min = 0.0, max = 1.0, help = \"the learning rate\" }
[trigger.start.workflow]
file = \"train.yml\"
inputs = { data = \"{{ event.head.commit }} {{ parameters.lr }}\" }
";

/// Somebody commented on the pull request.
fn commented(stage: &Stage, login: &str, body: &str) -> Value {
    let id = stage.github.state().comment(REPOSITORY, 7, login, body);
    let created = stage.github.state().repo(REPOSITORY).comments[&id].created_at.clone();
    json!({
        "action": "created", "repository": {"full_name": REPOSITORY, "default_branch": "main"}, "sender": {"login": login, "type": "User"},
        "issue": {"number": 7, "state": "open", "user": {"login": "ada"}, "pull_request": {"url": "x"}},
        "comment": {"id": id, "body": body, "created_at": created, "user": {"login": login, "type": "User"}},
    })
}

fn say(stage: &Stage, login: &str, body: &str) -> Ran {
    stage.run("issue_comment", &commented(stage, login, body), &["--reply"])
}

/// What the bot wrote.
fn replies(stage: &Stage) -> Vec<String> {
    let state = stage.github.state();
    state.comments(REPOSITORY, 7).iter().filter(|comment| comment.login.ends_with("[bot]")).map(|comment| comment.body.clone()).collect()
}

fn reply(stage: &Stage) -> String {
    let replies = replies(stage);
    let [reply] = replies.as_slice() else { panic!("{} replies: {replies:#?}", replies.len()) };
    reply.clone()
}

/// Reactions to what people wrote.
fn reactions(stage: &Stage) -> Vec<String> {
    let state = stage.github.state();
    let people = state.repo(REPOSITORY).comments.values().filter(|comment| !comment.login.ends_with("[bot]"));
    people.flat_map(|comment| comment.reactions.values().map(|reaction| reaction.content.clone())).collect()
}

#[test]
fn a_command_of_somebody_who_may_starts_with_the_head_of_the_pull_request() {
    for (body, lr) in [("/retrain lr=0.2", "0.2"), ("please\r\n/RETRAIN 0.3\r\nthanks", "0.3"), ("/retrain", "0.1")] {
        let stage = Stage::new(HEAD);
        say(&stage, "ada", body).expect(0);
        let runs = stage.runs();
        assert_eq!(runs.iter().filter_map(|run| run.inputs["data"].as_str()).collect::<Vec<_>>(), [format!("{} {lr}", stage.head)]);
        let reply = reply(&stage);
        assert!(reply.contains("started, [look](") && reply.contains("`retrain`") && reply.contains("`lr` = "), "{reply}");
        assert!(reply.contains(&stage.head[..10]), "{reply}");
        assert_eq!(reactions(&stage), ["eyes"]);
    }
}

#[test]
fn a_command_of_somebody_who_may_not_is_refused_with_the_role() {
    let stage = Stage::new(HEAD);
    let told = say(&stage, "eve", "/retrain lr=0.2").expect(0);
    assert!(told.contains("✗ retrain") && told.contains("takes the role write (and not read)"), "{told}");
    assert_eq!(stage.runs().len(), 0);
    let reply = reply(&stage);
    assert!(reply.contains("refused") && reply.contains("takes the role write"), "{reply}");
    assert_eq!(reactions(&stage), ["eyes"]);
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_a_cure() {
    for (body, told) in [
        ("/retrain lr=2", "is out of range"),
        ("/retrain lr=fast", "finite decimal number"),
        ("/retrain lrr=0.1", "did you mean `lr`?"),
        ("/retrain lr=0.1 lr=0.2", "give it once"),
        ("/retrain \"0.1", "line 1 of the comment"),
        ("/retrain lr=\"0.1\u{202e}\"", "refused"),
    ] {
        let stage = Stage::new(HEAD);
        say(&stage, "ada", body).expect(0);
        assert_eq!(stage.runs().len(), 0, "{body}");
        assert!(reply(&stage).contains(told), "{body}: {}", reply(&stage));
    }
}

#[test]
fn what_is_no_command_is_met_with_silence() {
    for body in [
        "> /retrain",
        "```\n/retrain\n```",
        "    /retrain",
        "<!--\n/retrain\n-->",
        "I said /retrain",
        "/retrained",
        "/unknown",
        "nothing",
        "`/retrain`",
    ] {
        let stage = Stage::new(HEAD);
        say(&stage, "ada", body).expect(0);
        assert_eq!((stage.runs().len(), replies(&stage).len(), reactions(&stage).len()), (0, 0, 0), "{body}");
    }
}

#[test]
fn where_commands_do_not_count_there_is_silence() {
    let bot = |payload: &mut Value| payload["comment"]["user"] = json!({"login": "helper", "type": "Bot"});
    let app = |payload: &mut Value| payload["comment"]["user"] = json!({"login": "github-actions[bot]", "type": "Bot"});
    let edited = |payload: &mut Value| payload["action"] = json!("edited");
    let deleted = |payload: &mut Value| payload["action"] = json!("deleted");
    let closed = |payload: &mut Value| payload["issue"]["state"] = json!("closed");
    for (name, change) in [("bot", bot as fn(&mut Value)), ("app", app), ("edited", edited), ("deleted", deleted), ("closed", closed)] {
        let stage = Stage::new(HEAD);
        let mut payload = commented(&stage, "ada", "/retrain\n/help");
        change(&mut payload);
        stage.run("issue_comment", &payload, &["--reply"]).expect(0);
        assert_eq!((stage.runs().len(), replies(&stage).len(), reactions(&stage).len()), (0, 0, 0), "{name}");
    }
}

#[test]
fn a_pull_request_that_was_closed_meanwhile_is_not_trained() {
    let stage = Stage::new(HEAD);
    let payload = commented(&stage, "ada", "/retrain");
    stage.github.state().repo_mut(REPOSITORY).issues.get_mut(&7).expect("the pull request").state = "closed".to_owned();
    stage.run("issue_comment", &payload, &["--reply"]).expect(0);
    assert_eq!(stage.runs().len(), 0);
    assert!(reply(&stage).contains("open pull requests only"), "{}", reply(&stage));
}

/// The pull request comes from a fork that was pushed to at this time.
fn of_fork(stage: &Stage, pushed_at: &str) {
    let mut state = stage.github.state();
    let fork = Repository { fork: true, pushed_at: pushed_at.to_owned(), ..Repository::default() };
    state.repositories.insert("eve/widgets".to_owned(), fork);
    let issue = state.repo_mut(REPOSITORY).issues.get_mut(&7).expect("the pull request");
    issue.pull.as_mut().expect("a pull request").head.repo = "eve/widgets".to_owned();
}

#[test]
fn a_fork_counts_as_it_was_when_somebody_looked_at_it() {
    for (pushed_at, runs) in [("2019-05-15T15:20:32Z", 1), ("2099-01-01T00:00:00Z", 0)] {
        let stage = Stage::new(HEAD);
        of_fork(&stage, pushed_at);
        say(&stage, "ada", "/retrain").expect(0);
        assert_eq!(stage.runs().len(), runs, "{pushed_at}");
        assert_eq!(reply(&stage).contains("pushed to after the comment"), runs == 0, "{}", reply(&stage));
    }
    let stage = Stage::new(&HEAD.replace("[trigger.start", "forks = \"never\"\n[trigger.start"));
    of_fork(&stage, "2019-05-15T15:20:32Z");
    say(&stage, "ada", "/retrain").expect(0);
    assert_eq!(stage.runs().len(), 0);
    assert!(reply(&stage).contains("forks"), "{}", reply(&stage));
}

#[test]
fn a_second_run_for_one_comment_starts_nothing_and_answers_in_place() {
    let stage = Stage::new(HEAD);
    let payload = commented(&stage, "ada", "/retrain");
    stage.run("issue_comment", &payload, &["--reply"]).expect(0);
    stage.run("issue_comment", &payload, &["--reply"]).expect(0);
    assert_eq!(stage.runs().len(), 1);
    assert!(reply(&stage).contains("duplicate"), "{}", reply(&stage));
    // The same words in another comment are another wish.
    say(&stage, "ada", "/retrain").expect(0);
    assert_eq!((stage.runs().len(), replies(&stage).len()), (2, 1));
}

#[test]
fn several_commands_in_one_comment_are_several_orders() {
    let stage = Stage::new(HEAD);
    say(&stage, "ada", "/retrain 0.1\n\n/retrain 0.2\n\n/retrain 7").expect(0);
    assert_eq!(stage.runs().len(), 2);
    assert!(reply(&stage).contains("line 5 of the comment"), "{}", reply(&stage));
}

#[test]
fn help_and_status_are_for_anyone() {
    let stage = Stage::new(HEAD);
    say(&stage, "ada", "/retrain").expect(0);
    say(&stage, "eve", "/help").expect(0);
    let help = reply(&stage);
    assert!(help.contains("| `/retrain` | write |") && help.contains("`lr` (number) the learning rate"), "{help}");
    say(&stage, "stranger", "/status").expect(0);
    let status = reply(&stage);
    assert!(status.contains("| retrain |") && status.contains("under way") && status.contains("[look]("), "{status}");
    assert_eq!(stage.runs().len(), 1);
}

#[test]
fn a_role_that_cannot_be_asked_for_decides_nothing() {
    use proofmark_testkit::github::{Fault, What};
    let mut stage = Stage::new(HEAD);
    stage.set("PROOFMARK_NETWORK_SECONDS", "1");
    stage.github.fail(Fault::new("GET", "/repos/*/collaborators/*", What::StatusBefore(503)));
    let told = say(&stage, "ada", "/retrain").expect_error(2);
    assert!(told.contains("`retrain`") && told.contains("the role of ada cannot be asked for"), "{told}");
    assert_eq!(stage.runs().len(), 0);
}

#[test]
fn without_reply_nothing_is_written() {
    let stage = Stage::new(HEAD);
    stage.run("issue_comment", &commented(&stage, "eve", "/retrain"), &[]).expect(0);
    stage.run("issue_comment", &commented(&stage, "ada", "/retrain"), &["--reply", "--dry-run"]).expect(0);
    assert_eq!((stage.runs().len(), replies(&stage).len(), reactions(&stage).len()), (0, 0, 0));
}

/// What stands outside of code spans, without the characters that stand for others.
fn outside(line: &str) -> String {
    line.split('`').step_by(2).collect::<String>().replace("&#124;", "").replace("&#96;", "")
}

#[test]
fn hostile_words_are_shown_and_not_obeyed() {
    let rule = HEAD.replace("type = \"number\", default = 0.1, min = 0.0, max = 1.0", "max_length = 200");
    for words in [
        "</details><script>alert(1)</script>",
        "@everyone @acme/team",
        "a | b\\|c",
        "[click](https://evil.example)",
        "https://evil.example/x",
        "<!-- proofmark:commands -->",
        "`code` **bold** ![x](y)",
        "#1 GH-2",
    ] {
        let stage = Stage::new(&rule);
        say(&stage, "ada", &format!("/retrain lr=\"{words}\"")).expect(0);
        assert_eq!(stage.runs().len(), 1, "{words}");
        assert!(stage.runs()[0].inputs["data"].as_str().expect("a text").ends_with(words), "{words}");
        let text = reply(&stage);
        let line = text.lines().find(|line| line.contains("`lr` = ")).expect("the value is shown");
        // Outside of code nothing of it is left that Markdown or GitHub would act on.
        let bare = outside(line);
        for bad in ["<", "@", "](", "https:", "**", "|", "#1"] {
            assert!(!bare.contains(bad), "{bad} in {bare}: {line}");
        }
        // What is wrong is quoted as well.
        let stage = Stage::new(&rule);
        say(&stage, "ada", &format!("/retrain x=\"{words}\" \"{words}\"")).expect(0);
        let text = reply(&stage);
        let line = text.lines().find(|line| line.contains("refused")).expect("it is refused");
        let bare = outside(line);
        assert!(!bare.contains('<') && !bare.contains("](") && !bare.contains("https:") && !bare.contains('@'), "{line}");
    }
}
