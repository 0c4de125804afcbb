//! The fake ModelDB for clients in other languages: `fake_modeldb [--proxy] [--plain-numbers] [--drops-underscores] [--key EMAIL KEY] [--fault JSON]...`
//! prints its address and serves until its standard input ends. The world is empty; clients fill it through the API.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::{env, io};

use proofmark_testkit::modeldb::{FakeModelDb, Fault, Form};

fn main() -> ExitCode {
    match serve(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &[String]) -> Result<(), String> {
    let form = if arguments.iter().any(|argument| argument == "--proxy") { Form::Proxy } else { Form::FrontEnd };
    let modeldb = FakeModelDb::of_form(form);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut next = || rest.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--proxy" => {}
            "--plain-numbers" => modeldb.world().plain_numbers = true,
            "--drops-underscores" => modeldb.world().drops_underscores = true,
            "--key" => modeldb.require_key(next()?, next()?),
            "--fault" => {
                let fault: Fault = serde_json::from_str(next()?).map_err(|error| format!("the fault cannot be read: {error}"))?;
                modeldb.fail(fault);
            }
            other => return Err(format!("`{other}` is not known")),
        }
    }
    let mut out = io::stdout();
    writeln!(out, "{}", modeldb.url()).and_then(|()| out.flush()).map_err(|error| error.to_string())?;
    // Whoever started it need not stop it: the pipe ends with them.
    io::stdin().read_to_end(&mut Vec::new()).map(|_| ()).map_err(|error| error.to_string())
}
