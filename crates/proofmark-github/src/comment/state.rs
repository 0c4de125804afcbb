//! What a section remembers about itself, hidden in its first line: who wrote it last, and the runs before.
//!
//! Everybody who can make the same bot speak can write such a line, so it is read as hostile text: bounded, cleaned, and
//! when it is broken only the history is lost.

use std::io::{self, Write};

use proofmark_core::config::Effect;
use proofmark_core::past::PastRun;
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};

use super::marker::{is_token, token};

const VERSION: u32 = 1;
/// Earlier runs that are kept.
const MOST_PAST: usize = 30;
const MOST_VALUES: usize = 16;
/// In letters.
const LONGEST_HEADLINE: usize = 300;
const LONGEST_NAME: usize = 100;
const LONGEST_COMMIT: usize = 64;
/// The last second of the year 9999; later ones trip up calendars.
const LATEST: u64 = 253_402_300_799;
/// Runs that a small server may have had since ours was started; numbers of large ones grow by some percent.
const NUMBERS_AHEAD: u64 = 1_000_000;
/// Seconds from a run's start until it can no more be running: it may be tried again for 30 days, and a try takes 35 at most.
const LONGEST_RUN: u64 = 65 * 86_400;
/// Seconds that runners' clocks may differ.
const CLOCKS_DIFFER: u64 = 86_400;
/// More than any comment holds.
const LONGEST_JSON: usize = 262_144;

/// A section's state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct State {
    /// The run that wrote the section.
    pub(super) run: PastRun,
    /// What it said, as a sum.
    pub(super) digest: String,
    /// Runs before, oldest first.
    pub(super) past: Vec<PastRun>,
}

/// The form on the wire. Numbers of metrics are texts, so that they come back to the last bit.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    digest: String,
    run: Row,
    past: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    run_id: u64,
    attempt: u32,
    commit: String,
    time: u64,
    effect: Effect,
    headline: String,
    values: Vec<(String, String)>,
}

impl State {
    /// The state of a run, cleaned as it would be read back.
    pub(super) fn new(run: &PastRun, digest: &str, past: Vec<PastRun>) -> Self {
        Self { run: clean(run), digest: token(digest), past: sorted(past.iter().map(clean), run.order()) }
    }

    /// `None` for anything that this version did not write.
    pub(super) fn parse(json: &str) -> Option<Self> {
        if json.len() > LONGEST_JSON {
            return None;
        }
        let document: Document = serde_json::from_str(json).ok()?;
        if document.version != VERSION || !is_token(&document.digest) {
            return None;
        }
        let run = document.run.read();
        let past = sorted(document.past.into_iter().map(Row::read), run.order());
        Some(Self { run, digest: document.digest, past })
    }

    /// One line in which nothing can end a comment or start markup.
    pub(super) fn json(&self) -> String {
        let document = Document {
            version: VERSION,
            digest: self.digest.clone(),
            run: Row::write(&self.run),
            past: self.past.iter().map(Row::write).collect(),
        };
        let mut bytes = Vec::new();
        // Writing to memory cannot fail, and an empty state only loses the history.
        let _ = document.serialize(&mut Serializer::with_formatter(&mut bytes, Hidden));
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// The same in so many bytes: the oldest runs go first, then values, then the headline.
    pub(super) fn within(mut self, bytes: usize) -> Self {
        while self.json().len() > bytes {
            if !self.past.is_empty() {
                self.past.remove(0);
            } else if self.run.values.pop().is_none() {
                self.run.headline.clear();
                break;
            }
        }
        self
    }

    /// Whether this was written by a run that was started after `ours`. One that cannot have been, since its number is far off
    /// or it ended before any run of today was started, is somebody's edit: it must not keep later runs out for ever.
    pub(super) fn outranks(&self, ours: &PastRun) -> bool {
        // Who posts by hand has no number.
        let most = if ours.run_id == 0 { u64::MAX } else { ours.run_id.saturating_mul(2).saturating_add(NUMBERS_AHEAD) };
        let times = ours.time.saturating_sub(LONGEST_RUN)..=ours.time.saturating_add(CLOCKS_DIFFER);
        self.run.order() > ours.order() && self.run.run_id <= most && times.contains(&self.run.time)
    }

    /// What comes before a run: everything older that is known, oldest first.
    pub(super) fn before(&self, order: (u64, u32)) -> Vec<PastRun> {
        sorted(self.past.iter().chain([&self.run]).cloned(), order)
    }

    /// Takes in what another state of the same section knows about earlier runs.
    pub(super) fn remember(&mut self, other: &Self) {
        let order = self.run.order();
        self.past = sorted(self.past.iter().cloned().chain(other.before(order)), order);
    }
}

/// Older than `order`, each run once, oldest first, the newest [`MOST_PAST`].
fn sorted(runs: impl Iterator<Item = PastRun>, order: (u64, u32)) -> Vec<PastRun> {
    let mut runs: Vec<PastRun> = runs.filter(|run| run.order() < order).collect();
    runs.sort_by_key(PastRun::order);
    runs.dedup_by_key(|run| run.order());
    runs.drain(..runs.len().saturating_sub(MOST_PAST));
    runs
}

fn clean(run: &PastRun) -> PastRun {
    let commit = if run.commit.len() <= LONGEST_COMMIT && run.commit.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        run.commit.as_str()
    } else {
        ""
    };
    let headline = clip(&run.headline, LONGEST_HEADLINE);
    let mut clean = PastRun::new(run.run_id, run.attempt, commit, run.time.min(LATEST), run.effect, headline);
    let finite = run.values.iter().filter(|(_, value)| value.is_finite());
    clean.values = finite.take(MOST_VALUES).map(|(name, value)| (clip(name, LONGEST_NAME), *value)).collect();
    clean
}

/// One line of so many letters at most, none of which moves the others about.
fn clip(text: &str, letters: usize) -> String {
    let moves =
        |letter: char| letter.is_control() || matches!(letter, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().take(letters).map(|letter| if moves(letter) { ' ' } else { letter }).collect()
}

impl Row {
    fn write(run: &PastRun) -> Self {
        Self {
            run_id: run.run_id,
            attempt: run.attempt,
            commit: run.commit.clone(),
            time: run.time,
            effect: run.effect,
            headline: run.headline.clone(),
            values: run.values.iter().map(|(name, value)| (name.clone(), format!("{value:?}"))).collect(),
        }
    }

    fn read(self) -> PastRun {
        let mut run = PastRun::new(self.run_id, self.attempt, self.commit, self.time, self.effect, self.headline);
        run.values = self.values.into_iter().filter_map(|(name, value)| Some((name, value.parse().ok()?))).collect();
        clean(&run)
    }
}

/// JSON whose texts hold no letter that means something in HTML.
struct Hidden;

impl Formatter for Hidden {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '-']) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", rest.as_bytes()[at])?;
            rest = &rest[at + 1..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_run() -> impl Strategy<Value = PastRun> {
        let text = prop_oneof!["[ -~]{0,40}", "\\PC{0,20}", Just("--> <!-- proofmark:x --> &amp;".to_owned())];
        let values = prop::collection::vec((text.clone(), any::<f64>()), 0..4);
        let effect = prop::sample::select(vec![Effect::Allow, Effect::Notice, Effect::Block]);
        (any::<u64>(), any::<u32>(), text.clone(), any::<u64>(), effect, text, values).prop_map(
            |(id, attempt, commit, time, effect, headline, values)| {
                let mut run = PastRun::new(id, attempt, commit, time, effect, headline);
                run.values = values;
                run
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_written_is_read_back_and_acts_nowhere(run in any_run(), digest in "\\PC{0,200}", past in prop::collection::vec(any_run(), 0..40)) {
            let state = State::new(&run, &digest, past);
            let json = state.json();
            prop_assert!(!json.contains(['<', '>', '&', '\n']) && !json.contains("--"), "{json}");
            prop_assert_eq!(State::parse(&json), Some(state.clone()));
            prop_assert!(state.past.len() <= MOST_PAST && state.past.is_sorted_by(|one, two| one.order() < two.order()));
            let small = state.within(1500);
            prop_assert!(small.json().len() <= 1500, "{}", small.json());
            prop_assert_eq!(State::parse(&small.json()), Some(small));
        }

        #[test]
        fn hostile_states_are_refused_or_bounded(json in "\\PC{0,80}|\\{\"version\":1,\"digest\":\"a\",\"run\":[ -~]{0,60}\\}") {
            if let Some(state) = State::parse(&json) {
                prop_assert_eq!(State::parse(&state.json()), Some(state));
            }
        }
    }

    fn written(run: &str) -> String {
        format!(r#"{{"version":1,"digest":"a","run":{run},"past":[]}}"#)
    }

    fn row(value: &str, more: &str) -> String {
        format!(
            r#"{{"run_id":1,"attempt":1,"commit":"x y","time":99999999999999,"effect":"allow","headline":"a\nb","values":[["v","{value}"]]{more}}}"#
        )
    }

    #[test]
    fn values_that_are_no_numbers_are_left_out() {
        for (text, count) in [("1.5", 1), ("-0.25", 1), ("NaN", 0), ("inf", 0), ("1e999", 0), ("x", 0)] {
            let state = State::parse(&written(&row(text, ""))).expect("a state");
            assert_eq!(state.run.values.len(), count, "{text}");
            assert_eq!((state.run.commit.as_str(), state.run.headline.as_str(), state.run.time), ("", "a b", LATEST));
        }
    }

    #[test]
    fn what_nobody_wrote_is_refused() {
        for broken in
            ["", "{}", "[]", "null", &written("null"), &written(&row("1", ",\"more\":1")), &written(&row("1", "")).replace(":1,", ":2,")]
        {
            assert_eq!(State::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_newer_run_counts_unless_it_cannot_be_one() {
        let now = 1_800_000_000;
        let outranks = |theirs: (u64, u32, u64), ours: (u64, u32)| {
            let run = |id, attempt, time| PastRun::new(id, attempt, "c", time, Effect::Allow, "");
            State::new(&run(theirs.0, theirs.1, theirs.2), "d", Vec::new()).outranks(&run(ours.0, ours.1, now))
        };
        let (day, github) = (86_400, 20_000_000_000);
        assert!(outranks((github + 1, 1, now), (github, 3)) && outranks((github, 2, now), (github, 1)));
        assert!(outranks((github * 5 / 4, 1, now - 64 * day), (github, 1)) && outranks((900_000, 1, now + 3_600), (3, 1)));
        assert!(!outranks((github, 1, now), (github, 1)) && !outranks((github - 1, 9, now), (github, 1)));
        assert!(outranks((github, 1, now), (0, 1)));
        // Nobody's number, too old to be newer, not yet.
        for theirs in [(u64::MAX, 1, now), (github * 3, 1, now), (github + 1, 1, now - 66 * day), (github + 1, 1, now + 2 * day)] {
            assert!(!outranks(theirs, (github, 1)), "{theirs:?}");
        }
    }

    #[test]
    fn a_state_is_bounded_whatever_is_put_in() {
        let mut run = PastRun::new(1, 1, "-".repeat(99), u64::MAX, Effect::Block, "-".repeat(9_999));
        run.values = (0..99).map(|number| ("-".repeat(999), f64::from(number))).collect();
        let state = State::new(&run, &"-".repeat(999), Vec::new());
        assert!(state.json().len() < 13_000, "{}", state.json().len());
        assert_eq!((state.run.values.len(), state.run.headline.len()), (MOST_VALUES, LONGEST_HEADLINE));
        assert!(state.within(600).json().len() <= 600);
    }

    #[test]
    fn earlier_runs_are_those_before_once_each() {
        let run = |id, attempt| PastRun::new(id, attempt, "c", 0, Effect::Allow, "");
        let state = State::new(&run(7, 2), "d", vec![run(7, 1), run(5, 1), run(5, 1), run(9, 1), run(7, 2)]);
        let orders = |runs: Vec<PastRun>| runs.iter().map(PastRun::order).collect::<Vec<_>>();
        assert_eq!(orders(state.past.clone()), [(5, 1), (7, 1)]);
        assert_eq!(orders(state.before((7, 2))), [(5, 1), (7, 1)]);
        assert_eq!(orders(state.before((8, 1))), [(5, 1), (7, 1), (7, 2)]);
        let many = State::new(&run(100, 1), "d", (0..90).map(|id| run(id, 1)).collect());
        assert_eq!(orders(many.past).first(), Some(&(60, 1)));
    }
}
