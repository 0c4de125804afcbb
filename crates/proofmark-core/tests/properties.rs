//! Properties of names, numbers, changes and verdicts that hold for any input.

use proofmark_core::compare;
use proofmark_core::config::{self, Combine, Limits};
use proofmark_core::direction::Direction;
use proofmark_core::gate::scalar::{ScalarVerdict, change, scalar_gate};
use proofmark_core::glob::Glob;
use proofmark_core::key::{Key, Lists, flatten};
use proofmark_core::number::{shown_pair, significant};
use proofmark_core::path::RepoPath;
use proofmark_core::value::{Map, Value};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1e6..1e6_f64,
        -1.0..1.0_f64,
        Just(0.0),
        Just(1e-300),
        Just(-1e300),
        (-1000..1000_i32).prop_map(|whole| f64::from(whole) / 100.0)
    ]
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Higher), Just(Direction::Lower)]
}

fn limits() -> impl Strategy<Value = Limits> {
    let limit = || proptest::option::of(0.0..10.0_f64);
    let combine = prop_oneof![Just(Combine::Any), Just(Combine::All)];
    (limit(), limit(), combine).prop_map(|(absolute, relative, combine)| Limits {
        max_regression_abs: absolute,
        max_regression_rel: relative,
        combine: Some(combine),
        ..Limits::default()
    })
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Float),
        ".{0,6}".prop_map(Value::Text),
        Just(Value::Null)
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof!["[a-c.\\[\\]\\\\\"]{0,4}", ".{0,3}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            proptest::collection::vec((name, inner), 0..5).prop_map(|entries| Value::Map(entries.into_iter().collect::<Map>())),
        ]
    })
}

proptest! {
    #[test]
    fn leaves_are_sorted_and_no_two_have_one_name(value in document(), whole in any::<bool>()) {
        let leaves = flatten(value, if whole { Lists::Whole } else { Lists::Elements }).expect("small documents");
        prop_assert!(leaves.windows(2).all(|pair| pair[0].0 < pair[1].0), "{leaves:?}");
    }

    #[test]
    fn a_key_gives_its_parts_back(parts in proptest::collection::vec("[a-c.\\[\\]\\\\]{1,5}", 1..5)) {
        let key = parts.iter().fold(Key::root(), |key, part| key.child(part));
        prop_assert_eq!(key.parts(), parts);
    }

    #[test]
    fn a_change_back_is_the_opposite(one in number(), two in number(), direction in direction()) {
        let (there, back) = (change(Some(one), Some(two), direction), change(Some(two), Some(one), direction));
        prop_assert_eq!(there.improvement.map(|step| step + 0.0), back.improvement.map(|step| 0.0 - step));
        let (higher, lower) = (change(Some(one), Some(two), Direction::Higher), change(Some(one), Some(two), Direction::Lower));
        prop_assert_eq!(higher.improvement, lower.improvement.map(|step| 0.0 - step));
        // The comparison that is shown and the one that is judged agree.
        let (delta, share) = compare::change(&Value::Float(one), &Value::Float(two));
        prop_assert_eq!(delta.and_then(|delta| delta.as_f64()), there.delta);
        prop_assert_eq!(share.map(f64::abs), there.relative.map(f64::abs).filter(|share| share.is_finite()));
    }

    #[test]
    fn no_loss_never_fails_a_limit_on_losses(base in number(), gain in 0.0..1e6_f64, direction in direction(), limits in limits()) {
        let better = if direction == Direction::Higher { base + gain } else { base - gain };
        prop_assert_eq!(scalar_gate(Some(base), Some(better), direction, &limits).0, ScalarVerdict::Pass);
    }

    #[test]
    fn a_wider_limit_never_turns_a_pass_into_a_failure(base in number(), head in number(), direction in direction(), limits in limits(), more in 0.0..10.0_f64) {
        let wider = Limits {
            max_regression_abs: limits.max_regression_abs.map(|limit| limit + more),
            max_regression_rel: limits.max_regression_rel.map(|limit| limit + more),
            ..limits
        };
        if scalar_gate(Some(base), Some(head), direction, &limits).0 == ScalarVerdict::Pass {
            prop_assert_eq!(scalar_gate(Some(base), Some(head), direction, &wider).0, ScalarVerdict::Pass);
        }
    }

    #[test]
    fn a_loss_of_exactly_the_limit_passes(cents in -1000..1000_i32, loss in 0..1000_i32, direction in direction()) {
        let (base, limit) = (f64::from(cents) / 100.0, f64::from(loss) / 100.0);
        let worse = if direction == Direction::Higher { base - limit } else { base + limit };
        let limits = Limits { max_regression_abs: Some(limit), ..Limits::default() };
        prop_assert_eq!(scalar_gate(Some(base), Some(worse), direction, &limits).0, ScalarVerdict::Pass);
    }

    #[test]
    fn direction_and_sign_mirror_each_other(base in number(), head in number(), limits in limits()) {
        let here = scalar_gate(Some(base), Some(head), Direction::Higher, &limits);
        let mirrored = scalar_gate(Some(0.0 - base), Some(0.0 - head), Direction::Lower, &limits);
        prop_assert_eq!(here, mirrored);
    }

    #[test]
    fn different_numbers_look_different(one in number(), two in number()) {
        let (left, right) = shown_pair(&Value::Float(one), &Value::Float(two));
        prop_assert_eq!(one == two, left == right, "{} {}", left, right);
        let close: f64 = significant(one, 17).parse().expect("a number");
        prop_assert_eq!(close, one);
    }

    #[test]
    fn paths_never_leave_the_root(base in "[a-c/.]{0,8}", relative in ".{0,12}") {
        if let Ok(path) = RepoPath::parse(&base).and_then(|folder| folder.join(&relative)) {
            prop_assert!(path.parts().all(|part| part != ".." && part != "." && !part.is_empty()));
            prop_assert!(!path.as_str().starts_with('/'));
        }
    }

    #[test]
    fn any_text_is_a_configuration_or_a_mistake(text in "(\\[\\[rule\\]\\]|\\[policy\\]|metric = \"a\"|min = 1|max = nan|\n|[ -~]){0,12}", glob in ".{0,20}") {
        let file = RepoPath::parse("proofmark.toml").expect("a path");
        if let Err(problem) = config::parse(&file, text.as_bytes()) {
            prop_assert!(!problem.message.is_empty());
        }
        if let Ok(glob) = Glob::name(&glob) {
            let _ = glob.matches("some.metric[0]");
        }
    }
}
