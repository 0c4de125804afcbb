//! Hiding comments.

use serde_json::{Value, json};

use super::*;

const HIDE: &str = "mutation($input: MinimizeCommentInput!) { minimizeComment(input: $input) { minimizedComment { isMinimized } } }";

#[test]
fn a_hidden_comment_is_kept_and_shown_again() {
    let (github, client) = start();
    let id = github.state().comment(REPO, 7, "github-actions[bot]", "old");
    let node = client.get(&format!("/repos/acme/widgets/issues/comments/{id}")).expect(200)["node_id"].clone();
    let ask =
        |query: &str, variables: Value| client.send_json("POST", "/graphql", json!({"query": query, "variables": variables})).expect(200);
    let hidden = ask(HIDE, json!({"input": {"subjectId": node, "classifier": "OUTDATED"}}));
    assert_eq!(hidden, json!({"data": {"minimizeComment": {"minimizedComment": {"isMinimized": true}}}}));
    assert_eq!(github.state().comments(REPO, 7)[0].minimized.as_deref(), Some("outdated"));
    let read = ask("query($id: ID!) { node(id: $id) { ... on IssueComment { isMinimized minimizedReason } } }", json!({"id": node}));
    assert_eq!(read["data"]["node"], json!({"isMinimized": true, "minimizedReason": "outdated"}));
    let many = ask("query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { isMinimized } } }", json!({"ids": [node, "nobody"]}));
    assert_eq!(many["data"]["nodes"], json!([{"isMinimized": true}, null]));
    let show = "mutation($id: ID!) { unminimizeComment(input: {subjectId: $id}) { unminimizedComment { isMinimized } } }";
    ask(show, json!({"id": node}));
    assert_eq!(github.state().comments(REPO, 7)[0].minimized, None);
}

#[test]
fn errors_come_with_status_200() {
    let (github, client) = start();
    let ask = |client: &Client, query: &str, variables: Value| {
        client.send_json("POST", "/graphql", json!({"query": query, "variables": variables})).expect(200)
    };
    let unknown = ask(&client, HIDE, json!({"input": {"subjectId": "nobody", "classifier": "OUTDATED"}}));
    assert_eq!(unknown["errors"][0]["type"], "NOT_FOUND");
    let node = {
        let mut state = github.state();
        let id = state.comment(REPO, 7, "ada", "x");
        state.repo(REPO).comments[&id].node_id()
    };
    let input = |classifier: &str| json!({"input": {"subjectId": node, "classifier": classifier}});
    assert!(ask(&client, HIDE, input("outdated"))["errors"].is_array(), "classifiers are in capitals");
    let fork = Client::new(&github.url(), "fork");
    assert_eq!(ask(&fork, HIDE, input("OUTDATED"))["errors"][0]["type"], "FORBIDDEN");
    assert!(ask(&client, "query { rockets }", json!({}))["errors"].is_array());
    assert!(ask(&client, "query { viewer { login }", json!({}))["errors"].is_array());
    assert_eq!(ask(&client, "{ viewer { login } }", json!({}))["data"]["viewer"]["login"], "github-actions[bot]");
    Client::new(&github.url(), "").send_json("POST", "/graphql", json!({"query": "{ viewer { login } }"})).expect(401);
    assert!(github.state().comments(REPO, 7)[0].minimized.is_none());
}
