"""The stage of act.py: a real repository `acme/widgets`, the events that GitHub would send about it, a fake GitHub that holds
its pull request, and runs of workflows by act in host mode, without containers and without a network.

Not executable, so `tests/run.sh` does not take it for a test.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rig import ROOT, tool

EVENTS = ROOT / "crates/proofmark-github/tests/events"
EXAMPLES = ROOT / ".github/examples"
NAME, ID = "acme/widgets", 186853002
PULL = 7
RUN = 4711
#: What the runs are allowed, as GITHUB_TOKEN with the permissions of the examples, and as that of a fork's run.
WRITES, READS = "ghs_writes_0123456789", "ghs_reads_0123456789"

POLICY = """\
[[rule]]
metric = "accuracy"
max_regression_abs = 0.01

[[rule]]
metric = "loss"
direction = "lower"
max_regression_rel = 0.05
severity = "warn"

[github.labels]
block = ["model: worse"]
allow = ["model: fine"]
"""

BASE = {"accuracy": 0.91, "loss": 0.30}
BETTER = {"accuracy": 0.93, "loss": 0.29}
WORSE = {"accuracy": 0.80, "loss": 0.29}


def metrics(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2) + "\n"


class Repo:
    """A checkout as actions/checkout leaves it: the base under `origin`, and the commit of the run checked out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")
        # Its name for act, never contacted.
        self.git("remote", "add", "origin", f"https://github.com/{NAME}.git")

    def git(self, *arguments: str) -> str:
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_CONFIG_NOSYSTEM": "1"}
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
        }
        done = subprocess.run(["git", *arguments], cwd=self.path, env=clean | who, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        for name, content in (files or {}).items():
            (file := self.path / name).parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def base_is_at_origin(self) -> None:
        self.git("update-ref", "refs/remotes/origin/main", "refs/heads/main")


def shallow(change: Change, folder: Path) -> Repo:
    """As actions/checkout leaves it without `fetch-depth: 0`: the merge commit alone."""
    change.repo.git("update-ref", f"refs/pull/{PULL}/merge", change.merge)
    here = Repo(folder / "shallow")
    merge = f"refs/remotes/pull/{PULL}/merge"
    here.git("fetch", "-q", "--no-tags", "--depth=1", change.repo.path.as_uri(), f"+refs/pull/{PULL}/merge:{merge}")
    here.git("checkout", "-q", "--detach", merge)
    return here


@dataclass
class Change:
    """A pull request in the repository: its commits, and the merge that GitHub would check out."""

    repo: Repo
    base: str
    head: str
    merge: str
    branch: str
    title: str


def change(
    folder: Path,
    *workflows: str,
    values: Mapping[str, Any] = BETTER,
    branch: str = "a-change",
    title: str = "A change",
    base: Mapping[str, str] | None = None,
    head: Mapping[str, str] | None = None,
) -> Change:
    """The examples named in `workflows` are those of the base; `base` and `head` are files instead of the usual ones."""
    repo = Repo(folder / "widgets")
    here = {f".github/workflows/{name}": (EXAMPLES / name).read_text() for name in workflows}
    start = repo.commit("Train", here | {"proofmark.toml": POLICY} | (base or {"metrics.json": metrics(BASE)}))
    repo.git("checkout", "-q", "-b", branch)
    tip = repo.commit(title, head or {"metrics.json": metrics(values)})
    repo.git("checkout", "-q", "main")
    # The base has moved on, so that base, merge base and the merge are different commits.
    moved = repo.commit("Write a text", {"README.md": "Widgets\n"})
    repo.base_is_at_origin()
    repo.git("checkout", "-q", "--detach", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge", branch)
    assert start != moved
    return Change(repo, moved, tip, repo.git("rev-parse", "HEAD"), branch, title)


# What GitHub says.


def payload(name: str) -> dict[str, Any]:
    """A payload of another repository, in which that one is ours."""
    text = (EVENTS / name).read_text(encoding="utf-8")
    for theirs in ("Codertocat/Hello-World", "octo-org/octo-repo"):
        text = text.replace(theirs, NAME)
    said = json.loads(text)
    said["repository"] |= {"id": ID, "full_name": NAME, "default_branch": "main"}
    return said


def pull_request(change: Change, *, fork: bool = False) -> dict[str, Any]:
    said = payload("pull_request.opened.fork.json" if fork else "pull_request.opened.json")
    pull = said["pull_request"]
    said["number"] = pull["number"] = PULL
    pull["title"] = change.title
    pull["head"] |= {"ref": change.branch, "sha": change.head, "label": f"{'outsider' if fork else 'acme'}:{change.branch}"}
    pull["base"] |= {"ref": "main", "sha": change.base, "label": "acme:main"}
    pull["base"]["repo"] |= {"id": ID, "full_name": NAME}
    pull["head"]["repo"] |= {"id": 987654321, "full_name": "outsider/widgets"} if fork else {"id": ID, "full_name": NAME}
    return said


def push(repo: Repo, before: str, after: str) -> dict[str, Any]:
    return payload("push.json") | {"ref": "refs/heads/main", "before": before, "after": after, "created": False, "base_ref": None}


def merge_group(change: Change) -> dict[str, Any]:
    said = payload("merge_group.checks_requested.json")
    said["merge_group"] |= {
        "head_sha": change.merge,
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-{PULL}-{change.base}",
        "base_sha": change.base,
        "base_ref": "refs/heads/main",
    }
    return said


def workflow_run(change: Change, run: int) -> dict[str, Any]:
    """The end of a fork's run: GitHub names no pull request then."""
    said = payload("workflow_run.completed.fork.json")
    said["workflow_run"] |= {
        "id": run,
        "run_attempt": 1,
        "head_sha": change.head,
        "head_branch": change.branch,
        "name": "proofmark",
    }
    said["workflow_run"]["repository"] |= {"id": ID, "full_name": NAME}
    said["workflow_run"]["head_repository"] |= {"id": 987654321, "full_name": "outsider/widgets"}
    return said


# The server.


def world(change: Change, *, fork: bool = False) -> dict[str, Any]:
    head = {"ref": change.branch, "sha": change.head} | ({"repo": "outsider/widgets"} if fork else {})
    pull = {"head": head, "base": {"ref": "main", "sha": change.base}, "merge_commit_sha": change.merge}
    issue = {"title": change.title, "author": "outsider" if fork else "ada", "pull": pull}
    repository = {"id": ID, "git": str(change.repo.path), "issues": {str(PULL): issue}}
    reads = {name: "read" for name in ("metadata", "contents", "actions", "pull_requests", "checks")}
    bot = {"login": "github-actions[bot]", "kind": "actions", "repository": NAME}
    writes = reads | {"pull_requests": "write", "checks": "write"}
    tokens = {WRITES: bot | {"permissions": writes}, READS: bot | {"permissions": reads}}
    repositories = {NAME: repository} | ({"outsider/widgets": {"fork": True, "git": str(change.repo.path)}} if fork else {})
    return {"repositories": repositories, "tokens": tokens}


class Server:
    """The fake GitHub, until it is left."""

    def __init__(self, folder: Path, world: Mapping[str, Any]) -> None:
        self.file = folder / "world.json"
        self.file.write_text(json.dumps(world))

    def __enter__(self) -> Server:
        program = os.environ["PROOFMARK_FAKE_GITHUB"]
        self.process = subprocess.Popen([program, str(self.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        addresses = json.loads(self.process.stdout.readline())
        self.url, self.graphql_url = addresses["url"], addresses["graphql_url"]
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text.strip() else None

    @property
    def state(self) -> dict[str, Any]:
        """The repository as it is now."""
        return self.ask("GET", "/__state")["repositories"][NAME]

    @property
    def comments(self) -> list[dict[str, Any]]:
        return list(self.state["comments"].values())

    @property
    def checks(self) -> list[dict[str, Any]]:
        return list(self.state["check_runs"].values())

    @property
    def labels(self) -> list[str]:
        return self.state["issues"][str(PULL)]["labels"]

    @property
    def requests(self) -> list[dict[str, Any]]:
        return self.ask("GET", "/__requests")


# The runner.


@dataclass
class Ran:
    """What act tells of a run, as its JSON rows."""

    code: int
    text: str
    rows: list[dict[str, Any]] = field(repr=False)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Of the last step with the action; `name=value` of every set-output row."""
        rows = (row for row in self.rows if row.get("command") == "set-output")
        return {row["name"]: row["arg"] for row in rows}

    @property
    def summary(self) -> str:
        return "\n".join(row["content"] for row in self.rows if row.get("command") == "summary")

    @property
    def log(self) -> str:
        """What the steps printed."""
        return "\n".join(row.get("msg", "") for row in self.rows)

    def commands(self, name: str) -> list[dict[str, Any]]:
        """Workflow commands that the runner obeyed, such as `error`."""
        return [row for row in self.rows if row.get("command") == name]


class Act:
    """A machine with act on which the action is this checkout, under its published name."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self.folder, self.server = folder, server
        self.home = folder / "home"
        (self.home / ".config/act").mkdir(parents=True, exist_ok=True)
        (self.home / ".config/act/actrc").touch()
        self.uploads = folder / "uploads"
        self.uploads.mkdir(exist_ok=True)

    def replaced(self) -> list[str]:
        """`--local-repository` for every action that the examples use: ours, and a stand-in for the upload."""
        ours = self.folder / "the action"
        if not ours.exists():
            shutil.copytree(ROOT / ".github/action", ours / ".github/action")
            for name in ("action.yml", "Cargo.toml"):
                shutil.copy(ROOT / name, ours / name)
            upload = self.folder / "upload"
            upload.mkdir()
            (upload / "action.yml").write_text(UPLOAD.replace("FOLDER", str(self.uploads)))
        options = []
        for text in (file.read_text() for file in EXAMPLES.glob("*.yml")):
            for word in text.split():
                if word.startswith("proofmark/proofmark@"):
                    options.append(f"{word}={ours}")
                elif word.startswith("actions/upload-artifact@"):
                    options.append(f"{word}={self.folder / 'upload'}")
        return [part for option in sorted(set(options)) for part in ("--local-repository", option)]

    def run(
        self,
        repo: Repo,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        token: str = WRITES,
        run: int = RUN,
        attempt: int = 1,
        more: Mapping[str, Any] | None = None,
    ) -> Ran:
        """Runs one workflow of the repository; `workflow` is a file in `.github/workflows`, `more` are further variables."""
        said = self.folder / "event.json"
        said.write_text(json.dumps(payload))
        api = self.server.url if self.server else "http://127.0.0.1:9"
        variables = {
            "GITHUB_API_URL": api,
            "GITHUB_GRAPHQL_URL": self.server.graphql_url if self.server else f"{api}/graphql",
            "GITHUB_RUN_ID": run,
            "GITHUB_RUN_NUMBER": 1,
            "GITHUB_RUN_ATTEMPT": attempt,
            "PROOFMARK_BIN": os.environ["PROOFMARK_BIN"],
        } | dict(more or {})
        command = [tool("act"), event, "-e", str(said), "-W", f".github/workflows/{workflow}", "-P", "ubuntu-latest=-self-hosted"]
        command += ["--pull=false", "--no-cache-server", "--rm", "--json", "-s", f"GITHUB_TOKEN={token}", *self.replaced()]
        command += [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.folder)}
        done = subprocess.run(
            command, cwd=repo.path, env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        text = done.stdout + done.stderr
        rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return Ran(done.returncode, text, rows)


#: Takes the file and lays it where the test looks. Its own way to take inputs is as hostile-proof as that of the action.
UPLOAD = """\
name: upload
description: A stand-in for actions/upload-artifact
inputs:
  name: {description: name, required: true}
  path: {description: path, required: true}
  if-no-files-found: {description: ignored}
  retention-days: {description: ignored}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        NAME: ${{ inputs.name }}
        FROM: ${{ inputs.path }}
      run: cp -- "$FROM" "FOLDER/$NAME"
"""


# What the cases share.

CHECKOUT = "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n"


def workflow(event: str, job: str) -> str:
    """A workflow with one job, in which PROOFMARK is the published action."""
    job = job.replace("PROOFMARK", "proofmark/proofmark@" + "0" * 40)
    return f"name: ci\non: {event}\njobs:\n  gate:\n    runs-on: ubuntu-latest\n{job}"


BOT = "github-actions[bot]"


def told(ran: Ran) -> str:
    """For the message of a failed assertion."""
    return f"act ended with {ran.code}\n{ran.log[-6000:]}"


def writes(server: Server) -> list[tuple[str, str]]:
    return [(request["method"], request["path"]) for request in server.requests if request["method"] != "GET"]


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1, rows
    return rows[0]
