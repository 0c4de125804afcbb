//! The fake Kubeflow for clients in other languages: `fake_kubeflow [SETTING...]` prints its address and serves until its
//! standard input ends. Settings are `v1`, `mlmd` or `artifacts` for the version, `multi-user`, `login-page`, `guard-healthz`,
//! `real-time`, `registry-v1` (also below `/v1`), `token=TEXT`, `cookie=NAME=VALUE` and `member=USER:NAMESPACE`. The world is empty; clients fill it through the
//! API and through these addresses:
//!
//! - `POST /_test/settings` with any of `version`, `multi_user`, `members`, `tokens`, `cookies`, `login_page`, `guards_health`,
//!   `real_time`, `script`, `scripts`, as [`proofmark_testkit::kubeflow::World`] has them;
//! - `POST /_test/experiments` with `{"name", "namespace"}`, `POST /_test/pipelines` with `{"name", "spec"}`;
//! - `POST /_test/runs` with `{"experiment", "run", "copies"}`, where `run` is a [`proofmark_testkit::kubeflow::RunSpec`];
//! - `POST /_test/services` with `{"namespace", "object", "mode", "plans"}`;
//! - `POST /_test/fault` with a fault as `fake_github` takes it, `DELETE /_test/fault` to end all of them;
//! - `GET /_test/requests` for what was asked, `GET /_test/runs` for the runs without a poll.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::{env, io};

use proofmark_testkit::kubeflow::{Base, FakeKubeflow, Version, World};

fn main() -> ExitCode {
    let kubeflow = FakeKubeflow::start();
    let mut out = io::stdout();
    for setting in env::args().skip(1) {
        if !apply(&mut kubeflow.world(), &setting) {
            let _ = writeln!(io::stderr(), "fake_kubeflow: there is no setting `{setting}`");
            return ExitCode::FAILURE;
        }
    }
    let told = writeln!(out, "{}", kubeflow.url()).and_then(|()| out.flush());
    // Whoever started it need not stop it: the pipe ends with them.
    match told.and_then(|()| io::stdin().read_to_end(&mut Vec::new())) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Whether there is such a setting.
fn apply(world: &mut World, setting: &str) -> bool {
    match setting.split_once('=').unwrap_or((setting, "")) {
        ("v1", "") => world.version = Version::V1,
        ("mlmd", "") => world.version = Version::Mlmd,
        ("artifacts", "") => world.version = Version::Artifacts,
        ("multi-user", "") => world.multi_user = true,
        ("login-page", "") => world.auth.login_page = true,
        ("guard-healthz", "") => world.auth.guards_health = true,
        ("real-time", "") => world.real_time = true,
        ("registry-v1", "") => world.registry.base = Base::Both,
        ("token", token) if !token.is_empty() => world.auth.token(token),
        ("cookie", cookie) if !cookie.is_empty() => world.auth.cookie(cookie),
        ("member", member) if member.contains(':') => {
            let (user, namespace) = member.split_once(':').unwrap_or_default();
            world.members.entry(user.to_owned()).or_default().push(namespace.to_owned());
        }
        _ => return false,
    }
    true
}
