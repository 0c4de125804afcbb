//! The environment of a build of Jenkins: whatever it holds, no address or name comes out that is none.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_jenkins::host::{Remote, read};

const NAMES: [&str; 18] = [
    "JENKINS_URL",
    "JOB_NAME",
    "BUILD_NUMBER",
    "BUILD_URL",
    "BRANCH_NAME",
    "BRANCH_IS_PRIMARY",
    "CHANGE_ID",
    "CHANGE_TARGET",
    "CHANGE_BRANCH",
    "CHANGE_URL",
    "TAG_NAME",
    "GIT_URL",
    "GIT_COMMIT",
    "GIT_BRANCH",
    "GIT_PREVIOUS_COMMIT",
    "ghprbPullId",
    "ghprbPullLink",
    "ghprbGhRepository",
];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let values: Vec<&str> = text.split('\n').collect();
    let var = |name: &str| {
        let at = NAMES.iter().position(|known| *known == name)?;
        values.get(at).map(|value| (*value).to_owned())
    };
    let Some(host) = read(&var) else { return };
    for sha in [&host.commit, &host.previous, &host.run.head.commit].into_iter().flatten() {
        assert!(matches!(sha.len(), 40 | 64) && sha.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
    let server = |url: &str| url.split('/').nth(2).unwrap_or_default().to_owned();
    assert!(host.run.run_url.is_none_or(|url| url.starts_with("http") && !server(&url).contains('@') && !url.contains(' ')));
    if let Some(remote) = host.remote {
        assert!(remote.api_url().starts_with("https://") && !remote.api_url().contains(['@', '#', '?', ' ', '\\']));
        let again = Remote::parse(&format!("https://{}/{}", remote.server, remote.repository));
        assert_eq!(again.as_ref(), Some(&remote));
    }
});
