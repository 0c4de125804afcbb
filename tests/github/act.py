#!/usr/bin/env python
"""The whole action, run by act as a runner would run it: the workflows of `.github/examples`, events that GitHub sends, a real
repository, and a fake GitHub that tells afterwards what was done to it.

`act.py [PART OF A NAME...]`. PROOFMARK_BIN names the binary, PROOFMARK_FAKE_GITHUB the fake.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from rig import run_cases  # noqa: E402
from scene import (  # noqa: E402
    BASE,
    BETTER,
    PULL,
    READS,
    RUN,
    WORSE,
    Act,
    Ran,
    Server,
    change,
    merge_group,
    metrics,
    pull_request,
    push,
    workflow_run,
    world,
)

BOT = "github-actions[bot]"


def told(ran: Ran) -> str:
    """For the message of a failed assertion."""
    return f"act ended with {ran.code}\n{ran.log[-6000:]}"


def writes(server: Server) -> list[tuple[str, str]]:
    return [(request["method"], request["path"]) for request in server.requests if request["method"] != "GET"]


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1, rows
    return rows[0]


def a_better_change_is_reported_and_the_next_run_updates(folder: Path) -> None:
    at = change(folder, "proofmark.yml")
    with Server(folder, world(at)) as server:
        act = Act(folder, server)
        ran = act.run(at.repo, "proofmark.yml", "pull_request", pull_request(at))
        assert ran.code == 0, told(ran)
        comment, check = only(server.comments), only(server.checks)
        assert (comment["issue"], comment["login"]) == (PULL, BOT) and "accuracy" in comment["body"], comment
        # To the commit that people see, not to the merge that was checked out.
        assert (check["head_sha"], check["status"], check["conclusion"]) == (at.head, "completed", "success"), check
        assert check["name"] == "proofmark: gate" and "0.93" in (check["summary"] or "") + (check["text"] or ""), check
        assert server.labels == ["model: fine"], server.labels
        expected = {"verdict": "pass", "effect": "allow", "blocked": "false", "regressed": "0", "improved": "2", "failed": "0", "checks": "2"}
        assert expected.items() <= ran.outputs.items(), ran.outputs
        assert ran.outputs["comment-url"].endswith(f"#issuecomment-{comment['id']}") and str(check["id"]) in ran.outputs["check-url"]
        assert ran.outputs["report-json"].endswith("report.json") and ran.outputs["headline"], ran.outputs
        assert "accuracy" in ran.summary and not ran.commands("error"), told(ran)

        again = act.run(at.repo, "proofmark.yml", "pull_request", pull_request(at), run=RUN + 1)
        assert again.code == 0, told(again)
        assert only(server.comments)["id"] == comment["id"], server.comments
        assert [check["conclusion"] for check in server.checks] == ["success"] * len(server.checks), server.checks
        assert server.labels == ["model: fine"], server.labels


def a_worse_change_is_blocked_until_it_is_mended(folder: Path) -> None:
    at = change(folder, "proofmark.yml", values=WORSE)
    with Server(folder, world(at)) as server:
        act = Act(folder, server)
        ran = act.run(at.repo, "proofmark.yml", "pull_request", pull_request(at))
        assert ran.code == 1, told(ran)
        comment, check = only(server.comments), only(server.checks)
        assert check["conclusion"] == "failure" and check["head_sha"] == at.head, check
        assert {note["path"] for note in check["annotations"]} & {"metrics.json", "proofmark.toml"}, check["annotations"]
        assert "accuracy" in comment["body"] and server.labels == ["model: worse"], (comment, server.labels)
        # Outputs are there although the step failed.
        expected = {"verdict": "fail", "effect": "block", "blocked": "true", "regressed": "1", "failed": "1"}
        assert expected.items() <= ran.outputs.items(), ran.outputs

        at.repo.git("checkout", "-q", at.branch)
        at.head = at.repo.commit("Mend", {"metrics.json": metrics(BETTER)})
        at.repo.git("checkout", "-q", "--detach", "main")
        at.repo.git("merge", "-q", "--no-ff", "-m", "Merge", at.branch)
        at.merge = at.repo.git("rev-parse", "HEAD")
        server.ask("POST", "/__world", {"repositories": {"acme/widgets": {"issues": {str(PULL): {"pull": {"head": {"sha": at.head}}}}}}})
        mended = act.run(at.repo, "proofmark.yml", "pull_request", pull_request(at), run=RUN + 1)
        assert mended.code == 0, told(mended)
        after = only(server.comments)
        assert after["id"] == comment["id"] and after["body"] != comment["body"], after
        assert [(one["head_sha"], one["conclusion"]) for one in server.checks] == [(check["head_sha"], "failure"), (at.head, "success")]
        assert server.labels == ["model: fine"], server.labels


def a_fork_s_run_writes_nothing_and_ends_by_the_verdict(folder: Path) -> None:
    for number, (values, code) in enumerate(((WORSE, 1), (BETTER, 0))):
        (here := folder / str(number)).mkdir()
        at = change(here, "proofmark.yml", values=values)
        with Server(here, world(at, fork=True)) as server:
            ran = Act(here, server).run(at.repo, "proofmark.yml", "pull_request", pull_request(at, fork=True), token=READS)
            assert ran.code == code, told(ran)
            assert writes(server) == [] and server.comments == [] and server.checks == [], server.requests
        assert "accuracy" in ran.summary and ran.outputs["blocked"] == str(code == 1).lower(), told(ran)
        hints = [row for row in ran.commands("notice") if "fork" in row["msg"]] or ["fork" in ran.log]
        assert len(hints) == 1 and "two workflows" in ran.log, told(ran)
        if code:
            assert "::error" in ran.log and "metrics.json" in ran.log, told(ran)


def zipped(files: dict[str, bytes]) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return base64.b64encode(packed.getvalue()).decode()


def the_pair_of_workflows_brings_a_fork_s_report(folder: Path) -> None:
    """Step one leaves the report of a blocked change; step two, which checks nothing out, posts it."""
    at = change(folder, "proofmark-fork.yml", "proofmark-post.yml", values=WORSE)
    with Server(folder, world(at, fork=True)) as server:
        act = Act(folder, server)
        one = act.run(at.repo, "proofmark-fork.yml", "pull_request", pull_request(at, fork=True), token=READS)
        assert one.code == 1 and writes(server) == [], told(one)
        report = (act.uploads / "proofmark-report").read_bytes()
        assert json.loads(report)["judgement"]["effect"] == "block"

        uploaded(server, at.head, {"report.json": report})
        # What is checked out has no say, so none of it is there.
        two = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN))
        assert two.code == 0, told(two)
        comment, check = only(server.comments), only(server.checks)
        assert comment["issue"] == PULL and comment["login"] == BOT and "accuracy" in comment["body"], comment
        assert (check["head_sha"], check["conclusion"]) == (at.head, "failure"), check
        # The labels of the policy need no more than what the comment needs.
        assert server.labels == ["model: worse"], server.labels
        assert not any(request["storage"] and request["authorized"] for request in server.requests)


def uploaded(server: Server, head: str, files: dict[str, bytes], number: int = 43) -> None:
    """As if the run RUN for the commit had left these files."""
    run = {"event": "pull_request", "head_sha": head, "head_branch": "a-change", "head_repository": "outsider/widgets"}
    artifact = {"run": RUN, "name": "proofmark-report", "zip": zipped(files)}
    document = {"runs": {str(RUN): run}, "artifacts": {str(number): artifact}}
    server.ask("POST", "/__world", {"repositories": {"acme/widgets": document}})


def a_forged_report_is_refused_or_judged_again(folder: Path) -> None:
    at = change(folder, "proofmark-fork.yml", "proofmark-post.yml", values=WORSE)
    with Server(folder, world(at, fork=True)) as server:
        act = Act(folder, server)
        for files in ({"report.json": b"{}"}, {"../report.json": b"{}"}, {"report.json": b"[" * 100_000}):
            uploaded(server, at.head, files)
            ran = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN))
            assert ran.code != 0 and writes(server) == [], told(ran)

        act.run(at.repo, "proofmark-fork.yml", "pull_request", pull_request(at, fork=True), token=READS)
        report = json.loads((act.uploads / "proofmark-report").read_bytes())
        report["judgement"] |= {"effect": "allow", "verdict": "pass", "findings": []}
        uploaded(server, at.head, {"report.json": json.dumps(report).encode()})
        ran = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN))
        assert ran.code == 0, told(ran)
        assert only(server.checks)["conclusion"] == "failure" and only(server.comments)["issue"] == PULL, server.checks

        # The pull request has moved on: its number is not taken for that of the report.
        before = only(server.comments)
        server.ask("POST", "/__world", {"repositories": {"acme/widgets": {"issues": {str(PULL): {"pull": {"head": {"sha": at.base}}}}}}})
        ran = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN), run=RUN + 1)
        assert only(server.comments) == before, told(ran)


def a_push_is_judged_against_what_was_there_before(folder: Path) -> None:
    at = change(folder)
    text = workflow("push", "    steps:\n" + CHECKOUT + "      - uses: PROOFMARK\n")
    before = at.repo.commit("Set up", {".github/workflows/ci.yml": text})
    after = at.repo.commit("Train worse", {"metrics.json": metrics(WORSE)})
    with Server(folder, world(at)) as server:
        ran = Act(folder, server).run(at.repo, "ci.yml", "push", push(at.repo, before, after))
        assert ran.code == 1, told(ran)
        check = only(server.checks)
        assert (check["head_sha"], check["conclusion"]) == (after, "failure") and server.comments == [], check


def a_merge_group_is_judged_at_the_queue_s_commit(folder: Path) -> None:
    for number, (values, conclusion) in enumerate(((BETTER, "success"), (WORSE, "failure"))):
        (here := folder / str(number)).mkdir()
        at = change(here, "proofmark-queue.yml", values=values)
        with Server(here, world(at)) as server:
            ran = Act(here, server).run(at.repo, "proofmark-queue.yml", "merge_group", merge_group(at))
            assert ran.code == (conclusion == "failure"), told(ran)
            check = only(server.checks)
            assert (check["name"], check["head_sha"], check["conclusion"]) == ("model quality", at.merge, conclusion), check
            assert "0.91" in (check["summary"] or "") + (check["text"] or ""), check


def legs_of_a_matrix_share_one_comment(folder: Path) -> None:
    models = {name: f"models/{name}/metrics.json" for name in ("churn", "fraud")}
    base = {file: metrics(BASE) for file in models.values()}
    head = {models["churn"]: metrics(BETTER), models["fraud"]: metrics(WORSE)}
    at = change(folder, "proofmark-matrix.yml", base=base, head=head)
    with Server(folder, world(at)) as server:
        act = Act(folder, server)
        for run in (RUN, RUN + 1):
            ran = act.run(at.repo, "proofmark-matrix.yml", "pull_request", pull_request(at), run=run)
            assert ran.code == 1, told(ran)
            body = only(server.comments)["body"]
            assert "churn" in body and "fraud" in body and "0.93" in body and "0.8" in body, body
        conclusions = {check["name"]: check["conclusion"] for check in server.checks}
        expected = {"proofmark: churn (model=churn)": "success", "proofmark: fraud (model=fraud)": "failure"}
        assert conclusions == expected, conclusions


#: What a branch may be called, and tries to be shell, a workflow command, HTML and an output all at once.
BRANCH = "x`touch${IFS}evil`$(touch${IFS}evil);'\"<script>&%0A%3A%3Aerror%3A%3Aevil"
TITLE = "::error::evil <script>alert(1)</script> @everyone $(touch evil) `touch evil` ' \" %0A::warning::evil"
NAMES = (
    "a\n::error::evil",
    "b\n::set-output name=verdict::pass",
    "c<script>alert(1)</script></details>",
    "d|e\\|f`",
    "g\nverdict=pass\nevil=1",
    "h\nEOF\nevil=1",
    "@everyone [i](https://evil.example) ![](https://evil.example/i.png)",
    "j --> <!-- proofmark:k",
)


def hostile_names_are_only_names(folder: Path) -> None:
    values = {"accuracy": 0.9} | dict.fromkeys(NAMES, 0.9)
    policy = '[[rule]]\nmetric = "*"\ndirection = "higher"\nmax_regression_abs = 0.01\n'
    steps = CHECKOUT + "      - id: proofmark\n        uses: PROOFMARK\n        with:\n          annotations: always\n"
    steps += "          subject: ${{ github.head_ref }}\n"
    base = {"metrics.json": metrics(values), "proofmark.toml": policy}
    base |= {".github/workflows/ci.yml": workflow("pull_request", "    steps:\n" + steps)}
    worse = {"metrics.json": metrics(dict.fromkeys(values, 0.5))}
    at = change(folder, base=base, head=worse, branch=BRANCH, title=TITLE)
    with Server(folder, world(at)) as server:
        ran = Act(folder, server).run(at.repo, "ci.yml", "pull_request", pull_request(at))
        assert ran.code == 1, told(ran)
        comment, check = only(server.comments), only(server.checks)
    assert not list(folder.rglob("evil")), list(folder.rglob("evil"))
    # Every command that the runner obeyed is ours, and none is what a name said.
    for kind in ("error", "warning", "notice"):
        for row in ran.commands(kind):
            assert row["msg"].strip() != "evil" and row.get("arg", "").strip() != "evil", row
    assert ran.outputs["verdict"] == "fail" and "evil" not in ran.outputs and not ran.commands("set-env"), ran.outputs
    for line in ran.log.splitlines():
        assert not line.lstrip().startswith(("::error::", "::warning::", "::set-output")), line
    for text in (ran.summary, comment["body"], check["summary"] or "", check["text"] or ""):
        lowered = text.lower()
        assert "<script" not in lowered and "<img" not in lowered and "](https://evil" not in lowered, text
        # Nobody is called: a mention is broken or stands in code.
        assert " @everyone" not in text.replace("`@everyone", ""), text
    assert comment["body"].count("<!-- proofmark:") == 1, comment["body"]


def a_pending_check_is_the_one_that_is_completed(folder: Path) -> None:
    steps = CHECKOUT + "      - uses: PROOFMARK\n        with:\n          command: pending\n      - uses: PROOFMARK\n"
    base = {".github/workflows/ci.yml": workflow("pull_request", "    steps:\n" + steps), "metrics.json": metrics(BASE)}
    at = change(folder, base=base)
    with Server(folder, world(at)) as server:
        ran = Act(folder, server).run(at.repo, "ci.yml", "pull_request", pull_request(at))
        assert ran.code == 0, told(ran)
        check = only(server.checks)
        assert (check["status"], check["conclusion"]) == ("completed", "success"), check
        sent = [request["body"].get("status") for request in server.requests if "check-runs" in request["path"] and request["body"]]
        assert sent[0] == "in_progress" and sent[-1] == "completed", sent


def a_missing_permission_is_named(folder: Path) -> None:
    """The verdict counts, and what to write into the workflow is said."""
    at = change(folder, "proofmark.yml")
    with Server(folder, world(at)) as server:
        ran = Act(folder, server).run(at.repo, "proofmark.yml", "pull_request", pull_request(at), token=READS)
        assert server.comments == [] and server.checks == []
    assert ran.code == 0 and "checks: write" in ran.log and ("pull-requests: write" in ran.log or "issues: write" in ran.log), told(ran)


def a_dry_run_sends_nothing(folder: Path) -> None:
    steps = CHECKOUT + '      - uses: PROOFMARK\n        with:\n          dry-run: "true"\n          token: ""\n'
    base = {".github/workflows/ci.yml": workflow("pull_request", "    steps:\n" + steps), "metrics.json": metrics(BASE)}
    at = change(folder, base=base, values=WORSE)
    with Server(folder, world(at)) as server:
        ran = Act(folder, server).run(at.repo, "ci.yml", "pull_request", pull_request(at), token="")
        assert server.requests == [], server.requests
    assert ran.code == 1 and "/check-runs" in ran.log and f"/issues/{PULL}/comments" in ran.log, told(ran)


CHECKOUT = "      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1\n"


def workflow(event: str, job: str) -> str:
    """A workflow with one job, in which PROOFMARK is the published action."""
    job = job.replace("PROOFMARK", "proofmark/proofmark@" + "0" * 40)
    return f"name: ci\non: {event}\njobs:\n  gate:\n    runs-on: ubuntu-latest\n{job}"


if __name__ == "__main__":
    run_cases(
        [
            a_better_change_is_reported_and_the_next_run_updates,
            a_worse_change_is_blocked_until_it_is_mended,
            a_fork_s_run_writes_nothing_and_ends_by_the_verdict,
            the_pair_of_workflows_brings_a_fork_s_report,
            a_forged_report_is_refused_or_judged_again,
            a_push_is_judged_against_what_was_there_before,
            a_merge_group_is_judged_at_the_queue_s_commit,
            legs_of_a_matrix_share_one_comment,
            hostile_names_are_only_names,
            a_pending_check_is_the_one_that_is_completed,
            a_missing_permission_is_named,
            a_dry_run_sends_nothing,
        ],
        # The runner's own way to name a step's script knows no spaces.
        prefix="proofmark-act-",
    )
