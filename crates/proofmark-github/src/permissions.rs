//! What to do about a refusal, for somebody who wants to get on with other work.

mod starting;

use proofmark_http::HttpError;

use crate::error::{GitHubError, Permission};

/// What every run of proofmark reads.
const ALWAYS: (&str, &str) = ("contents", "read");

/// Whether a check run was refused because the token is a person's: a commit status does the same for it.
pub fn needs_app(error: &GitHubError) -> bool {
    matches!(error, GitHubError::Refused { status: 403, message, .. } if message.contains("authenticate via a GitHub App"))
}

/// What to change so that it works; `None` where GitHub's own words are all there is to say.
pub fn advice(error: &GitHubError) -> Option<String> {
    let (what, status, message, needs) = match error {
        GitHubError::Refused { what, status, message, needs } => (what, status, message, needs),
        GitHubError::Http { source: HttpError::NotReached { .. }, .. } => return Some(UNREACHED.to_owned()),
        GitHubError::Http { source: HttpError::Limited { .. }, .. } => return Some(TOO_MANY.to_owned()),
        GitHubError::Moved { .. } => return Some(MOVED.to_owned()),
        // That one says itself what to do.
        GitHubError::Unknown { .. } => return None,
        GitHubError::Http { .. } | GitHubError::Shape { .. } | GitHubError::Input(_) => return None,
    };
    let words = message.to_ascii_lowercase();
    match status {
        202 | 409 | 422 => starting::advice(what, *status, message),
        401 => Some(BAD_TOKEN.to_owned()),
        403 if needs_app(error) => Some(NO_APP.to_owned()),
        403 | 429 if words.contains("rate limit") => Some(TOO_MANY.to_owned()),
        403 if words.contains("saml") || words.contains("sso") => Some(SINGLE_SIGN_ON.to_owned()),
        403 => {
            let need = smallest(needs).or_else(|| usual(what))?;
            let personal = words.contains("personal access token");
            Some(match personal {
                true => for_person(&need),
                // `permissions:` has no such line, since no workflow lacks it.
                false if need.iter().all(|need| need.name == "metadata") => METADATA.to_owned(),
                false => format!("{}{FORK}", for_workflow(&need)),
            })
        }
        404 => {
            let known = starting::not_found(what).unwrap_or(NOT_FOUND);
            Some(match smallest(needs).or_else(|| usual(what)).filter(|_| writes(what)) {
                Some(need) => format!("{known}\n\n{}", for_workflow(&need)),
                None => known.to_owned(),
            })
        }
        _ => None,
    }
}

const UNREACHED: &str = "Is the address right (`GITHUB_API_URL`, `GITHUB_GRAPHQL_URL`)? Does the network want a proxy \
(`HTTPS_PROXY`), or does it have a certificate of its own (`SSL_CERT_FILE`)?";

const MOVED: &str = "The token and the report go to no other server than the API's. Has the server moved? Then give its new address \
(`GITHUB_API_URL`, `GITHUB_GRAPHQL_URL`). A page to sign in at means that something stands between here and GitHub.";

const BAD_TOKEN: &str = "GitHub does not know this token: it has expired, was revoked, or was not passed whole. In a workflow pass \
`${{ github.token }}`, which is made anew for each job; a personal token has to be made again and stored as a secret.";

const NO_APP: &str = "Only apps may write check runs, and a personal token is none. Use the workflow's own token, \
`${{ github.token }}`, or let proofmark set a commit status instead of a check run.";

const TOO_MANY: &str = "The token has made too many requests. Wait and run the job again; the time when it may go on is shown by \
`proofmark doctor`.";

const SINGLE_SIGN_ON: &str = "The organisation wants the token to be allowed for its single sign-on: open the token's settings at \
GitHub, \"Configure SSO\", and allow it for the organisation.";

const NOT_FOUND: &str = "\"Not found\" is also what a token gets that may not see it. Check the name, and whether the token belongs to \
this repository.";

const METADATA: &str = "The token may not even see what everybody in the repository sees. In a workflow use `${{ github.token }}`, \
which may; an app has to be installed in this repository, with \"Metadata: read\".";

const FORK: &str = "\n\nIf these lines are there already, the run is for a pull request from a fork (or of Dependabot), where the token \
only reads, whatever the workflow asks for. Then let this workflow upload its report and a second one, on `workflow_run`, post it with \
`proofmark report --from-artifact`; the README has both.";

/// The block to paste.
fn for_workflow(need: &[Permission]) -> String {
    let others = need.iter().map(|need| (need.name.as_str(), need.level.as_str())).filter(|(name, _)| *name != ALWAYS.0);
    let own = need.iter().find(|need| need.name == ALWAYS.0).map_or(ALWAYS.1, |need| &need.level);
    let lines = std::iter::once((ALWAYS.0, own)).chain(others).map(|(name, level)| format!("  {name}: {level}\n"));
    format!(
        "Give the job these permissions, and keep the lines that it has: what is not named is not given.\n\npermissions:\n{}",
        lines.collect::<String>()
    )
}

/// Personal tokens are changed at GitHub and not in the workflow.
fn for_person(need: &[Permission]) -> String {
    let lines = need.iter().map(|need| {
        let level = if need.level == "read" { "read" } else { "read and write" };
        format!("  {}: {level}\n", need.name.replace('-', " "))
    });
    let lines: String = lines.collect();
    format!("Open the token's settings at GitHub and give it, under \"Repository permissions\":\n\n{lines}")
}

/// The row that gives away least. Of equals, pull requests before issues: who may write issues may write all of them.
fn smallest(rows: &[Vec<Permission>]) -> Option<Vec<Permission>> {
    let weight = |row: &&Vec<Permission>| {
        let writes = row.iter().filter(|need| need.level != "read").count();
        let issues = row.iter().any(|need| need.name == "issues");
        (row.len(), writes, issues)
    };
    rows.iter().filter(|row| !row.is_empty()).min_by_key(weight).cloned()
}

/// What the request takes by GitHub's documentation, where GitHub does not tell: parts of addresses, the first that fits.
const USUAL: [(&str, &str); 13] = [
    ("/deployments", "deployments"),
    ("/collaborators/", "metadata"),
    ("/check-runs", "checks"),
    ("/statuses/", "statuses"),
    ("/issues/", "pull-requests"),
    ("/pulls", "pull-requests"),
    ("/actions/", "actions"),
    ("/dispatches", "contents"),
    ("/contents/", "contents"),
    ("/git/", "contents"),
    ("/compare/", "contents"),
    ("/commits/", "contents"),
    ("graphql", "pull-requests"),
];

fn usual(what: &str) -> Option<Vec<Permission>> {
    let (_, name) = USUAL.iter().find(|(part, _)| what.contains(part))?;
    let level = if writes(what) { "write" } else { "read" };
    Some(vec![Permission { name: (*name).to_owned(), level: level.to_owned() }])
}

/// GraphQL is asked by `POST` whatever it is about; only changes are refused.
fn writes(what: &str) -> bool {
    !what.starts_with("GET ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(what: &str, status: u16, message: &str, needs: &[&[(&str, &str)]]) -> GitHubError {
        let permission = |(name, level): &(&str, &str)| Permission { name: (*name).to_owned(), level: (*level).to_owned() };
        let needs = needs.iter().map(|row| row.iter().map(permission).collect()).collect();
        GitHubError::Refused { what: what.to_owned(), status, message: message.to_owned(), needs }
    }

    fn told(what: &str, status: u16, message: &str, needs: &[&[(&str, &str)]]) -> String {
        advice(&refused(what, status, message, needs)).expect("advice")
    }

    const COMMENT: &str = "POST /repos/o/r/issues/7/comments";
    const INTEGRATION: &str = "Resource not accessible by integration";

    #[test]
    fn the_block_asks_for_the_least() {
        let block = "permissions:\n  contents: read\n  pull-requests: write\n";
        let told_by_github = told(COMMENT, 403, INTEGRATION, &[&[("issues", "write")], &[("pull-requests", "write")]]);
        assert!(told_by_github.contains(block), "{told_by_github}");
        assert!(told_by_github.contains("from a fork"));
        assert!(told(COMMENT, 403, INTEGRATION, &[]).contains(block));
        let two: &[&[(&str, &str)]] =
            &[&[("checks", "write"), ("contents", "write")], &[("checks", "write"), ("contents", "read"), ("x", "read")]];
        assert!(told("POST /x", 403, INTEGRATION, two).contains("permissions:\n  contents: write\n  checks: write\n"));
    }

    #[test]
    fn each_address_has_its_usual_permission() {
        for (what, line) in [
            ("POST /repos/o/r/check-runs", "checks: write"),
            ("GET /repos/o/r/commits/abc/check-runs", "checks: read"),
            ("POST /repos/o/r/statuses/abc", "statuses: write"),
            ("GET /repos/o/r/actions/runs/1/artifacts", "actions: read"),
            ("GET /repos/o/r/git/trees/abc", "contents: read"),
            ("POST /repos/o/r/pulls/1/requested_reviewers", "pull-requests: write"),
            ("POST graphql", "pull-requests: write"),
            ("POST /repos/o/r/actions/workflows/train.yml/dispatches", "  actions: write"),
            ("POST /repos/o/r/actions/runs/7/cancel", "  actions: write"),
            ("GET /repos/o/r/actions/workflows/train.yml/runs", "  actions: read"),
            ("POST /repos/o/r/dispatches", "  contents: write"),
            ("POST /repos/o/r/deployments", "  deployments: write"),
            ("GET /repos/o/r/deployments/7/statuses", "  deployments: read"),
            ("GET /repos/o/r/collaborators/ada/permission", "\"Metadata: read\""),
        ] {
            assert!(told(what, 403, INTEGRATION, &[]).contains(line), "{what}");
        }
    }

    #[test]
    fn people_are_sent_to_their_tokens() {
        let text = told(COMMENT, 403, "Resource not accessible by personal access token", &[&[("pull-requests", "write")]]);
        assert!(text.contains("  pull requests: read and write\n") && !text.contains("permissions:\n  contents"), "{text}");
        assert!(told(COMMENT, 401, "Bad credentials", &[]).contains("github.token"));
        let no_app = refused("POST /repos/o/r/check-runs", 403, "You must authenticate via a GitHub App.", &[]);
        assert!(needs_app(&no_app) && advice(&no_app).is_some_and(|text| text.contains("commit status")));
        assert!(!needs_app(&refused(COMMENT, 403, INTEGRATION, &[])));
    }

    #[test]
    fn not_found_may_mean_not_allowed() {
        let text = told(COMMENT, 404, "Not Found", &[]);
        assert!(text.contains("may not see it") && text.contains("pull-requests: write"), "{text}");
        assert!(!told("GET /repos/o/r", 404, "Not Found", &[]).contains("permissions:"));
        assert!(told(COMMENT, 403, "API rate limit exceeded for installation", &[]).contains("too many"));
        assert_eq!(advice(&refused(COMMENT, 422, "Validation Failed", &[])), None);
        assert_eq!(advice(&GitHubError::Input("x".to_owned())), None);
    }

    #[test]
    fn the_network_has_its_own_advice() {
        let failed = |source| advice(&GitHubError::Http { what: COMMENT.to_owned(), source });
        let detail = || "x".to_owned();
        assert!(failed(HttpError::NotReached { detail: detail() }).is_some_and(|text| text.contains("HTTPS_PROXY")));
        assert!(failed(HttpError::Limited { wait: std::time::Duration::from_secs(9) }).is_some_and(|text| text.contains("Wait")));
        assert_eq!(failed(HttpError::Lost { detail: detail() }), None);
        let moved = GitHubError::Moved { what: COMMENT.to_owned(), status: 301, to: "https://b".to_owned(), why: "x" };
        assert!(advice(&moved).is_some_and(|text| text.contains("GITHUB_API_URL")));
    }
}
