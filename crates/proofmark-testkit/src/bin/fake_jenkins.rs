//! The fake Jenkins for clients in other languages: `fake_jenkins [SEED.json]` prints its address and serves until its standard input
//! ends.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::{env, fs, io};

use proofmark_testkit::jenkins::{FakeJenkins, Seed};

fn main() -> ExitCode {
    let seed = match env::args().nth(1).map(fs::read) {
        None => Ok(Seed::default()),
        Some(Ok(bytes)) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        Some(Err(error)) => Err(error.to_string()),
    };
    let mut out = io::stdout();
    let seed = match seed {
        Ok(seed) => seed,
        Err(error) => {
            let _ = writeln!(io::stderr(), "the seed cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let jenkins = FakeJenkins::of_seed(seed);
    let told = writeln!(out, "{}", jenkins.url()).and_then(|()| out.flush());
    // Whoever started it need not stop it: the pipe ends with them.
    match told.and_then(|()| io::stdin().read_to_end(&mut Vec::new())) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
