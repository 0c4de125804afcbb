#!/usr/bin/env python
"""Workflows that start each other, run by act as act.py runs them: `proofmark-trigger.yml` asks the fake GitHub for a run of
`train.yml`, which act then runs with the very inputs that were asked for.

`act_triggers.py [PART OF A NAME...]`. PROOFMARK_BIN names the binary, PROOFMARK_FAKE_GITHUB the fake.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from rig import run_cases, yaml  # noqa: E402
from scene import (  # noqa: E402
    BOT,
    EXAMPLES,
    ID,
    NAME,
    PULL,
    READS,
    RUN,
    Act,
    Ran,
    Repo,
    Server,
    only,
    payload,
    push,
    told,
)

#: A token with the permissions of the examples.
STARTS = "ghs_starts_0123456789"
WORKFLOW, TRAIN = "proofmark-trigger.yml", "train.yml"

TRAINING = """\
import json
import sys
from pathlib import Path

lr = float(sys.argv[sys.argv.index("--lr") + 1])
Path("metrics.json").write_text(json.dumps({"accuracy": 0.9 if lr < 0.5 else 0.5}))
"""
POLICY = """\
[[rule]]
metric = "accuracy"
max_regression_abs = 0.01
"""
RETRAIN = """
[[trigger]]
name = "retrain"
on = "push"
paths = ["data/**", "train.py"]
start = { workflow = { file = "train.yml" } }

[[trigger]]
name = "on demand"
forks = "command"
start = { workflow = { file = "train.yml", inputs = { lr = "{{ parameters.lr }}" } } }
[trigger.command]
verb = "retrain"
[trigger.parameters]
lr = { type = "number", min = 0, max = 1, default = 0.01 }
"""
#: One that leads to itself.
LOOP = """
[[trigger]]
name = "try harder"
on = "gate.blocked"
start = { workflow = { file = "train.yml", inputs = { lr = 0.9 } } }
"""
DELIVER = """
[[trigger]]
name = "deliver"
on = "workflow_run.completed"
runs = ["train"]
conclusions = ["success"]
start = { workflow = { file = "deploy.yml", inputs = { run = "{{ event.run.id }}" } } }
"""


class Stage:
    """A repository with both workflows, the server that it lies on, and act."""

    def __init__(self, folder: Path, triggers: str = RETRAIN, settings: Mapping[str, str] | None = None) -> None:
        self.repo = Repo(folder / "widgets")
        files = {f".github/workflows/{name}": (EXAMPLES / name).read_text() for name in (WORKFLOW, TRAIN)}
        for name, value in (settings or {}).items():
            files[f".github/workflows/{WORKFLOW}"] += f'          {name}: "{value}"\n'
        files |= {"proofmark.toml": POLICY + triggers, "train.py": TRAINING, "data/a.csv": "1\n", "metrics.json": '{"accuracy": 0.9}\n'}
        self.start = self.head = self.repo.commit("Set up", files)
        self.repo.base_is_at_origin()
        self.server = Server(folder, self.world())
        self.act = Act(folder, self.server)

    def world(self) -> dict[str, Any]:
        """What the server knows of the training it takes from the workflow's own file."""
        train = yaml(EXAMPLES / TRAIN)
        workflows = {TRAIN: list(train["on"]["workflow_dispatch"]["inputs"]), "deploy.yml": ["run", "proofmark"]}
        run_names = {TRAIN: train["run-name"], "deploy.yml": "deploy ${{ inputs.proofmark }}"}
        pull = {"head": {"ref": "main", "sha": self.head}, "base": {"ref": "main", "sha": self.head}}
        repository = {
            "id": ID,
            "git": str(self.repo.path),
            "collaborators": {"ada": "write", "tim": "triage"},
            "issues": {str(PULL): {"title": "A change", "author": "ada", "pull": pull}},
            "workflows": workflows,
            "run_names": run_names,
        }
        given = yaml(EXAMPLES / WORKFLOW)["jobs"]["trigger"]["permissions"]
        reads = {name: "read" for name in ("metadata", "contents", "actions", "pull_requests")}
        bot = {"login": BOT, "kind": "actions", "repository": NAME}
        starts = {"metadata": "read"} | {name.replace("-", "_"): level for name, level in given.items()}
        return {
            "repositories": {NAME: repository},
            "tokens": {STARTS: bot | {"permissions": starts}, READS: bot | {"permissions": reads}},
        }

    def __enter__(self) -> Stage:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__()

    @property
    def dispatches(self) -> list[dict[str, Any]]:
        return self.server.state["dispatches"]

    def run(self, event: str, said: Mapping[str, Any], workflow: str = WORKFLOW, **how: Any) -> Ran:
        return self.act.run(self.repo, workflow, event, said, **({"token": STARTS} | how))

    def push(self, files: Mapping[str, str], **how: Any) -> Ran:
        before, self.head = self.head, self.repo.commit("Change", files)
        self.said = push(self.repo, before, self.head)
        return self.run("push", self.said, **how)

    def train(self, dispatch: Mapping[str, Any], **how: Any) -> Ran:
        """The run that was asked for, as GitHub starts it."""
        inputs = dict(dispatch["body"]["inputs"])
        for name, about in yaml(EXAMPLES / TRAIN)["on"]["workflow_dispatch"]["inputs"].items():
            inputs.setdefault(name, str(about.get("default", "")))
        said = payload("workflow_dispatch.json") | {"inputs": inputs, "ref": "refs/heads/main", "workflow": f".github/workflows/{TRAIN}"}
        return self.run("workflow_dispatch", said, TRAIN, **how)

    def comment(self, body: str, author: str, number: int, **how: Any) -> Ran:
        said = payload("issue_comment.created.pr_command.json")
        said["issue"] |= {"number": PULL, "state": "open"}
        said["comment"] |= {"id": number, "body": body, "author_association": "MEMBER"}
        said["comment"]["user"] |= {"login": author, "type": "User"}
        said["sender"] |= {"login": author, "type": "User"}
        comment = {"issue": PULL, "login": author, "body": body}
        self.server.ask("POST", "/__world", {"repositories": {NAME: {"comments": {str(number): comment}}}})
        return self.run("issue_comment", said, **({"run": number} | how))

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [comment for comment in self.server.comments if comment["login"] == BOT]


def writes(server: Server) -> list[tuple[str, str]]:
    """Everything but questions."""
    asks = [request for request in server.requests if request["method"] != "GET"]
    return [(request["method"], request["path"]) for request in asks if not str((request["body"] or {}).get("query")).startswith("query")]


def verdicts(ran: Ran) -> set[str]:
    """Of all steps that judged."""
    return {row["arg"] for row in ran.rows if row.get("command") == "set-output" and row["name"] == "verdict" and row["arg"]}


def key(dispatch: Mapping[str, Any]) -> str:
    return dispatch["body"]["inputs"]["proofmark"]


def depth(dispatch: Mapping[str, Any]) -> int:
    return int(key(dispatch).split("-")[1])


def a_push_starts_a_training_once(folder: Path) -> None:
    with Stage(folder) as stage:
        ran = stage.push({"README.md": "Read me\n"})
        assert ran.code == 0 and stage.dispatches == [] and writes(stage.server) == [], told(ran)

        ran = stage.push({"data/a.csv": "1\n2\n"})
        assert ran.code == 0, told(ran)
        asked = only(stage.dispatches)
        assert (asked["workflow"], asked["body"]["ref"]) == (TRAIN, "main") and depth(asked) == 1, asked
        # By the title of the run it is found again.
        started = only(list(stage.server.state["runs"].values()))
        assert started["title"] == f"train {key(asked)}" and str(started["id"]) in ran.log, (started, told(ran))
        assert "retrain" in ran.log and not ran.commands("error"), told(ran)

        # A second attempt, another run for the same commit, and one whose clone knows nothing of the first.
        for how in ({"attempt": 2}, {"run": RUN + 1}, {"run": RUN + 2, "attempt": 3}):
            again = stage.run("push", stage.said, **how)
            assert again.code == 0 and "was started before" in again.log, told(again)
            assert stage.dispatches == [asked], stage.dispatches
        # Another commit is another order.
        stage.push({"data/a.csv": "1\n2\n3\n"}, run=RUN + 3)
        assert len({key(dispatch) for dispatch in stage.dispatches}) == 2, stage.dispatches


def the_training_runs_as_it_was_asked_for(folder: Path) -> None:
    """And its own look at the triggers starts nothing."""
    with Stage(folder) as stage:
        stage.push({"data/a.csv": "1\n2\n"})
        ran = stage.train(only(stage.dispatches), run=RUN + 1)
        assert ran.code == 0 and verdicts(ran) == {"pass"}, told(ran)
        assert "gate.passed" in ran.log and "0 of 2" in ran.log and len(stage.dispatches) == 1, told(ran)
        assert "allowed" in ran.summary and "metrics.json" in ran.summary, ran.summary


def a_chain_of_trainings_ends(folder: Path) -> None:
    """Each one is worse, and starts the next; the depth travels with the inputs."""
    with Stage(folder, RETRAIN + LOOP) as stage:
        stage.comment("/retrain lr=0.9", "ada", 5001)
        for number in (1, 2, 3):
            assert [depth(dispatch) for dispatch in stage.dispatches] == list(range(1, number + 1)), stage.dispatches
            ran = stage.train(stage.dispatches[-1], run=RUN + number)
            assert ran.code == 1 and "gate.blocked" in ran.log, told(ran)
        assert len(stage.dispatches) == 3 and len({key(dispatch) for dispatch in stage.dispatches}) == 3, stage.dispatches


def the_end_of_a_run_starts_the_next(folder: Path) -> None:
    with Stage(folder, RETRAIN + DELIVER) as stage:
        stage.push({"data/a.csv": "1\n2\n"})
        asked, started = only(stage.dispatches), only(list(stage.server.state["runs"].values()))
        for number, conclusion in enumerate(("failure", "success", "success")):
            said = payload("workflow_run.completed.json")
            about = {"id": started["id"], "name": "train", "display_title": started["title"], "event": "workflow_dispatch"}
            about |= {"status": "completed", "conclusion": conclusion, "head_branch": "main", "head_sha": stage.head, "pull_requests": []}
            said["workflow_run"] |= about
            for name in ("repository", "head_repository"):
                said["workflow_run"][name] |= {"id": ID, "full_name": NAME}
            ran = stage.run("workflow_run", said, run=RUN + 1 + number)
            assert ran.code == 0 and len(stage.dispatches) == (1 if conclusion == "failure" else 2), told(ran)
        first, second = stage.dispatches
        assert first == asked and second["workflow"] == "deploy.yml" and depth(second) == 2, second
        assert second["body"]["inputs"]["run"] == str(started["id"]), second


def commands_are_for_those_who_may(folder: Path) -> None:
    with Stage(folder) as stage:
        for number, (body, author) in enumerate((("/retrain lr=0.1", "eve"), ("/retrain lr=0.1", "tim"))):
            ran = stage.comment(body, author, 5001 + number)
            answer = only(stage.answers)["body"]
            assert ran.code == 0 and stage.dispatches == [], told(ran)
            assert "role write" in answer and author in answer and "refused" in answer, answer
        # What is quoted, shown as code, or said in passing is no command, and is not answered either.
        before = stage.answers
        for number, body in enumerate(("> /retrain lr=0.1", "```\n/retrain lr=0.1\n```", "try /retrain lr=0.1", "see https://a.example/b")):
            ran = stage.comment(body, "ada", 5011 + number)
            assert ran.code == 0 and stage.dispatches == [] and stage.answers == before, told(ran)

        ran = stage.comment("Please:\r\n/retrain lr=0.1\r\n", "ada", 5021)
        asked = only(stage.dispatches)
        assert ran.code == 0 and asked["body"]["inputs"] == {"lr": "0.1", "proofmark": key(asked)}, (asked, told(ran))
        answer = only(stage.answers)["body"]
        assert "of `@ada` " in answer and "started" in answer and "0.1" in answer and "/actions/runs/" in answer, answer
        asked_by = next(comment for comment in stage.server.comments if comment["id"] == 5021)
        assert "eyes" in json.dumps(asked_by["reactions"]), asked_by
        # The same comment once more is the same order; another comment is another one.
        assert stage.comment("/retrain lr=0.1", "ada", 5021, attempt=2).code == 0 and len(stage.dispatches) == 1
        stage.comment("/retrain lr=0.1", "ada", 5022)
        assert len(stage.dispatches) == 2 and len(stage.answers) == 1, stage.dispatches
        # And the training takes it.
        ran = stage.train(asked, run=RUN + 1)
        assert ran.code == 0 and verdicts(ran) == {"pass"}, told(ran)


def what_is_wrong_with_a_command_is_answered(folder: Path) -> None:
    with Stage(folder) as stage:
        for number, (body, part) in enumerate((("/retrain lr=7", "lr"), ("/retrain rate=0.1", "rate"), ("/retrain lr=$(id)", "lr"))):
            ran = stage.comment(body, "ada", 5001 + number)
            answer = only(stage.answers)["body"]
            assert ran.code == 0 and stage.dispatches == [] and "refused" in answer and part in answer, (answer, told(ran))
        stage.comment("/help", "eve", 5011)
        answer = only(stage.answers)["body"]
        assert "`/retrain`" in answer and "`lr`" in answer and "write" in answer, answer


def a_look_sends_nothing(folder: Path) -> None:
    for number, settings in enumerate(({"dry-run": "true"}, {"explain": "true"})):
        (here := folder / str(number)).mkdir()
        with Stage(here, settings=settings) as stage:
            ran = stage.push({"data/a.csv": "1\n2\n"})
            assert ran.code == 0 and "workflow train.yml" in ran.log and "key pm1-1-" in ran.log, told(ran)
            assert "explain" not in settings or "data/a.csv" in ran.log, told(ran)
            ran = stage.comment("/retrain lr=0.1", "ada", 5001)
            assert ran.code == 0 and "lr = 0.1" in ran.log, told(ran)
            assert writes(stage.server) == [] and stage.answers == [] and stage.dispatches == [], stage.server.requests


def a_missing_permission_is_named(folder: Path) -> None:
    with Stage(folder) as stage:
        ran = stage.push({"data/a.csv": "1\n2\n"}, token=READS)
        assert ran.code != 0 and "actions: write" in ran.log and "retrain" in ran.log and stage.dispatches == [], told(ran)


def a_lost_answer_makes_one_run(folder: Path) -> None:
    """The run began, and its answer never came."""
    for number, what in enumerate(("cut_after", {"status_after": 502})):
        (here := folder / str(number)).mkdir()
        with Stage(here) as stage:
            fault = {"method": "POST", "path": "/repos/*/dispatches", "hits": {"nth": 1}, "what": what}
            stage.server.ask("POST", "/__fault", fault)
            ran = stage.push({"data/a.csv": "1\n2\n"}, more={"PROOFMARK_SETTLING_MILLISECONDS": 1000})
            started = only(list(stage.server.state["runs"].values()))
            assert ran.code == 0 and len(stage.dispatches) == 1 and str(started["id"]) in ran.log, told(ran)


def whoever_waits_ends_as_the_training_does(folder: Path) -> None:
    for number, (conclusion, code) in enumerate((("success", 0), ("failure", 1))):
        (here := folder / str(number)).mkdir()
        with Stage(here, settings={"wait": "true"}) as stage:
            plan = {"queued": 0, "running": 1, "conclusion": conclusion, "late": 0}
            stage.server.ask("POST", "/__world", {"repositories": {NAME: {"plan": plan}}})
            ran = stage.push({"data/a.csv": "1\n2\n"})
            assert ran.code == code and conclusion in ran.log and len(stage.dispatches) == 1, told(ran)


if __name__ == "__main__":
    run_cases(
        [
            a_push_starts_a_training_once,
            the_training_runs_as_it_was_asked_for,
            a_chain_of_trainings_ends,
            the_end_of_a_run_starts_the_next,
            commands_are_for_those_who_may,
            what_is_wrong_with_a_command_is_answered,
            a_look_sends_nothing,
            a_missing_permission_is_named,
            a_lost_answer_makes_one_run,
            whoever_waits_ends_as_the_training_does,
        ],
        # The runner's own way to name a step's script knows no spaces.
        prefix="proofmark-act-",
    )
