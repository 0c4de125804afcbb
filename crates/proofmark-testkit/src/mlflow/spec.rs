//! What a test says about a run or a logged model; everything else is made up.

/// A run to be. `RunSpec { name: "one", metrics: &[("auc", 0.9)], ..RunSpec::default() }`.
#[derive(Debug, Clone, Copy)]
pub struct RunSpec<'a> {
    /// Its id; made up when empty.
    pub id: &'a str,
    /// Its name, which becomes the tag `mlflow.runName` as well.
    pub name: &'a str,
    /// The tag `mlflow.source.git.branch`; none when empty, as on a detached head.
    pub branch: &'a str,
    /// The tag `mlflow.source.git.commit`; none when empty.
    pub commit: &'a str,
    /// `FINISHED`, `RUNNING`, ...
    pub status: &'a str,
    /// When it began, in milliseconds since 1970; a minute after the newest run when 0.
    pub started: i64,
    /// When it ended; five minutes after its begin when 0, and never when it runs.
    pub ended: i64,
    /// Metrics of one point each: step 0, a second after the begin.
    pub metrics: &'a [(&'a str, f64)],
    /// Points of metrics as they were logged: name, value, step, milliseconds after the begin. They come before `metrics`.
    pub points: &'a [(&'a str, f64, i64, i64)],
    /// Parameters.
    pub params: &'a [(&'a str, &'a str)],
    /// Tags, after those of commit and branch.
    pub tags: &'a [(&'a str, &'a str)],
    /// The id of the run that it is nested in; none when empty.
    pub parent: &'a str,
    /// Datasets: name, digest, context.
    pub datasets: &'a [(&'a str, &'a str, &'a str)],
    /// Names of models that it logged, each with the run's metrics. MLflow 2 puts a folder into the artifacts instead.
    pub models: &'a [&'a str],
    /// Files by their path from the root of its artifacts.
    pub artifacts: &'a [(&'a str, &'a [u8])],
    /// Whether it was deleted.
    pub deleted: bool,
}

impl Default for RunSpec<'_> {
    fn default() -> Self {
        Self {
            id: "",
            name: "run",
            branch: "",
            commit: "",
            status: "FINISHED",
            started: 0,
            ended: 0,
            metrics: &[],
            points: &[],
            params: &[],
            tags: &[],
            parent: "",
            datasets: &[],
            models: &[],
            artifacts: &[],
            deleted: false,
        }
    }
}

/// A logged model to be, beyond what [`RunSpec::models`] can say.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModelSpec<'a> {
    /// Its id; made up when empty.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Metrics: name, value, and the dataset's name and digest or two empty texts.
    pub metrics: &'a [(&'a str, f64, &'a str, &'a str)],
    /// Parameters.
    pub params: &'a [(&'a str, &'a str)],
    /// Tags.
    pub tags: &'a [(&'a str, &'a str)],
    /// Files by their path.
    pub artifacts: &'a [(&'a str, &'a [u8])],
}
