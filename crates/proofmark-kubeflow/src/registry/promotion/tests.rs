use proptest::prelude::*;

use super::*;

fn version(id: u8, properties: &[(&str, &str)]) -> Version {
    let properties = properties.iter().map(|(name, text)| ((*name).to_owned(), Property::text(*text))).collect();
    Version { id: id.to_string(), name: format!("v{id}"), properties, ..Version::default() }
}

fn model(last: &str) -> Model {
    let properties = [("proofmark.last.stage".to_owned(), Property::text(last))].into();
    Model { id: "9".into(), name: "churn".into(), properties, ..Model::default() }
}

#[test]
fn what_was_begun_last() {
    for last in [Last::Promoted { to: "3".into(), from: "none".into() }, Last::RolledBack { from: "3".into(), to: "2".into() }] {
        assert_eq!(Last::parse(&last.to_string()), last);
    }
    assert_eq!(Last::parse("moved 3"), Last::Other);
}

#[test]
fn which_of_several_is_meant() {
    let slot = Slot::production();
    let both = || vec![version(1, &[("stage", "production")]), version(2, &[("stage", "production")])];
    let found = |last: &str| holder(&model(last), &slot, both()).map(|found| found.map(|version| version.id));
    assert_eq!(found("promoted 2 in the place of 1"), Ok(Some("2".into())));
    // Not yet back: what is still in production is the one that is to go.
    assert_eq!(found("rolled back 2 to 1"), Ok(Some("2".into())));
    assert!(found("promoted 3 in the place of 1").is_err());
    assert!(found("").is_err_and(|error| error.to_string().contains("`v1`, `v2`")));
    assert_eq!(holder(&model(""), &slot, Vec::new()), Ok(None));
}

/// Carries out the first writes of a plan on versions in memory.
fn apply(model: &mut Model, versions: &mut [Version], plan: &Plan, writes: usize) {
    for step in plan.steps.iter().take(writes) {
        let place = match step.kind {
            Kind::Model => &mut model.properties,
            Kind::Version => match versions.iter_mut().find(|version| version.id == step.id) {
                Some(version) => &mut version.properties,
                None => panic!("no version {}", step.id),
            },
        };
        *place = crate::registry::property::changed(place, &step.changes);
    }
}

fn holders(versions: &[Version], slot: &Slot) -> Vec<Version> {
    versions.iter().filter(|version| slot.is_at(version)).cloned().collect()
}

proptest! {
    /// Promotions and rollbacks that break off anywhere: somebody is always in production, and the next try ends it.
    #[test]
    fn production_is_never_empty_and_always_told(
        moves in prop::collection::vec((0_usize..4, 0_usize..4, any::<bool>()), 1..12),
        keeps in any::<bool>(),
    ) {
        let former = if keeps { Former::Value("previous".into()) } else { Former::Removed };
        let slot = Slot { former, ..Slot::production() };
        let mut registered = model("");
        let mut versions: Vec<Version> = (1..=4).map(|id| version(id, &[])).collect();
        let first = promotion(registered.clone(), &slot, None, versions[0].clone(), &[], &BTreeMap::new());
        apply(&mut registered, &mut versions, &first, usize::MAX);
        for (to, writes, is_back) in moves {
            let there = holders(&versions, &slot);
            let from = holder(&registered, &slot, there.clone()).expect("told").expect("one");
            let replaced = from.text(&slot.replaced()).and_then(|id| versions.iter().find(|version| version.id == id)).cloned();
            let plan = match replaced {
                Some(back) if is_back => rollback(registered.clone(), &slot, from.clone(), back, &there),
                _ => promotion(registered.clone(), &slot, Some(from.clone()), versions[to].clone(), &there, &BTreeMap::new()),
            };
            apply(&mut registered, &mut versions, &plan, writes);
            let there = holders(&versions, &slot);
            prop_assert!(!there.is_empty());
            let now = holder(&registered, &slot, there).expect("told").expect("one");
            prop_assert!(now.id == from.id || now.id == plan.to.id);
            if writes >= plan.steps.len() {
                prop_assert_eq!(&now.id, &plan.to.id);
                prop_assert_eq!(holders(&versions, &slot).len(), 1);
            }
        }
    }
}
