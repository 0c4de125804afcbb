use proptest::prelude::*;

use super::*;

/// A merge patch, as RFC 7386 has it.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        into.clone_from(patch);
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in fields {
        match into.as_object_mut() {
            Some(object) if value.is_null() => drop(object.remove(name)),
            _ => merge(&mut into[name], value),
        }
    }
}

/// A cluster whose controller is done at once.
struct World {
    service: InferenceService,
    revision: u32,
    /// The files that answer those who are not in a canary.
    in_production: String,
}

fn start(mode: &str, form: &str) -> World {
    let value = json!({
        "metadata": {"name": "churn", "namespace": "a", "uid": "u", "resourceVersion": "1", "generation": 1},
        "spec": {"predictor": {"minReplicas": 2, "annotations": {"team": "x"}, form: {"storageUri": "s3://m/0", "env": [1]}}, "transformer": {}},
        "status": {"deploymentMode": mode},
    });
    let mut service = InferenceService::from_json(&value).expect("a service");
    if mode == "Serverless" {
        let revision = Some("c-1".to_owned());
        (service.status.revisions.created, service.status.revisions.rolled_out) = (revision.clone(), revision);
    }
    World { service, revision: 1, in_production: "s3://m/0".into() }
}

impl World {
    fn take(&mut self, planned: Planned) -> bool {
        let Planned::Patch { spec, goal, .. } = planned else { return false };
        let old = self.service.predictor().expect("a predictor").clone();
        let mut all = Value::Object(self.service.spec.clone());
        merge(&mut all, &spec);
        self.service.spec = all.as_object().expect("an object").clone();
        assert!(goal.is_reached(&self.service), "{goal:?}: {:?}", self.service.spec);
        let without_share = |predictor: &Map<String, Value>| {
            let mut predictor = predictor.clone();
            predictor.remove("canaryTrafficPercent");
            predictor
        };
        let new = self.service.predictor().expect("a predictor").clone();
        if self.service.mode() == Mode::Knative && without_share(&old) != without_share(&new) {
            self.revision += 1;
            self.service.status.revisions.created = Some(format!("c-{}", self.revision));
        }
        if self.service.canary_percent().is_none() {
            self.in_production = self.service.storage_uri().expect("files").to_owned();
            if self.service.mode() == Mode::Knative {
                self.service.status.revisions.rolled_out.clone_from(&self.service.status.revisions.created);
            }
        }
        true
    }
}

#[derive(Debug, Clone)]
enum Act {
    Deploy(u8, Option<u8>),
    Promote,
    Back,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1_u8..9, prop::option::of(0_u8..100)).prop_map(|(files, percent)| Act::Deploy(files, percent)),
        Just(Act::Promote),
        Just(Act::Back),
    ]
}

fn wanted(number: usize, files: u8, canary: Option<u8>) -> Rollout {
    let (namespace, name) = ("a".to_owned(), "churn".to_owned());
    Rollout { namespace, name, storage_uri: format!("s3://m/{files}"), canary, key: format!("k{number}"), ..Rollout::default() }
}

proptest! {
    /// Whatever is done in whatever order: each patch comes to what it is for, nothing of others is touched, no canary makes
    /// itself production, going back goes to what was in production, and a second time changes nothing.
    #[test]
    fn patches_come_to_what_they_are_for(
        acts in prop::collection::vec(act(), 1..12),
        mode in prop::sample::select(vec!["Serverless", "RawDeployment"]),
        form in prop::sample::select(vec!["model", "sklearn"]),
    ) {
        let mut world = start(mode, form);
        // What was in production before the last rollout.
        let mut before = world.in_production.clone();
        let mut undo = Undo::default();
        for (number, act) in acts.into_iter().enumerate() {
            let production = world.in_production.clone();
            match act {
                Act::Deploy(files, canary) => {
                    let rollout = wanted(number, files, canary);
                    prop_assert!(world.take(rollout_of(&world, &rollout)));
                    if canary.is_some() {
                        prop_assert_eq!(&world.in_production, &production);
                    }
                    before = production;
                    undo.key = Some(rollout.key.clone());
                    prop_assert!(matches!(rollout_of(&world, &rollout), Planned::Already(..)));
                }
                Act::Promote => {
                    let planned = promotion(&world.service).expect("a plan");
                    let revision = world.revision;
                    world.take(planned);
                    prop_assert_eq!(world.revision, revision);
                    prop_assert!(matches!(promotion(&world.service).expect("a plan"), Planned::Already(..)));
                }
                Act::Back => {
                    if let Ok(planned) = rollback(&world.service, &undo)
                        && world.take(planned)
                    {
                        prop_assert_eq!(&world.in_production, &before);
                    }
                }
            }
            let predictor = world.service.predictor().expect("a predictor");
            prop_assert_eq!(&predictor["minReplicas"], &json!(2));
            prop_assert_eq!(&predictor["annotations"]["team"], &json!("x"));
            prop_assert_eq!(&predictor[form]["env"], &json!([1]));
            prop_assert!(world.service.spec.contains_key("transformer") && world.service.canaries().len() < 2);
        }
    }
}

fn rollout_of(world: &World, wanted: &Rollout) -> Planned {
    rollout(&world.service, wanted).expect("a plan")
}

#[test]
fn what_has_no_files_to_change() {
    let with = |predictor: Value| {
        let mut world = start("Serverless", "model");
        world.service.spec.insert("predictor".into(), predictor);
        rollout(&world.service, &wanted(1, 1, None)).expect_err("refused").to_string()
    };
    assert!(with(json!({"containers": [{}]})).contains("containers of its own"));
    assert!(with(json!({"model": {"storage": {"key": "x"}}})).contains("`storage`"));
    assert!(with(json!({"model": {}, "storageUris": []})).contains("`storage`"));
    assert!(with(json!({"model": {}})).contains("no storageUri to go back to"));
    assert!(with(json!({"model": {"storageUri": "s3://x"}, "canaryTrafficPercent": 10})).contains("did not start"));
}

#[test]
fn a_canary_of_the_standard_mode_has_pods() {
    let planned = rollout(&start("Standard", "model").service, &wanted(1, 1, Some(0))).expect("a plan");
    let Planned::Patch { spec, .. } = planned else { panic!("no patch") };
    assert_eq!(spec["canary"][0]["predictor"]["minReplicas"], json!(1));
    let mut idle = start("Standard", "model").service;
    idle.spec["predictor"]["minReplicas"] = json!(0);
    assert!(rollout(&idle, &wanted(1, 1, Some(10))).is_err_and(|error| error.to_string().contains("no pods")));
}

#[test]
fn modes_without_a_canary_and_runtimes() {
    let refused = |mode: &str| rollout(&start(mode, "model").service, &wanted(1, 1, Some(10))).expect_err("refused").to_string();
    assert!(refused("ModelMesh").contains("ModelMesh"));
    assert!(refused("Newest").contains("`Newest`"));
    let mut first = start("Serverless", "model");
    first.service.status.revisions.rolled_out = None;
    assert!(rollout(&first.service, &wanted(1, 1, Some(10))).is_err_and(|error| error.to_string().contains("no revision")));

    let mut world = start("ModelMesh", "model");
    let planned = rollout(&world.service, &Rollout { runtime: Some("triton".into()), ..wanted(1, 1, None) }).expect("a plan");
    world.take(planned);
    assert_eq!(world.service.runtime(), Some("triton"));
    world.take(rollback(&world.service, &Undo::default()).expect("a plan"));
    assert_eq!((world.service.runtime(), world.service.storage_uri()), (None, Some("s3://m/0")));
}
