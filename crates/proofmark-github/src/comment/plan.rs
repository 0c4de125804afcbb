//! What is to be done to a comment, decided from its text and the order alone.

use proofmark_core::config::{CommentMode, Effect};

use super::CommentOrder;
use super::marker::{marker, token};
use super::page::Page;
use super::state::State;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Plan {
    /// Nothing, and why.
    Leave(Why),
    /// The text is replaced. `left_out` sections have no place in it.
    Write { body: String, left_out: usize },
    /// A new comment takes the place of the old one.
    Renew { body: String, left_out: usize },
    /// The section goes and others stay; `shown` when it was to be seen.
    Empty { body: String, shown: bool },
    /// The comment goes.
    Delete,
}

/// Why nothing is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There is nothing to say and nothing there.
    NotNeeded,
    /// It is there already.
    Unchanged,
    /// A newer run has been there.
    Superseded { newer_run: u64 },
}

/// Plans for a comment with this text, and with the sections that it and its duplicates have; `Err` is the renderer's.
pub(super) fn plan(order: &CommentOrder<'_>, text: &str, mut page: Page) -> Result<Plan, String> {
    let (marker, token) = (marker(&order.key), token(&order.section));
    let before = page.section(&token);
    if let Some(section) = before
        && section.outranks(&order.run)
    {
        return Ok(Plan::Leave(Why::Superseded { newer_run: section.order().0 }));
    }
    let earlier = before.and_then(|section| section.state.as_ref());
    let past = earlier.map(|state| state.before(order.run.order())).unwrap_or_default();
    let mut state = State::new(&order.run, &order.digest, past);
    let shown = before.is_some_and(|section| !section.is_blank());
    match order.mode {
        CommentMode::Off => return Ok(Plan::Leave(Why::NotNeeded)),
        CommentMode::OnlyOnChange if !shown && order.quiet => return Ok(Plan::Leave(Why::NotNeeded)),
        CommentMode::OnlyOnChange if shown && earlier.is_some_and(|earlier| earlier.digest == state.digest) => {
            return Ok(Plan::Leave(Why::Unchanged));
        }
        CommentMode::DeleteWhenFixed if order.quiet || order.run.effect == Effect::Allow => {
            if before.is_none() {
                return Ok(Plan::Leave(Why::NotNeeded));
            }
            page.clear(&token, state);
            return Ok(if page.is_blank() { Plan::Delete } else { Plan::Empty { body: page.fitted(&marker), shown } });
        }
        CommentMode::Update
        | CommentMode::Recreate
        | CommentMode::HideAndRecreate
        | CommentMode::DeleteWhenFixed
        | CommentMode::OnlyOnChange => {}
    }
    if let Some(earlier) = earlier.filter(|earlier| earlier.run.order() == order.run.order()) {
        // The same run again: a later moment alone is no news.
        state.run.time = earlier.run.time;
    }
    let left_out = page.write(&marker, &token, state, order.render)?;
    let body = page.body(&marker);
    if same(&body, text) {
        return Ok(Plan::Leave(Why::Unchanged));
    }
    Ok(match order.mode {
        CommentMode::Recreate | CommentMode::HideAndRecreate => Plan::Renew { body, left_out },
        _ => Plan::Write { body, left_out },
    })
}

/// Whether two texts are the same to whoever reads them; servers and editors change line ends.
pub(super) fn same(one: &str, two: &str) -> bool {
    one.trim_end().lines().eq(two.trim_end().lines())
}

#[cfg(test)]
mod tests {
    use proofmark_core::past::PastRun;

    use super::*;

    fn order(mode: CommentMode, run: u64, effect: Effect, digest: &str) -> CommentOrder<'static> {
        CommentOrder {
            issue: 7,
            key: "k".into(),
            section: "s".into(),
            mode,
            run: PastRun::new(run, 1, "c", run, effect, "headline"),
            digest: digest.into(),
            quiet: false,
            author: None,
            render: &|past, _| Ok(format!("text after {} runs", past.len())),
            waiting: None,
        }
    }

    fn planned(order: &CommentOrder<'_>, body: &str) -> Plan {
        plan(order, body, Page::parse(body)).expect("a text")
    }

    fn written(plan: Plan) -> String {
        match plan {
            Plan::Write { body, left_out: 0 } | Plan::Renew { body, left_out: 0 } | Plan::Empty { body, .. } => body,
            other => panic!("{other:?}"),
        }
    }

    fn first() -> String {
        written(planned(&order(CommentMode::Update, 5, Effect::Block, "d"), ""))
    }

    #[test]
    fn each_mode_on_a_new_run() {
        let of = |mode, effect, digest| planned(&order(mode, 6, effect, digest), &first());
        assert!(written(of(CommentMode::Update, Effect::Block, "d")).contains("text after 1 runs"));
        for mode in [CommentMode::Recreate, CommentMode::HideAndRecreate] {
            assert!(matches!(of(mode, Effect::Block, "d"), Plan::Renew { .. }));
        }
        assert_eq!(of(CommentMode::OnlyOnChange, Effect::Block, "d"), Plan::Leave(Why::Unchanged));
        assert!(matches!(of(CommentMode::OnlyOnChange, Effect::Block, "e"), Plan::Write { .. }));
        assert_eq!(of(CommentMode::DeleteWhenFixed, Effect::Allow, "e"), Plan::Delete);
        assert!(matches!(of(CommentMode::DeleteWhenFixed, Effect::Notice, "e"), Plan::Write { .. }));
        assert_eq!(of(CommentMode::Off, Effect::Block, "e"), Plan::Leave(Why::NotNeeded));
    }

    #[test]
    fn each_mode_on_nothing() {
        let of = |mode, quiet, effect| planned(&CommentOrder { quiet, ..order(mode, 6, effect, "d") }, "");
        for mode in [CommentMode::Update, CommentMode::Recreate, CommentMode::HideAndRecreate] {
            assert!(matches!(of(mode, true, Effect::Allow), Plan::Write { .. } | Plan::Renew { .. }));
        }
        assert_eq!(of(CommentMode::OnlyOnChange, true, Effect::Allow), Plan::Leave(Why::NotNeeded));
        assert!(matches!(of(CommentMode::OnlyOnChange, false, Effect::Allow), Plan::Write { .. }));
        assert_eq!(of(CommentMode::DeleteWhenFixed, false, Effect::Allow), Plan::Leave(Why::NotNeeded));
        assert!(matches!(of(CommentMode::DeleteWhenFixed, false, Effect::Block), Plan::Write { .. }));
    }

    #[test]
    fn the_same_run_again_says_nothing_new() {
        let mut again = order(CommentMode::Update, 5, Effect::Block, "d");
        again.run.time = 999;
        assert_eq!(planned(&again, &first()), Plan::Leave(Why::Unchanged));
        again.run.headline = "other".into();
        assert!(written(planned(&again, &first())).contains("text after 0 runs"));
    }

    #[test]
    fn an_older_run_leaves_a_newer_one_alone() {
        for mode in [CommentMode::Update, CommentMode::Recreate, CommentMode::DeleteWhenFixed, CommentMode::OnlyOnChange] {
            let late = order(mode, 4, Effect::Allow, "x");
            assert_eq!(planned(&late, &first()), Plan::Leave(Why::Superseded { newer_run: 5 }));
        }
    }

    #[test]
    fn a_state_with_a_number_that_no_run_has_is_overwritten_and_forgotten() {
        let mine = order(CommentMode::Update, 6, Effect::Block, "d");
        let body = first();
        for number in ["18446744073709551615", "9007199254740993", "1000099"] {
            let edited = body.replace("\"run_id\":5", &format!("\"run_id\":{number}"));
            let healed = written(planned(&mine, &edited));
            assert!(healed.contains("text after 0 runs") && !healed.contains(number), "{healed}");
        }
        assert!(matches!(planned(&mine, &body.replace("\"run_id\":5", "\"run_id\":7")), Plan::Leave(Why::Superseded { newer_run: 7 })));
    }

    #[test]
    fn a_section_that_went_still_keeps_older_runs_out() {
        let other = CommentOrder { section: "other".into(), ..order(CommentMode::Update, 1, Effect::Allow, "d") };
        let both = written(planned(&other, &first()));
        let fixed = order(CommentMode::DeleteWhenFixed, 9, Effect::Allow, "d");
        let body = written(planned(&fixed, &both));
        assert_eq!(body.matches("text after").count(), 1);
        let late = order(CommentMode::DeleteWhenFixed, 8, Effect::Block, "d");
        assert_eq!(planned(&late, &body), Plan::Leave(Why::Superseded { newer_run: 9 }));
        let worse = order(CommentMode::DeleteWhenFixed, 10, Effect::Block, "d");
        assert!(written(planned(&worse, &body)).contains("text after 2 runs"));
        assert!(matches!(planned(&order(CommentMode::DeleteWhenFixed, 10, Effect::Allow, "d"), &body), Plan::Empty { shown: false, .. }));
    }

    #[test]
    fn a_renderer_that_fails_is_an_error() {
        let broken = CommentOrder { render: &|_, _| Err("no template".into()), ..order(CommentMode::Update, 5, Effect::Block, "d") };
        assert_eq!(plan(&broken, "", Page::default()), Err("no template".to_owned()));
    }
}
