//! The crate against the fake ModelDB.

mod commits;
mod opening;
mod searching;
mod writing;

use std::time::Duration;

use proofmark_http::api::Terms;
use proofmark_testkit::modeldb::FakeModelDb;

use crate::{Access, Error, ModelDb};

const COMMIT: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334";
const OTHER: &str = "ffb2c3d4e5f60718293a4b5c6d7e8f9001122334";

/// A server, and the ids of a project and an experiment in it.
struct Scene {
    fake: FakeModelDb,
    project: String,
    experiment: String,
}

impl Scene {
    fn new() -> Self {
        let fake = FakeModelDb::start();
        let project = fake.world().project("churn");
        let experiment = fake.world().experiment(&project, "baseline");
        Self { fake, project, experiment }
    }

    fn client(&self) -> ModelDb {
        open(&self.fake, &[]).expect("ModelDB")
    }
}

fn access(fake: &FakeModelDb, vars: &[(&str, &str)]) -> Access {
    let var = |name: &str| vars.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let mut terms = Terms::from_environment(&|_| None, "test", 1);
    terms.budget.total = Duration::from_secs(20);
    terms.budget.attempts = 3;
    Access::from_environment(Some(&fake.url()), &var, terms).expect("an address")
}

fn open(fake: &FakeModelDb, vars: &[(&str, &str)]) -> Result<ModelDb, Error> {
    ModelDb::open(&access(fake, vars))
}
