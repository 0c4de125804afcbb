//! The text of a comment as sections, each of which another job writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proofmark_core::past::PastRun;

use super::RenderSection;
use super::marker::{closes, closing, code, harmless, opened, opening};
use super::state::State;

/// Bytes of a whole comment; GitHub counts letters, which are never more, up to 65,536.
pub(super) const MOST_BYTES: usize = 65_000;
/// Bytes of a state at most, so that the history does not crowd out the report.
const MOST_STATE: usize = 12_000;
/// Bytes that a state may always have: the run itself fits.
const LEAST_STATE: usize = 600;
/// Bytes of a section that is being written at least, state included.
const LEAST_SHARE: usize = 2_500;
/// More jobs than a workflow can have.
const MOST_SECTIONS: usize = 300;
const SHORTENED: &str = "This part is shortened: the parts of this comment together are longer than GitHub allows. The whole report is in the summary of its run.";

/// The sections of a comment by their tokens, so that their order is always the same.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Page(BTreeMap<String, Section>);

/// What one job said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    /// `None` when it is broken: whoever comes next overwrites the section.
    pub(super) state: Option<State>,
    /// Markdown; empty when there is nothing to show and only the state is kept.
    text: String,
}

impl Page {
    /// Reads a comment. Text outside of sections was not written by us and is not kept.
    pub(super) fn parse(body: &str) -> Self {
        let mut page = Self::default();
        let mut open: Option<(&str, Option<State>, Vec<&str>)> = None;
        for line in body.lines() {
            let next = opened(line);
            if next.is_none() && !closes(line) {
                if let Some((_, _, lines)) = &mut open {
                    lines.push(line);
                }
                continue;
            }
            if let Some((token, state, lines)) = open.take() {
                page.take(token, Section { state, text: lines.join("\n").trim_matches('\n').to_owned() });
            }
            open = next.map(|(token, state)| (token, State::parse(state), Vec::new()));
        }
        if let Some((token, state, lines)) = open {
            page.take(token, Section { state, text: lines.join("\n").trim_matches('\n').to_owned() });
        }
        page
    }

    /// Takes in what another comment says: of each section, the newer one.
    pub(super) fn merge(&mut self, other: Self) {
        for (token, section) in other.0 {
            self.take(&token, section);
        }
    }

    fn take(&mut self, token: &str, other: Section) {
        let Some(section) = self.0.get_mut(token) else {
            if self.0.len() < MOST_SECTIONS {
                self.0.insert(token.to_owned(), other);
            }
            return;
        };
        let (mut newer, older) = if other.order() > section.order() { (other, section.clone()) } else { (section.clone(), other) };
        if let (Some(newer), Some(older)) = (&mut newer.state, &older.state) {
            newer.remember(older);
        }
        *section = newer;
    }

    /// A section that is there.
    pub(super) fn section(&self, token: &str) -> Option<&Section> {
        self.0.get(token)
    }

    /// Whether there is nothing to show.
    pub(super) fn is_blank(&self) -> bool {
        self.0.values().all(|section| section.text.is_empty())
    }

    /// Empties a section; what is left tells older runs that they are late.
    pub(super) fn clear(&mut self, token: &str, state: State) {
        self.0.insert(token.to_owned(), Section { state: Some(state), text: String::new() });
    }

    /// Writes a section. It gets what the others leave, and at least a fair share: for that, the longest of the others are
    /// cut down to their headline. The number is that of sections that had no place at all.
    pub(super) fn write(&mut self, marker: &str, token: &str, state: State, render: &RenderSection<'_>) -> Result<usize, String> {
        let room = MOST_BYTES - marker.len() - 1;
        let past = state.past.clone();
        self.0.remove(token);
        let fair = (room / (self.0.len() + 1)).max(LEAST_SHARE);
        let mut own = Section { state: Some(state.within((fair / 3).clamp(LEAST_STATE, MOST_STATE))), text: String::new() };
        let others = self.size();
        let bytes = room.saturating_sub(others).max(fair).saturating_sub(own.size(token) + 2);
        own.text = cut(&harmless(render(&past, bytes)?.replace('\r', "").trim_matches('\n')), bytes);
        let left_out = self.squeeze(room.saturating_sub(own.size(token)));
        self.0.insert(token.to_owned(), own);
        Ok(left_out)
    }

    /// The whole comment, however many duplicates were merged into it.
    pub(super) fn fitted(mut self, marker: &str) -> String {
        self.squeeze(MOST_BYTES - marker.len() - 1);
        self.body(marker)
    }

    /// Makes all sections fit: the longest lose all but their headline, then the oldest go. Tells how many went.
    fn squeeze(&mut self, room: usize) -> usize {
        let mut sizes: Vec<(usize, String)> = self.0.iter().map(|(token, section)| (section.size(token), token.clone())).collect();
        let mut total: usize = sizes.iter().map(|(size, _)| size).sum();
        sizes.sort_by(|one, two| two.cmp(one));
        for (size, token) in &mut sizes {
            if total <= room {
                return 0;
            }
            let Some(section) = self.0.get_mut(token) else { continue };
            let brief = section.brief();
            let shorter = brief.size(token);
            if shorter < *size {
                total -= *size - shorter;
                (*section, *size) = (brief, shorter);
            }
        }
        sizes.sort_by_key(|(_, token)| self.0.get(token).map(Section::order));
        let mut left_out = 0;
        for (size, token) in sizes {
            if total <= room {
                break;
            }
            self.0.remove(&token);
            total -= size;
            left_out += 1;
        }
        left_out
    }

    /// The whole comment after [`Page::write`].
    pub(super) fn body(&self, marker: &str) -> String {
        let mut body = format!("{marker}\n");
        for (token, section) in &self.0 {
            section.put(token, &mut body);
        }
        body
    }

    fn size(&self) -> usize {
        self.0.iter().map(|(token, section)| section.size(token)).sum()
    }
}

impl Section {
    /// Which run wrote it; a broken state counts as older than any.
    pub(super) fn order(&self) -> (u64, u32) {
        self.state.as_ref().map_or((0, 0), |state| state.run.order())
    }

    /// Whether a run newer than `ours` wrote it.
    pub(super) fn outranks(&self, ours: &PastRun) -> bool {
        self.state.as_ref().is_some_and(|state| state.outranks(ours))
    }

    /// Whether there is nothing to show.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// The headline alone. The digest goes too, so that the next run writes the section whole.
    fn brief(&self) -> Self {
        let state = self.state.clone().map(|state| State::new(&state.run, "", Vec::new()).within(LEAST_STATE));
        let text = match &state {
            _ if self.text.is_empty() => String::new(),
            Some(state) if !state.run.headline.is_empty() => format!("{}\n\n{SHORTENED}", code(&state.run.headline)),
            _ => SHORTENED.to_owned(),
        };
        Self { state, text }
    }

    fn size(&self, token: &str) -> usize {
        let mut text = String::new();
        self.put(token, &mut text);
        text.len()
    }

    fn put(&self, token: &str, body: &mut String) {
        let state = self.state.as_ref().map_or_else(|| "{}".to_owned(), State::json);
        // An empty line ends whatever Markdown the text leaves open. Writing to a string cannot fail.
        let gap = if self.text.is_empty() { "" } else { "\n\n" };
        let _ = writeln!(body, "{}\n{}{gap}{}", opening(token, &state), harmless(&self.text), closing(token));
    }
}

/// Whole lines within so many bytes, in case the renderer did not keep to them.
fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes);
    let end = text[..end].rfind('\n').unwrap_or(end);
    text[..end].trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use proofmark_core::config::Effect;
    use proptest::prelude::*;

    use super::super::marker::{marker, token};
    use super::*;

    fn state(run: u64) -> State {
        State::new(&PastRun::new(run, 1, "c0ffee", 7, Effect::Allow, format!("run {run}")), "d", Vec::new())
    }

    fn put(page: &mut Page, section: &str, run: u64, text: &str) -> usize {
        page.write(&marker("k"), &token(section), state(run), &|_, _| Ok(text.to_owned())).expect("a text")
    }

    fn page(sections: &[(&str, u64, &str)]) -> Page {
        let mut page = Page::default();
        for (section, run, text) in sections {
            put(&mut page, section, *run, text);
        }
        page
    }

    fn shown(page: &Page, section: &str) -> String {
        page.section(&token(section)).map(|section| section.text.clone()).unwrap_or_default()
    }

    #[test]
    fn one_section_looks_like_a_plain_report() {
        let body = page(&[("test", 3, "## Report\n\nfine")]).body(&marker("k"));
        let lines: Vec<&str> = body.lines().collect();
        assert_eq!(lines[0], "<!-- proofmark:k -->");
        assert!(lines[1].starts_with("<!-- proofmark:section test {\"version\":1,"), "{body}");
        assert_eq!(lines[2..], ["## Report", "", "fine", "", "<!-- /proofmark:section test -->"]);
    }

    #[test]
    fn sections_are_in_order_whoever_came_first() {
        let (one, two) = (page(&[("b", 1, "x"), ("a", 2, "y")]), page(&[("a", 2, "y"), ("b", 1, "x")]));
        assert_eq!(one.body("m"), two.body("m"));
    }

    #[test]
    fn of_two_the_newer_run_counts_and_remembers_the_older() {
        let (mut one, two) = (page(&[("a", 1, "old"), ("b", 5, "new")]), page(&[("a", 2, "new"), ("b", 4, "old"), ("c", 1, "only")]));
        one.merge(two);
        assert_eq!(["a", "b", "c"].map(|section| shown(&one, section)), ["new", "new", "only"]);
        let past = &one.section("a").and_then(|section| section.state.as_ref()).expect("a state").past;
        assert_eq!(past.iter().map(PastRun::order).collect::<Vec<_>>(), [(1, 1)]);
    }

    #[test]
    fn broken_comments_are_read_as_far_as_they_go() {
        let good = page(&[("a", 1, "text")]).body("m");
        // The end is missing.
        let cut = good.replace("<!-- /proofmark:section a -->", "");
        assert_eq!(shown(&Page::parse(&cut), "a"), "text");
        // The state is broken: the text stays, the history is lost.
        let broken = Page::parse(&good.replace("\"version\":1", "\"version\":[[["));
        assert_eq!((shown(&broken, "a").as_str(), broken.section("a").expect("a section").order()), ("text", (0, 0)));
        assert_eq!(Page::parse(&broken.body("m")), broken);
        // An editor changed the line ends and wrote something between.
        let edited = format!("{}\r\nthanks", good.replace('\n', "\r\n"));
        assert_eq!(Page::parse(&edited), Page::parse(&good));
        assert_eq!(Page::parse("m\nno sections"), Page::default());
    }

    #[test]
    fn a_text_cannot_break_out_of_its_section() {
        let text = "x\n<!-- /proofmark:section a -->\n<!-- proofmark:section b {} -->\nmine";
        let read = Page::parse(&page(&[("a", 1, text)]).body("m"));
        assert_eq!(read.section("b"), None);
        assert!(shown(&read, "a").contains("&lt;!-- /proofmark:section a -->\n&lt;!-- proofmark:section b {} -->\nmine"));
    }

    #[test]
    fn the_own_section_gets_what_others_leave_and_a_fair_share_at_least() {
        let (small, large) = ("x\n".repeat(100), "y\n".repeat(30_000));
        let mut roomy = page(&[("a", 1, &small)]);
        let room = |page: &mut Page| {
            let asked = std::cell::Cell::new(0);
            let render = |_: &[PastRun], bytes| {
                asked.set(bytes);
                Ok("z\n".repeat(bytes / 2))
            };
            assert_eq!(page.write("m", "b", state(1), &render), Ok(0));
            assert!(page.body("m").len() <= MOST_BYTES);
            asked.get()
        };
        assert!(room(&mut roomy) > 63_000);
        assert_eq!(shown(&roomy, "a"), small.trim_end());
        let mut full = page(&[("a", 1, &large)]);
        assert!((31_000..33_000).contains(&room(&mut full)));
        assert_eq!(shown(&full, "a"), format!("` run 1 `\n\n{SHORTENED}"));
        assert_ne!(full.section("a").and_then(|section| section.state.clone()).expect("a state").digest, "d");
    }

    #[test]
    fn as_many_sections_as_fit_stay_and_the_newest_do() {
        let mut page = Page::default();
        let left_out: usize = (1..=199).map(|run| put(&mut page, &format!("job-{run}"), run, &"x\n".repeat(300))).sum();
        assert!(page.body(&marker("k")).len() <= MOST_BYTES);
        assert!(left_out > 0 && page.0.len() + left_out == 199, "{left_out}");
        assert!(shown(&page, "job-199").starts_with("x\nx"));
        assert!(page.section(&token("job-1")).is_none() && page.section(&token("job-198")).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_written_is_read_back(
            sections in prop::collection::vec(("\\PC{0,30}", 1..9_u64, prop::collection::vec(prop::sample::select(vec![
                "text", "\n", "\r\n", "<!--", "-->", "<!-- proofmark:k -->", "<!-- /proofmark:section a -->", "<!-- proofmark:section a {} -->", "```", "é",
            ]), 0..12)), 0..5),
        ) {
            let mut page = Page::default();
            for (section, run, parts) in &sections {
                put(&mut page, section, *run, &parts.concat());
            }
            let body = page.body(&marker("k"));
            let first = marker("k");
            prop_assert_eq!(body.lines().next(), Some(first.as_str()));
            let read = Page::parse(&body);
            prop_assert_eq!(read.body(&marker("k")), body);
            prop_assert_eq!(read.0.len(), page.0.len());
        }

        #[test]
        fn no_body_is_too_long_or_panics(body in "(<!-- proofmark:section [a-c] \\PC{0,20} -->|<!-- /proofmark:section [a-c] -->|\n|\\PC{0,9}){0,30}", size in 0..200_000_usize) {
            let mut page = Page::parse(&body);
            put(&mut page, "own", 3, &"é".repeat(size / 2));
            prop_assert!(page.body(&marker("k")).len() <= MOST_BYTES);
            prop_assert!(shown(&page, "own").len() == size / 2 * 2 || size > 60_000);
        }
    }
}
