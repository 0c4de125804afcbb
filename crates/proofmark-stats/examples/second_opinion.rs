//! Answers cases on standard input, one JSON object a line (`procedure`, `inputs`, `parameters`, as in the reference vectors),
//! with one line of figures each, so that other implementations can be asked the same: see `tests/stats`.

#[path = "../tests/vectors/case.rs"]
mod case;
#[path = "../tests/vectors/deciding.rs"]
mod deciding;
#[path = "../tests/vectors/describing.rs"]
mod describing;
#[path = "../tests/vectors/resampling.rs"]
mod resampling;

use std::io::{BufRead, BufWriter, Write, stdin, stdout};

use proofmark_stats::distributions::{beta_ppf, binomial_sf, kolmogorov_sf, normal_cdf, t_sf};
use proofmark_stats::roc::average_precision;
use proofmark_stats::two_proportions::{TwoProportions, two_proportions};
use serde_json::{Map, Value};

use self::case::{Answer, Case, figure, of_test};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let case = Case(&asked);
        let answer = describing::answer(&case)
            .or_else(|| deciding::answer(&case))
            .or_else(|| resampling::answer(&case))
            .or_else(|| beyond_the_vectors(&case))
            .unwrap_or_default();
        let told: Map<String, Value> = answer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        writeln!(out, "{}", Value::Object(told))?;
    }
    Ok(out.flush()?)
}

/// What the vectors do not ask for.
fn beyond_the_vectors(case: &Case<'_>) -> Option<Answer> {
    Some(match case.procedure() {
        "t_sf" => vec![("value", figure(t_sf(case.number("t"), case.number("df"))))],
        "normal_cdf" => vec![("value", figure(normal_cdf(case.number("z"))))],
        "beta_ppf" => vec![("value", figure(beta_ppf(case.number("p"), case.number("a"), case.number("b"))))],
        "kolmogorov_sf" => vec![("value", figure(kolmogorov_sf(case.number("x"))))],
        "binomial_sf" => {
            let k = i64::try_from(case.count("k")).unwrap_or(i64::MAX);
            vec![("value", figure(binomial_sf(k, case.count("n"), case.number("p"))))]
        }
        "average_precision" => {
            let labels: Vec<bool> = case.numbers("y").iter().map(|label| *label == 1.0).collect();
            let weights = case.input("weight").is_array().then(|| case.numbers("weight"));
            vec![("value", figure(average_precision(&labels, &case.numbers("score"), weights.as_deref())))]
        }
        "two_proportions" => {
            let counts = TwoProportions {
                baseline: case.count("baseline"),
                n_baseline: case.count("n_baseline"),
                candidate: case.count("candidate"),
                n_candidate: case.count("n_candidate"),
            };
            of_test(&two_proportions(&counts, case.direction(), case.setting("margin"), case.setting("alpha")))
        }
        _ => return None,
    })
}
