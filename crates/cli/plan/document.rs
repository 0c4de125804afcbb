//! What a plan says: as a document, as a table, and in one sentence.

use proofmark_core::number::significant;
use proofmark_render::escape::terminal;
use proofmark_stats::Verdict;
use proofmark_stats::plan::{Design, Outlook, Scenario, Trials};
use schemars::JsonSchema;
use serde::Serialize;

use super::Asked;

/// The version of the document's form; it grows when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// What `proofmark plan --format json` prints. Losses and spreads are in the metric's unit, shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PlanDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    schema: u32,
    /// Always `plan`.
    kind: &'static str,
    /// The version of proofmark that wrote it.
    proofmark: &'static str,
    /// The metric of the report that noise and margin are from.
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
    /// The test that is simulated.
    design: DesignDocument,
    /// The loss that is accepted.
    margin: f64,
    /// The error probability that each verdict accepts, one-sided.
    alpha: f64,
    /// How often something must be seen to count as seen.
    power: f64,
    /// Trials of each scenario.
    trials: u64,
    /// The seed of the simulation.
    seed: u64,
    /// True losses, from none to the harmful one, and what the gate says of them.
    scenarios: Vec<ScenarioDocument>,
    /// The smallest change that is told from none with this power; also the smallest margin that no change keeps with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mde: Option<f64>,
    /// The smallest true loss that fails with this power.
    #[serde(skip_serializing_if = "Option::is_none")]
    fails_from: Option<f64>,
    /// Rows or runs with which no change passes with this power; absent for a margin of 0, where no number suffices.
    #[serde(skip_serializing_if = "Option::is_none")]
    n_required: Option<u64>,
    /// What to do, in words.
    advice: String,
    /// What else is to be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// The test that is simulated.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct DesignDocument {
    /// The procedure that judges.
    procedure: &'static str,
    /// What is counted: `rows` or `runs`.
    unit: &'static str,
    /// How many there are, on each side.
    n: u64,
    /// The share of rows on which exactly one side is right.
    #[serde(skip_serializing_if = "Option::is_none")]
    discordant: Option<f64>,
    /// The standard deviation of a run, or of a difference where both sides have the same rows or seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    sd: Option<f64>,
}

/// A true loss and how often each verdict comes out, with the standard error for the number of trials.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct ScenarioDocument {
    /// The true loss; 0 is no change.
    loss: f64,
    /// The share of trials that pass.
    pass: f64,
    /// Its standard error.
    pass_error: f64,
    /// The share of trials that cannot tell.
    inconclusive: f64,
    /// Its standard error.
    inconclusive_error: f64,
    /// The share of trials that fail.
    fail: f64,
    /// Its standard error.
    fail_error: f64,
}

impl PlanDocument {
    pub(super) fn new(asked: &Asked, outlook: &Outlook, how: &Trials, power: f64) -> Self {
        let mut document = Self {
            schema: SCHEMA,
            kind: "plan",
            proofmark: env!("CARGO_PKG_VERSION"),
            metric: asked.metric.clone(),
            design: DesignDocument::new(&asked.design, asked.of_runs),
            margin: how.margin,
            alpha: how.alpha,
            power,
            trials: how.trials,
            seed: how.seed,
            scenarios: outlook.scenarios.iter().map(ScenarioDocument::new).collect(),
            mde: outlook.mde,
            fails_from: outlook.fails_from,
            n_required: outlook.n_required,
            advice: String::new(),
            notes: asked.notes.clone(),
        };
        document.advice = document.advised();
        document
    }

    /// For people.
    pub(super) fn table(&self) -> String {
        let Self { design, power, trials, seed, .. } = self;
        let unit = design.unit;
        let mut text = self.metric.as_ref().map_or_else(String::new, |metric| format!("{}\n", terminal(metric)));
        text += &format!("{}; margin {}, alpha {}\n\n", design.told(), short(self.margin), short(self.alpha));
        text += &format!("{:<32}{:>16}{:>16}{:>16}\n", "True change", "pass", "inconclusive", "fail");
        for scenario in &self.scenarios {
            let cells = [
                cell(scenario.pass, scenario.pass_error),
                cell(scenario.inconclusive, scenario.inconclusive_error),
                cell(scenario.fail, scenario.fail_error),
            ];
            let [pass, inconclusive, fail] = cells;
            text += &format!("{:<32}{pass:>16}{inconclusive:>16}{fail:>16}\n", self.told(scenario));
        }
        text += &format!("{trials} trials a line, seed {seed}; ± is the standard error of the simulation.\n\n");
        let often = share(*power);
        text += &match self.mde {
            Some(mde) => format!("A change of {} or more is told from none {often} of the time.\n", short(mde)),
            None => String::new(),
        };
        text += &match self.fails_from {
            Some(loss) => format!("A loss of {} or more fails {often} of the time.\n", short(loss)),
            None => String::new(),
        };
        text += &match self.n_required {
            Some(number) => format!("For no change to pass {often} of the time with this margin, it takes {number} {unit}.\n"),
            None => format!("With a margin of 0, no number of {unit} lets no change pass {often} of the time.\n"),
        };
        for note in &self.notes {
            text += &format!("Note: {}.\n", terminal(note));
        }
        text + &format!("\n{}\n", self.advice)
    }

    fn told(&self, scenario: &ScenarioDocument) -> String {
        let loss = short(scenario.loss);
        let is_last = self.scenarios.last() == Some(scenario);
        match scenario.loss {
            0.0 => "none".to_owned(),
            _ if scenario.loss == self.margin => format!("loses {loss} (the margin)"),
            _ if is_last => format!("loses {loss} (harmful)"),
            _ => format!("loses {loss} (half the margin)"),
        }
    }

    fn advised(&self) -> String {
        let (Some(none), Some(harmful)) = (self.scenarios.first(), self.scenarios.last()) else { return String::new() };
        let DesignDocument { unit, n, .. } = self.design;
        let margin = short(self.margin);
        let kept = self.mde.map_or_else(String::new, |mde| format!(", or accept a loss of {}", short(mde)));
        let passes = share(none.pass);
        match self.n_required {
            None => {
                let enough = self.mde.map_or_else(String::new, |mde| format!("; {} is what these {n} {unit} can carry", short(mde)));
                format!("State a loss that you accept: without one, a harmless change passes {passes} of the time{enough}.")
            }
            Some(_) if none.pass >= self.power => format!(
                "These {n} {unit} carry a margin of {margin}: {passes} of harmless changes pass, and {} of those that lose {} do.",
                if harmful.pass > 0.0 { share(harmful.pass) } else { "none".to_owned() },
                short(harmful.loss)
            ),
            Some(needed) if needed > n => {
                format!(
                    "These {n} {unit} are too few for a margin of {margin}: only {passes} of harmless changes pass. Take {needed} {unit}{kept}."
                )
            }
            Some(_) => format!(
                "These {n} {unit} are just too few for a margin of {margin}: {passes} of harmless changes pass. Take some more{kept}."
            ),
        }
    }
}

impl DesignDocument {
    fn new(design: &Design, of_runs: bool) -> Self {
        let unit = if of_runs { "runs" } else { "rows" };
        let n = design.size();
        match *design {
            Design::Rows { discordant, .. } => {
                Self { procedure: "paired_proportion_noninferiority", unit, n, discordant: Some(discordant), sd: None }
            }
            Design::Pairs { sd, .. } => Self { procedure: "paired_t_noninferiority", unit, n, discordant: None, sd: Some(sd) },
            Design::Runs { sd, .. } => Self { procedure: "welch_noninferiority", unit, n, discordant: None, sd: Some(sd) },
        }
    }

    fn told(&self) -> String {
        let Self { procedure, unit, n, .. } = self;
        match (self.discordant, self.sd) {
            (Some(discordant), _) => format!("{n} {unit}, {} of them answered differently", share(discordant)),
            (None, Some(sd)) if *procedure == "welch_noninferiority" => {
                format!("{n} {unit} on each side, standard deviation {}", short(sd))
            }
            (None, sd) => format!("{n} {unit} on both sides, standard deviation of a difference {}", short(sd.unwrap_or_default())),
        }
    }
}

impl ScenarioDocument {
    fn new(scenario: &Scenario) -> Self {
        let Scenario { loss, outcomes } = scenario;
        Self {
            loss: *loss,
            pass: outcomes.share(Verdict::Pass),
            pass_error: outcomes.error(Verdict::Pass),
            inconclusive: outcomes.share(Verdict::Inconclusive),
            inconclusive_error: outcomes.error(Verdict::Inconclusive),
            fail: outcomes.share(Verdict::Fail),
            fail_error: outcomes.error(Verdict::Fail),
        }
    }
}

fn cell(share: f64, error: f64) -> String {
    format!("{:.2} ± {:.2} %", 100.0 * share, 100.0 * error)
}

fn share(share: f64) -> String {
    format!("{} %", significant(100.0 * share, 3))
}

fn short(number: f64) -> String {
    significant(number, 3)
}
