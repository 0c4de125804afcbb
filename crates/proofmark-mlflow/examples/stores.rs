//! How long a search takes: `stores PATH TAG VALUE [LIMIT]` prints the newest runs that have a tag, and the time.
#![expect(clippy::print_stdout, reason = "it is what an example is for")]

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proofmark_http::Budget;
use proofmark_mlflow::store::Query;
use proofmark_mlflow::{Access, Location, open};

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, tag, value, rest @ ..] = words.as_slice() else { return Err("stores PATH TAG VALUE [LIMIT]".into()) };
    let path = PathBuf::from(path);
    let location = if path.is_dir() { Location::Folder(path) } else { Location::Database(path) };
    let access = Access {
        credentials: None,
        insecure: false,
        authorities: None,
        identity: None,
        workspace: None,
        timeout: Duration::from_secs(1),
        budget: Budget::default(),
        proxies: Vec::new(),
        user_agent: String::new(),
        seed: 0,
    };
    let store = open(&location, &access)?;
    let experiment = store.experiment("bench")?.ok_or("there is no experiment `bench`")?;
    let limit = rest.first().map_or(Ok(1), |limit| limit.parse())?;
    let query = Query { experiments: vec![experiment.id], tags: vec![(tag.clone(), vec![value.clone()])], name: None, limit };
    let found = store.search(&query)?;
    for run in found.runs.iter().take(3) {
        println!("{} {} {:?}", run.id, run.name, run.metrics.iter().next());
    }
    println!("{} runs, {} skipped, {:.1} ms", found.runs.len(), found.skipped.len(), start.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
