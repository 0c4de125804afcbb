//! The client against a Jenkins that answers as the real one does, row by row, and against one that loses answers.

mod support;

use std::cell::RefCell;
use std::time::Duration;

use proofmark_http::{Secret, Settings};
use proofmark_jenkins::client::{
    Access, Base, Client, Content, Deadline, Ended, Error, Event, Job, JobPath, Key, Origin, Pace, Queued, Started, Submission, Value,
    Watch,
};
use serde_json::json;

use self::support::{Fate, Jenkins, string};

#[path = "client/jobs.rs"]
mod jobs;
#[path = "client/starting.rs"]
mod starting;
#[path = "client/storm.rs"]
mod storm;
#[path = "client/waiting.rs"]
mod waiting;

/// Keeps what it is told.
#[derive(Default)]
struct Notes {
    events: RefCell<Vec<String>>,
    lines: RefCell<Vec<String>>,
}

impl Watch for Notes {
    fn tell(&self, event: Event<'_>) {
        self.events.borrow_mut().push(format!("{event:?}"));
    }

    fn log(&self, line: &str) {
        self.lines.borrow_mut().push(line.to_owned());
    }
}

impl Notes {
    fn count(&self, what: &str) -> usize {
        self.events.borrow().iter().filter(|event| event.contains(what)).count()
    }
}

const TOKEN: &str = "1111111111aaaaaaaaaa2222222222bbbb";

fn access() -> Access {
    let pace = Pace {
        shortest: Duration::from_millis(2),
        longest: Duration::from_millis(10),
        patience: Duration::from_secs(20),
        settling: Duration::from_millis(40),
        stopping: Duration::from_millis(60),
    };
    let network = Settings {
        user_agent: "proofmark/test".to_owned(),
        authorities: None,
        proxies: Vec::new(),
        tls: false,
        timeout: Duration::from_secs(10),
    };
    Access { credentials: Some(("joe".to_owned(), Secret::new(TOKEN).expect("a token"))), network, pace, seed: 7 }
}

fn client<'w>(jenkins: &Jenkins, notes: &'w Notes) -> Client<'w> {
    Client::new(Base::parse(&jenkins.url).expect("an address"), access(), notes).expect("a client")
}

fn job(client: &Client<'_>, name: &str) -> Result<Job, Error> {
    client.job(&JobPath::parse(name, client.base()).expect("a path"), None)
}

fn key(value: &str, lasting: bool) -> Key {
    Key { parameter: "KEY".to_owned(), value: value.to_owned(), lasting }
}

fn text(name: &str, value: &str) -> Value {
    Value { name: name.to_owned(), content: Content::Text(value.to_owned()) }
}

fn start(client: &Client<'_>, name: &str, values: Vec<Value>, key: Key) -> Result<Started, Error> {
    let job = job(client, name)?;
    client.start(&job, &Submission::new(&job, values, key)?)
}

/// A Jenkins that knows `joe` and has a job `train` with `DATA`, `KEY` and `MODE`, and one that takes no key.
fn usual() -> Jenkins {
    let jenkins = Jenkins::start("/jenkins");
    jenkins.world().user = Some(("joe".to_owned(), TOKEN.to_owned()));
    let mode = json!({"name": "MODE", "type": "ChoiceParameterDefinition", "choices": ["fast", "slow"], "defaultParameterValue": {"value": "fast"}});
    jenkins.job("train", json!([string("DATA"), string("KEY"), mode]));
    jenkins.job("plain", json!([string("DATA")]));
    jenkins.job("bare", json!([]));
    jenkins
}
