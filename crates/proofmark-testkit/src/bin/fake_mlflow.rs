//! The fake MLflow for clients in other languages: `fake_mlflow [2|3]` prints its address and serves until its standard input
//! ends. The world is empty; clients fill it through the API.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::{env, io};

use proofmark_testkit::mlflow::{FakeMlflow, Version};

fn main() -> ExitCode {
    let version = if env::args().nth(1).as_deref() == Some("2") { Version::Old } else { Version::New };
    let mlflow = FakeMlflow::of_version(version);
    let mut out = io::stdout();
    let told = writeln!(out, "{}", mlflow.url()).and_then(|()| out.flush());
    // Whoever started it need not stop it: the pipe ends with them.
    match told.and_then(|()| io::stdin().read_to_end(&mut Vec::new())) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
