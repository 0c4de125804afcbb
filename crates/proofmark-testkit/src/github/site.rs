//! The objects that many answers share: users, apps, repositories, with all their addresses.

use serde_json::{Map, Value, json};

use super::world::Repository;

/// The page addresses; nothing of them is served here.
pub(crate) const WEB: &str = "https://github.com";

/// Writes addresses below the base that the client used.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Such as `http://127.0.0.1:4000` or, on Enterprise Server, `http://127.0.0.1:4000/api/v3`.
    pub(crate) base: String,
}

impl Site {
    /// An address of the API.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A `simple-user`. The number is made from the login, so that it never changes.
    pub(crate) fn user(&self, login: &str) -> Value {
        let (id, url) = (user_id(login), self.api(&format!("/users/{}", super::http::encode(login))));
        let page = login.strip_suffix("[bot]").map_or_else(|| format!("{WEB}/{login}"), |slug| format!("{WEB}/apps/{slug}"));
        json!({
            "login": login,
            "id": id,
            "node_id": format!("U_kgDO{id}"),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "gravatar_id": "",
            "url": url,
            "html_url": page,
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": if login.ends_with("[bot]") { "Bot" } else { "User" },
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// A GitHub App.
    pub(crate) fn app(&self, slug: &str) -> Value {
        let id = app_id(slug);
        json!({
            "id": id,
            "slug": slug,
            "client_id": format!("Iv1.{id:016x}"),
            "node_id": format!("A_kwHO{id}"),
            "owner": self.user("github"),
            "name": if slug == "github-actions" { "GitHub Actions" } else { slug },
            "description": "",
            "external_url": "https://help.github.com/en/actions",
            "html_url": format!("{WEB}/apps/{slug}"),
            "created_at": "2018-07-30T09:30:17Z",
            "updated_at": "2024-04-10T20:33:16Z",
            "permissions": {"checks": "write", "contents": "write", "issues": "write", "metadata": "read"},
            "events": ["check_run", "pull_request"],
        })
    }

    /// A `minimal-repository`: what stands in runs, statuses and so on.
    pub(crate) fn minimal_repository(&self, name: &str, repository: &Repository) -> Value {
        let url = self.api(&format!("/repos/{name}"));
        let (owner, short) = name.split_once('/').unwrap_or((name, name));
        let mut fields = Map::new();
        for (field, path) in ADDRESSES {
            fields.insert(format!("{field}_url"), json!(format!("{url}{path}")));
        }
        let own = json!({
            "id": repository.id,
            "node_id": format!("R_kgDO{}", repository.id),
            "name": short,
            "full_name": name,
            "owner": self.user(owner),
            "private": repository.private,
            "visibility": if repository.private { "private" } else { "public" },
            "html_url": format!("{WEB}/{name}"),
            "description": null,
            "fork": repository.fork,
            "url": url,
        });
        if let Value::Object(own) = own {
            fields.extend(own);
        }
        Value::Object(fields)
    }

    /// A whole `repository`.
    pub(crate) fn repository(&self, name: &str, repository: &Repository) -> Value {
        let mut value = self.minimal_repository(name, repository);
        let open = repository.issues.values().filter(|issue| issue.state == "open").count();
        let more = json!({
            "git_url": format!("git://github.com/{name}.git"),
            "ssh_url": format!("git@github.com:{name}.git"),
            "clone_url": format!("{WEB}/{name}.git"),
            "svn_url": format!("{WEB}/{name}"),
            "mirror_url": null,
            "homepage": null,
            "language": null,
            "license": null,
            "topics": [],
            "default_branch": repository.default_branch,
            "size": 1,
            "forks": 0,
            "forks_count": 0,
            "stargazers_count": 0,
            "watchers": 0,
            "watchers_count": 0,
            "open_issues": open,
            "open_issues_count": open,
            "has_issues": true,
            "has_projects": true,
            "has_wiki": true,
            "has_pages": false,
            "has_downloads": true,
            "has_discussions": false,
            "archived": false,
            "disabled": false,
            "is_template": false,
            "allow_forking": true,
            "web_commit_signoff_required": false,
            "created_at": "2019-05-15T15:19:25Z",
            "updated_at": "2019-05-15T15:19:27Z",
            "pushed_at": repository.pushed_at,
        });
        if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
            fields.extend(more);
        }
        value
    }
}

/// Fields that end in `_url`, and what follows the address of the repository.
const ADDRESSES: [(&str, &str); 36] = [
    ("archive", "/{archive_format}{/ref}"),
    ("assignees", "/assignees{/user}"),
    ("blobs", "/git/blobs{/sha}"),
    ("branches", "/branches{/branch}"),
    ("collaborators", "/collaborators{/collaborator}"),
    ("comments", "/comments{/number}"),
    ("commits", "/commits{/sha}"),
    ("compare", "/compare/{base}...{head}"),
    ("contents", "/contents/{+path}"),
    ("contributors", "/contributors"),
    ("deployments", "/deployments"),
    ("downloads", "/downloads"),
    ("events", "/events"),
    ("forks", "/forks"),
    ("git_commits", "/git/commits{/sha}"),
    ("git_refs", "/git/refs{/sha}"),
    ("git_tags", "/git/tags{/sha}"),
    ("hooks", "/hooks"),
    ("issue_comment", "/issues/comments{/number}"),
    ("issue_events", "/issues/events{/number}"),
    ("issues", "/issues{/number}"),
    ("keys", "/keys{/key_id}"),
    ("labels", "/labels{/name}"),
    ("languages", "/languages"),
    ("merges", "/merges"),
    ("milestones", "/milestones{/number}"),
    ("notifications", "/notifications{?since,all,participating}"),
    ("pulls", "/pulls{/number}"),
    ("releases", "/releases{/id}"),
    ("stargazers", "/stargazers"),
    ("statuses", "/statuses/{sha}"),
    ("subscribers", "/subscribers"),
    ("subscription", "/subscription"),
    ("tags", "/tags"),
    ("teams", "/teams"),
    ("trees", "/git/trees{/sha}"),
];

/// A stable number of a login. That of the Actions bot is the real one.
pub(crate) fn user_id(login: &str) -> u64 {
    match login {
        "github-actions[bot]" => 41_898_282,
        "github" => 9_919,
        _ => 1_000_000 + fold(login) % 100_000_000,
    }
}

pub(crate) fn app_id(slug: &str) -> u64 {
    if slug == "github-actions" { 15_368 } else { 100_000 + fold(slug) % 900_000 }
}

fn fold(text: &str) -> u64 {
    text.bytes().fold(5381, |sum: u64, byte| sum.wrapping_mul(33).wrapping_add(u64::from(byte)))
}
