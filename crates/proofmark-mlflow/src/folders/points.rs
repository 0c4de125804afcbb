//! Metric files: one logged value a line, `time value step`, as Python writes numbers.

use super::files::shown;
use crate::run::Point;

/// A line of a metric file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line<'a> {
    pub(super) point: Point,
    /// The name and digest of the data that it was measured on.
    pub(super) dataset: Option<(&'a str, &'a str)>,
}

/// Whose metrics a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// `time value [step [dataset digest]]`. MLflow's own reader forgets the step where there is a dataset; it counts here.
    Run,
    /// `time value step run [dataset digest]`.
    Model,
}

/// The lines of a metric file; what is wrong with it is a fragment that follows the file's name.
pub(super) fn lines(bytes: &[u8], owner: Owner) -> impl Iterator<Item = Result<Line<'_>, String>> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let nothing = text.is_empty().then(|| Err("is empty".to_owned()));
    let lines = text.split(|&byte| byte == b'\n').enumerate().filter(|_| !text.is_empty());
    nothing.into_iter().chain(lines.map(move |(index, line)| {
        let bad = |why: String| format!("has a bad line {}: {why}", index + 1);
        let line = std::str::from_utf8(line).map_err(|_| bad("not UTF-8".to_owned()))?;
        parse(line.trim(), owner).map_err(bad)
    }))
}

/// The value that counts.
pub(super) fn latest(bytes: &[u8]) -> Result<Point, String> {
    let mut latest: Option<Point> = None;
    for line in lines(bytes, Owner::Run) {
        let point = line?.point;
        if latest.is_none_or(|known| point.is_later_than(&known)) {
            latest = Some(point);
        }
    }
    latest.ok_or_else(|| "is empty".to_owned())
}

fn parse(line: &str, owner: Owner) -> Result<Line<'_>, String> {
    if line.is_empty() {
        return Err("it is blank".to_owned());
    }
    // A dataset's name may hold spaces; its digest cannot.
    let mut fields = line.splitn(if owner == Owner::Run { 4 } else { 5 }, ' ');
    let (time, value, step) = (fields.next(), fields.next(), fields.next());
    let run_or_dataset = fields.next();
    let dataset = match (owner, run_or_dataset) {
        (Owner::Run, dataset) => dataset,
        (Owner::Model, Some(_)) => fields.next(),
        (Owner::Model, None) => return Err("it names no run".to_owned()),
    };
    let (Some(time), Some(value)) = (time, value) else { return Err(format!("`{}` is not time, value and step", shown(line))) };
    let no_number = |text: &str| format!("`{}` is no number", shown(text));
    let integer = |text: &str| text.parse::<i64>().map_err(|_| no_number(text));
    let value: f64 = value.parse().map_err(|_| no_number(value))?;
    let point = Point { value, step: step.map_or(Ok(0), integer)?, time: integer(time)? };
    let dataset = dataset.map(|named| named.rsplit_once(' ').ok_or_else(|| format!("`{}` names data without a digest", shown(named))));
    Ok(Line { point, dataset: dataset.transpose()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Point>, String> {
        lines(text.as_bytes(), Owner::Run).map(|line| line.map(|line| line.point)).collect()
    }

    #[test]
    fn forms_of_a_line() {
        let points = read("1 0.5 3\r\n2 1e-05\n3 -inf -4\n4 5e-324 9223372036854775807\n5 0.25 7 churn test d1d1").expect("lines");
        let expected = [(0.5, 3, 1), (1e-5, 0, 2), (f64::NEG_INFINITY, -4, 3), (5e-324, i64::MAX, 4), (0.25, 7, 5)];
        assert_eq!(points, expected.map(|(value, step, time)| Point { value, step, time }));
        assert!(read("1 nan 0\n").expect("a line").iter().all(|point| point.value.is_nan()));
        let model: Vec<_> = lines(b"1 0.5 3 r1\n1 0.5 3 r1 a b d2\n", Owner::Model).map(|line| line.expect("good").dataset).collect();
        assert_eq!(model, [None, Some(("a b", "d2"))]);
        assert!(lines(b"1 0.5 3", Owner::Model).all(|line| line.is_err()));
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, expected) in [
            ("", "is empty"),
            ("\n", "is empty"),
            ("1 0.5 0\n\n2 0.5 1\n", "has a bad line 2: it is blank"),
            ("1\n", "has a bad line 1: `1` is not time, value and step"),
            ("1 abc 0\n", "has a bad line 1: `abc` is no number"),
            ("1.5 1 0\n", "has a bad line 1: `1.5` is no number"),
            ("1  0.5 0\n", "has a bad line 1: `` is no number"),
            ("1 0.5 0 x\n", "has a bad line 1: `x` names data without a digest"),
            ("1 0.5 99999999999999999999\n", "has a bad line 1: `99999999999999999999` is no number"),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text:?}");
        }
        assert!(latest(b"1 \xff 0").is_err_and(|why| why.ends_with("not UTF-8")));
    }

    #[test]
    fn the_latest_by_step_time_and_value() {
        let value = |text: &str| latest(text.as_bytes()).expect("points").value;
        assert_eq!(value("10 0.5 5\n10 0.7 5\n20 0.1 5\n5 0.99 5\n99 0.2 4\n"), 0.1);
        assert_eq!(value("1 1.0 -5\n2 2.0 -6\n"), 1.0);
        assert_eq!(value("10 nan 1\n10 0.25 1\n"), 0.25, "a number before NaN, as in a database");
        assert!(value("1 -0.0 0").is_sign_negative());
    }

    proptest! {
        #[test]
        fn what_python_writes_is_read_back(time in any::<i64>(), value in any::<f64>(), step in any::<i64>()) {
            let points = read(&format!("{time} {value:e} {step}\n")).expect("a line");
            prop_assert_eq!(points.len(), 1);
            prop_assert_eq!((points[0].time, points[0].step), (time, step));
            prop_assert!(points[0].value.to_bits() == value.to_bits() || value.is_nan());
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let all: Result<Vec<_>, _> = lines(&bytes, Owner::Run).collect();
            prop_assert_eq!(all.is_ok(), latest(&bytes).is_ok());
        }
    }
}
