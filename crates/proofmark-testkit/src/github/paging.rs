//! Lists in pages, with the `Link` header as the service writes it.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;

/// One page of `items` as a bare list.
pub(crate) fn list(call: &Call<'_>, items: Vec<Value>) -> Answer {
    let (page, links) = cut(call, items);
    linked(Answer::ok(Value::Array(page)), links)
}

/// One page of `items` below `name`, beside their number.
pub(crate) fn counted(call: &Call<'_>, name: &str, items: Vec<Value>) -> Answer {
    shaped(call, name, items, |item| item)
}

/// The same of things that are shaped only where they are shown.
pub(crate) fn shaped<T>(call: &Call<'_>, name: &str, items: Vec<T>, shape: impl Fn(T) -> Value) -> Answer {
    let total = items.len();
    let (page, links) = cut(call, items);
    let page: Vec<Value> = page.into_iter().map(shape).collect();
    linked(Answer::ok(json!({"total_count": total, name: page})), links)
}

fn linked(answer: Answer, links: String) -> Answer {
    if links.is_empty() { answer } else { answer.header("Link", links) }
}

fn cut<T>(call: &Call<'_>, items: Vec<T>) -> (Vec<T>, String) {
    let number = |name: &str| call.request.parameter(name).and_then(|text| text.parse::<usize>().ok()).filter(|number| *number > 0);
    let size = number("per_page").unwrap_or(30).min(100);
    let page = number("page").unwrap_or(1);
    let last = items.len().div_ceil(size).max(1);
    let mut links = Vec::new();
    let mut link = |target: usize, relation: &str| links.push(format!("<{}>; rel=\"{relation}\"", address(call, target)));
    if page > 1 {
        link(page.min(last + 1) - 1, "prev");
    }
    if page < last {
        link(page + 1, "next");
        link(last, "last");
    }
    if page > 1 {
        link(1, "first");
    }
    (items.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect(), links.join(", "))
}

/// The service names the repository by number here, never by owner and name.
fn address(call: &Call<'_>, page: usize) -> String {
    let segments: Vec<&str> = call.request.path.split('/').skip_while(|segment| !matches!(*segment, "repos" | "repositories")).collect();
    let rest = match segments.as_slice() {
        ["repos", _, _, rest @ ..] | ["repositories", _, rest @ ..] => rest.join("/"),
        _ => String::new(),
    };
    let others = call.request.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let query = others.map(str::to_owned).chain([format!("page={page}")]).collect::<Vec<_>>().join("&");
    call.site.api(&format!("/repositories/{}/{rest}?{query}", call.repo().id))
}
