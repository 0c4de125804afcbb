//! Jobs, their parameters, and who may see them.

use super::support::http::Answer;
use super::*;

#[test]
fn folders_branches_and_what_is_beside() {
    let jenkins = usual();
    jenkins.job("ml/nlp team/train", json!([string("KEY")]));
    jenkins.job("repo/feature%2Fx", json!([]));
    jenkins.job("repo/odd%20name", json!([]));
    jenkins.job("repo", json!([]));
    let children = vec![("feature%2Fx".to_owned(), "feature/x".to_owned()), ("odd%20name".to_owned(), "Odd".to_owned())];
    jenkins.change("repo", |job| job.children = Some(children));
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let job_of = |name: &str, branch: Option<&str>| client.job(&JobPath::parse(name, client.base()).expect("a path"), branch);

    let found = job_of("ml/nlp team/train", None).expect("a job");
    assert_eq!(found.url, format!("{}/job/ml/job/nlp%20team/job/train/", jenkins.url));
    assert_eq!(found.told.as_deref(), Some("http://inside.example:8080/jenkins/job/ml/job/nlp%20team/job/train/"));
    assert_eq!(job_of("repo", Some("feature/x")).expect("a job").path.to_string(), "repo/feature%2Fx");
    assert_eq!(job_of("repo", Some("Odd")).expect("by what is shown").path.to_string(), "repo/odd%20name");
    assert_eq!(job_of(&format!("{}/job/train/", jenkins.url), None).expect("by address").path.to_string(), "train");

    let Err(Error::NoJob { others, .. }) = job_of("trian", None) else { panic!("no such job") };
    assert!(others.contains(&"train".to_owned()), "{others:?}");
    let Err(Error::NoJob { others, .. }) = job_of("repo", Some("feature/y")) else { panic!("no such branch") };
    assert_eq!(others, ["feature%2Fx", "odd%20name"]);
    let Err(Error::Folder { jobs, .. }) = job_of("repo", None) else { panic!("a project") };
    assert_eq!(jobs.len(), 2);
    jenkins.change("bare", |job| job.disabled = true);
    assert!(matches!(job_of("bare", None), Err(Error::NotBuildable { .. })));
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let jenkins = usual();
    let file = json!({"name": "CSV", "type": "FileParameterDefinition"});
    let flag = json!({"name": "DRY", "type": "BooleanParameterDefinition", "defaultParameterValue": {"value": false}});
    jenkins.change("train", |job| job.definitions.extend([file, flag]));
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let refused = |values: Vec<Value>| start(&client, "train", values, key("k", false)).expect_err("an error").to_string();
    let bytes = |name: &str| Value { name: name.to_owned(), content: Content::File("x.csv".to_owned(), b"1".to_vec()) };
    assert_eq!(refused(vec![text("DATE", "1")]), "the job `train` has no parameter `DATE`");
    assert_eq!(refused(vec![text("MODE", "quick")]), "the parameter `MODE` has no choice `quick`");
    assert_eq!(refused(vec![text("DATA", "1"), text("DATA", "1")]), "the parameter `DATA` is given twice");
    assert_eq!(refused(vec![text("DRY", "yes")]), "the parameter `DRY` is neither true nor false");
    assert_eq!(refused(vec![text("CSV", "x.csv")]), "the parameter `CSV` takes a file");
    assert_eq!(refused(vec![bytes("DATA")]), "the parameter `DATA` takes no file");
    assert!(start(&client, "plain", vec![], key("k", true)).is_err_and(|error| error.to_string().contains("no parameter `KEY`")));
    assert_eq!(jenkins.count("POST"), 0);
    start(&client, "train", vec![bytes("CSV"), text("DATA", "é=&\n")], key("k", false)).expect("a start");
    let sent = jenkins.starts("train").remove(0);
    assert_eq!(sent[0].1, "é=&\n");
    assert_eq!((sent[2].1.as_str(), sent[3].1.as_str()), ("fast", "1"));
}

#[test]
fn what_is_no_jenkins_is_named() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let told = |answer: Answer| {
        jenkins.world().instead.push(("GET", "job/train/api", answer));
        job(&client, "train").expect_err("an error")
    };
    let page = || Answer::new(200, "<html><title>Sign in</title></html>");
    assert!(told(page()).to_string().contains("a page of HTML (Sign in), as for a login"));
    assert!(told(page().with("X-Not-Jenkins", "1")).to_string().contains("no header X-Jenkins (Sign in)"));
    let error = told(Answer::new(302, "").with("Location", "https://sso.example/login?token=secret"));
    assert!(error.to_string().ends_with("it leads to https://sso.example, with status 302"), "{error}");
    assert!(error.is_outside() && error.hint().is_some_and(|hint| hint.contains("login page")));
    let error = told(Answer::new(404, "<html>nginx").with("X-Not-Jenkins", "1"));
    assert!(error.to_string().contains("nothing is at this address"), "{error}");
    let error =
        told(Answer::new(403, "").with("X-You-Are-Authenticated-As", "joe").with("X-Required-Permission", "hudson.model.Item.Read"));
    assert_eq!(error.to_string(), "read the job: the user `joe` lacks the permission hudson.model.Item.Read (403)");
    jenkins.world().user = Some(("joe".to_owned(), "another".to_owned()));
    let error = job(&client, "train").expect_err("an error");
    assert!(matches!(error, Error::Unauthorized { sent: true, .. }), "{error}");
}

#[test]
fn nothing_is_shown_of_secrets() {
    let jenkins = usual();
    let password = json!({"name": "PASS", "type": "PasswordParameterDefinition"});
    jenkins.change("train", |job| job.definitions.push(password));
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let told = format!("<p>bad value hunter2222 of {TOKEN}</p>");
    jenkins.world().instead.push(("POST", "job/train", Answer::new(400, told)));
    let error = start(&client, "train", vec![text("PASS", "hunter2222")], key("k", false)).expect_err("an error").to_string();
    assert_eq!(error, "start the job: Jenkins answered 400: bad value *** of ***");
    jenkins.change("train", |job| job.log = format!("token {TOKEN}\npass hunter2222\n"));
    let found = job(&client, "train").expect("a job");
    let submission = Submission::new(&found, vec![text("PASS", "hunter2222")], key("k", false)).expect("values");
    assert!(submission.shown().any(|(name, value)| name == "PASS" && value.is_none()));
    let started = client.start(&found, &submission).expect("a start");
    let Ok(Queued::Began(place)) = client.wait_in_queue(&found, &started, Deadline::after(None)) else { panic!("a build") };
    client.wait_for(&found, &place, true, Deadline::after(None)).expect("an end");
    assert_eq!(*notes.lines.borrow(), ["token ***", "pass ***"]);
}
