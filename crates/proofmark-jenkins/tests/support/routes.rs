//! What it answers.

use serde_json::{Value, json};

use super::http::{Answer, Request};
use super::{Build, Item, QUEUED, RUNS, World};

impl World {
    pub(super) fn handle(&mut self, request: &Request, context: &str) -> Answer {
        self.now += 1;
        self.seen.push(format!("{} /{}", request.method, request.path.join("/")));
        let answer = self.answer(request, context).with("X-Jenkins", "2.516.3").with("X-Jenkins-Session", self.session.to_string());
        match answer.headers.iter().any(|(name, _)| name == "X-Not-Jenkins") {
            true => Answer { headers: answer.headers.into_iter().filter(|(name, _)| !name.starts_with("X-Jenkins")).collect(), ..answer },
            false => answer,
        }
    }

    fn answer(&mut self, request: &Request, context: &str) -> Answer {
        let path = request.path.join("/");
        if let Some(at) = self.instead.iter().position(|(method, part, _)| *method == request.method && path.contains(part)) {
            return self.instead.remove(at).2;
        }
        if self.starting > 0 {
            self.starting -= 1;
            return Answer::new(503, "<html><title>Starting Jenkins</title>Please wait while Jenkins is getting ready to work ...</html>");
        }
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let path = if context.is_empty() {
            &path[..]
        } else {
            match path.split_first() {
                Some((first, rest)) if *first == context => rest,
                _ => return Answer::new(404, "<html>not Jenkins</html>").with("X-Not-Jenkins", "1"),
            }
        };
        let path = path.to_vec();
        if let Some((user, token)) = &self.user {
            let expected = format!("Basic {}", proofmark_testkit::base64::encode(format!("{user}:{token}").as_bytes()));
            if request.header("authorization") != Some(&expected) {
                return Answer::new(401, "<html><title>Error 401 Unauthorized</title></html>");
            }
        }
        if request.method == "POST" && self.crumbs && !self.has_crumb(request) {
            return Answer::new(403, "<html><body><h2>HTTP ERROR 403 No valid crumb was included in the request</h2></body></html>");
        }
        self.advance();
        match (request.method.as_str(), &path[..]) {
            ("GET", ["crumbIssuer", "api", "json"]) => {
                let body = json!({"_class": "x", "crumb": format!("c{}", self.session), "crumbRequestField": "Jenkins-Crumb"});
                Answer::new(200, body.to_string()).with("Set-Cookie", format!("JSESSIONID.1=s{}; Path=/; HttpOnly", self.session))
            }
            ("GET", ["queue", "api", "json"]) => {
                let waiting = self.items.iter().filter(|(_, item)| item.build.is_none() && !item.cancelled);
                let items: Vec<Value> = waiting.map(|(id, item)| self.item(*id, item)).collect();
                found(&json!({"items": items}))
            }
            ("GET", ["queue", "item", id, "api", "json"]) => {
                let item = id.parse().ok().and_then(|id| Some((id, self.items.get(&id)?)));
                item.map_or_else(missing, |(id, item)| found(&self.item(id, item)))
            }
            ("POST", ["queue", "cancelItem"]) => self.cancel(request),
            (_, ["job", ..]) => self.below_job(request, &path),
            ("GET", ["api", "json"]) => {
                let names: Vec<Value> = self.jobs.keys().filter(|name| !name.contains('/')).map(|name| json!({"name": name})).collect();
                found(&json!({"jobs": names}))
            }
            _ => missing(),
        }
    }

    fn has_crumb(&self, request: &Request) -> bool {
        let (crumb, cookie) = (format!("c{}", self.session), format!("JSESSIONID.1=s{}", self.session));
        request.header("jenkins-crumb") == Some(&crumb) && request.header("cookie") == Some(&cookie)
    }

    /// Items whose time has come become builds.
    fn advance(&mut self) {
        let now = self.now;
        let mut gone = Vec::new();
        for (id, item) in self.items.iter_mut().filter(|(_, item)| item.build.is_none() && !item.cancelled && item.until <= now) {
            let job = self.jobs.get_mut(&item.job).expect("the job");
            let number = job.builds.len() as u64 + 1;
            let (parameters, user) = (item.parameters.clone(), item.user.clone());
            job.builds.push(Build { number, item: *id, parameters, user, began: now, aborted: false });
            item.build = Some(number);
            gone.push(*id);
        }
        if self.forgetful {
            gone.iter().for_each(|id| drop(self.items.remove(id)));
        }
    }

    fn item(&self, id: u64, item: &Item) -> Value {
        let kind = match (item.build, item.cancelled) {
            (None, false) => "hudson.model.Queue$WaitingItem",
            _ => "hudson.model.Queue$LeftItem",
        };
        let executable = item.build.map(|number| json!({"number": number, "url": format!("{}/{number}/", self.told_url(&item.job))}));
        let why = format!("In the quiet period. Expires in {} sec", item.until.saturating_sub(self.now));
        json!({"_class": kind, "id": id, "task": {"name": item.job, "url": format!("{}/", self.told_url(&item.job))}, "stuck": false,
            "why": if kind.ends_with("LeftItem") { Value::Null } else { json!(why) }, "cancelled": item.cancelled, "executable": executable,
            "actions": actions(&item.parameters, item.user.as_deref())})
    }

    fn told_url(&self, job: &str) -> String {
        let parts: String = job.split('/').map(|name| format!("/job/{}", name.replace('%', "%25").replace(' ', "%20"))).collect();
        format!("{}{parts}", self.told)
    }

    fn cancel(&mut self, request: &Request) -> Answer {
        let item = request.query("id").and_then(|id| self.items.get_mut(&id.parse().ok()?));
        match item.filter(|item| item.build.is_none() && !item.cancelled) {
            Some(item) => {
                item.cancelled = true;
                Answer::new(204, "")
            }
            None => missing(),
        }
    }

    fn below_job(&mut self, request: &Request, path: &[&str]) -> Answer {
        let length = path.chunks(2).take_while(|part| part.len() == 2 && part[0] == "job").count() * 2;
        let (names, rest) = path.split_at(length);
        let name = names.iter().skip(1).step_by(2).copied().collect::<Vec<_>>().join("/");
        if !self.jobs.contains_key(&name) {
            return missing();
        }
        match (request.method.as_str(), rest) {
            ("GET", ["api", "json"]) => self.job_json(&name, request.query("tree").unwrap_or_default()),
            ("POST", ["build"]) => self.start(&name, request, false),
            ("POST", ["buildWithParameters"]) => self.start(&name, request, true),
            ("GET", ["build" | "buildWithParameters"]) => Answer::new(405, "").with("Allow", "POST"),
            (_, [number, rest @ ..]) => match number.parse() {
                Ok(number) => self.below_build(request, &name, number, rest),
                Err(_) => missing(),
            },
            _ => missing(),
        }
    }

    fn job_json(&self, name: &str, tree: &str) -> Answer {
        let job = &self.jobs[name];
        for list in ["allBuilds", "builds"] {
            if !tree.starts_with(list) {
                continue;
            }
            let range = tree.rsplit_once('{').and_then(|(_, range)| range.trim_end_matches('}').split_once(',')).expect("a range");
            let (from, to): (usize, usize) = (range.0.parse().expect("a number"), range.1.parse().expect("a number"));
            let all = job.builds.iter().rev().take(if list == "builds" { 100 } else { usize::MAX });
            let builds: Vec<Value> = all.skip(from).take(to - from).map(|build| self.build(name, build)).collect();
            return found(&json!({"_class": "x", list: builds}));
        }
        if let Some(children) = &job.children {
            let jobs: Vec<Value> = children.iter().map(|(name, shown)| json!({"name": name, "displayName": shown})).collect();
            return found(&json!({"_class": "folder", "jobs": jobs, "url": self.told_url(name)}));
        }
        found(&json!({"_class": "job", "url": format!("{}/", self.told_url(name)), "buildable": !job.disabled,
            "nextBuildNumber": job.builds.len() + 1, "property": [{}, {"parameterDefinitions": job.definitions}]}))
    }

    fn build(&self, name: &str, build: &Build) -> Value {
        let (job, ended) = (&self.jobs[name], self.ended(name, build));
        let result = if build.aborted { "ABORTED" } else { job.result.as_deref().unwrap_or("SUCCESS") };
        json!({"number": build.number, "url": format!("{}/{}/", self.told_url(name), build.number), "queueId": build.item,
            "building": !ended, "result": if ended { json!(result) } else { Value::Null }, "duration": if ended { 1500 } else { 0 },
            "actions": actions(&build.parameters, build.user.as_deref())})
    }

    fn ended(&self, name: &str, build: &Build) -> bool {
        build.aborted || self.jobs[name].ends_by.is_none() && build.began + RUNS <= self.now
    }

    fn below_build(&mut self, request: &Request, name: &str, number: u64, rest: &[&str]) -> Answer {
        let Some(at) = self.jobs[name].builds.iter().position(|build| build.number == number) else { return missing() };
        let build = self.jobs[name].builds[at].clone();
        let ended = self.ended(name, &build);
        match (request.method.as_str(), rest) {
            ("GET", ["api", "json"]) => found(&self.build(name, &build)),
            ("GET", ["wfapi", "describe"]) if self.jobs[name].paused => found(&json!({"status": "PAUSED_PENDING_INPUT"})),
            ("POST", [how @ ("stop" | "term" | "kill")]) => {
                let job = self.jobs.get_mut(name).expect("the job");
                job.builds[at].aborted |= job.ends_by.is_none_or(|by| by == *how);
                Answer::new(302, "").with("Location", "..")
            }
            ("GET", ["logText", "progressiveText"]) => {
                let log = self.jobs[name].log.as_bytes();
                let shown = if ended { log.len() } else { log.len() * (self.now - build.began) as usize / RUNS as usize };
                let shown = shown.min(log.len());
                let start = request.query("start").and_then(|start| start.parse().ok()).unwrap_or(0_usize);
                let start = if start > shown { 0 } else { start };
                let answer = Answer::new(200, &log[start..shown]).with("X-Text-Size", shown.to_string()).with("Content-Type", "text/plain");
                if ended { answer } else { answer.with("X-More-Data", "true") }
            }
            _ => missing(),
        }
    }

    fn start(&mut self, name: &str, request: &Request, with_parameters: bool) -> Answer {
        let job = &self.jobs[name];
        if job.disabled {
            return Answer::new(409, "is not buildable");
        }
        if with_parameters == job.definitions.is_empty() {
            return Answer::new(400, if with_parameters { "is not parameterized" } else { "Nothing is submitted" });
        }
        let (given, mut parameters) = (request.fields(), Vec::new());
        for definition in &job.definitions {
            let key = definition["name"].as_str().expect("a name");
            let default = definition["defaultParameterValue"]["value"].as_str().unwrap_or_default();
            let value = given.iter().find(|(known, _)| known == key).map_or(default, |(_, value)| value);
            let choices = definition["choices"].as_array();
            if choices.is_some_and(|choices| !choices.iter().any(|choice| choice == value)) {
                return Answer::new(500, "<html><p>java.lang.IllegalArgumentException: Illegal choice for parameter</p></html>");
            }
            parameters.push((key.to_owned(), value.to_owned()));
        }
        let twin = self
            .items
            .iter()
            .find(|(_, item)| item.job == name && item.build.is_none() && !item.cancelled && item.parameters == parameters);
        let (status, id) = match twin {
            Some((id, _)) => (303, *id),
            None => (
                201,
                self.items
                    .keys()
                    .max()
                    .map_or(0, |id| *id)
                    .max(self.jobs.values().flat_map(|job| &job.builds).map(|build| build.item).max().unwrap_or(0))
                    + 1,
            ),
        };
        if status == 201 {
            let (now, user) = (self.now, self.user.as_ref().map(|(user, _)| user.clone()));
            let item = Item { job: name.to_owned(), parameters, user, cancelled: false, build: None, until: now + QUEUED };
            self.items.insert(id, item);
        }
        Answer::new(status, "").with("Location", format!("{}/queue/item/{id}/", self.told))
    }
}

fn actions(parameters: &[(String, String)], user: Option<&str>) -> Value {
    let parameters: Vec<Value> = parameters.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!([{}, {"parameters": parameters}, {"causes": [{"userId": user}]}])
}

fn found(body: &Value) -> Answer {
    Answer::new(200, body.to_string()).with("Content-Type", "application/json")
}

fn missing() -> Answer {
    Answer::new(404, "<html><title>Error 404 Not Found</title></html>")
}
