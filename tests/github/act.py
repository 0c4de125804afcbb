#!/usr/bin/env python
"""The whole action, run by act as a runner would run it: the workflows of `.github/examples`, events that GitHub sends, a real
repository, and a fake GitHub that tells afterwards what was done to it.

`act.py [PART OF A NAME...]`. PROOFMARK_BIN names the binary, PROOFMARK_FAKE_GITHUB the fake.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

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
    Change,
    Ran,
    Server,
    change,
    merge_group,
    metrics,
    pull_request,
    push,
    shallow,
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
            # Fails closed, and says so where the report is waited for.
            assert ran.code != 0 and {check["conclusion"] for check in server.checks} == {"failure"}, told(ran)
            assert "accuracy" not in only(server.comments)["body"], server.comments

        uploaded(server, at.head, {"report.json": lenient_report(at, folder)})
        ran = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN))
        assert ran.code == 0, told(ran)
        # Judged again by the policy of the base.
        assert server.checks[-1]["conclusion"] == "failure" and "accuracy" in only(server.comments)["body"], server.checks

        # The pull request has moved on: its number is not taken for that of the report.
        before = only(server.comments)
        server.ask("POST", "/__world", {"repositories": {"acme/widgets": {"issues": {str(PULL): {"pull": {"head": {"sha": at.base}}}}}}})
        ran = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN), run=RUN + 1)
        assert only(server.comments) == before, told(ran)


def lenient_report(at: Change, folder: Path) -> bytes:
    """What a fork can make by changing step one: a sound report by a policy of its own, which allows everything."""
    (lax := folder / "lax.toml").write_text('[[rule]]\nmetric = "accuracy"\nmin = 0.1\n')
    command = [os.environ["PROOFMARK_BIN"], "gate", at.base, at.head, "--config", str(lax), "--format", "json"]
    made = subprocess.run(command, cwd=at.repo.path, env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=60)
    assert made.returncode == 0 and json.loads(made.stdout)["judgement"]["effect"] == "allow", made
    return made.stdout


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
        nothing_but_text_is_foreign(text)
    assert comment["body"].count("<!-- proofmark:k") == 0, comment["body"]


def nothing_but_text_is_foreign(markdown: str) -> None:
    """As a reader of Markdown takes it: no name became HTML, a link or an image, and nobody is called."""
    found = 0
    for block in MarkdownIt("commonmark").enable("table").parse(markdown):
        for token in [block, *(block.children or [])]:
            kind, content = token.type, token.content.lower()
            assert kind != "image" and "evil" not in str(token.attrs.get("href", "")), token
            if kind in ("html_inline", "html_block"):
                # What stands in our hidden marks is encoded, so that none ends early.
                rest = re.sub(r"<!--(?:(?!--)[^<>])*-->", "", content)
                assert not any(word in rest for word in ("script", "alert", "evil")), token
            if kind == "text":
                assert "@everyone" not in content, token
            found += kind == "code_inline" and "evil" in content
    assert found or "evil" not in markdown, "the names are not there, so that nothing was shown"


def what_cannot_be_judged_is_told_and_blocks(folder: Path) -> None:
    at = change(folder, "proofmark-fork.yml", "proofmark.yml", base={"metrics.json": metrics(BASE), "proofmark.toml": "[[rule]]\nmetrik = 1\n"})
    with Server(folder, world(at)) as server:
        act = Act(folder, server)
        ran = act.run(at.repo, "proofmark.yml", "pull_request", pull_request(at))
        assert ran.code == 1 and ran.outputs["verdict"] == "inconclusive" and ran.outputs["blocked"] == "true", told(ran)
        comment, check = only(server.comments), only(server.checks)
        assert check["conclusion"] == "failure" and "metrik" in check["summary"] and "metrik" in comment["body"], (check, comment)
        assert "metrik" in ran.summary, told(ran)
        # There is no report, and no step looks for one.
        assert ran.outputs["report-json"] == "" and ran.outputs["report-markdown"] == "", ran.outputs
        fork = act.run(at.repo, "proofmark-fork.yml", "pull_request", pull_request(at, fork=True), token=READS)
        assert fork.code == 1 and list(act.uploads.iterdir()) == [] and "upload" not in failed_steps(fork), told(fork)


def failed_steps(ran: Ran) -> str:
    return "\n".join(row.get("step", "") for row in ran.rows if row.get("stepResult") == "failure")


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


def a_shallow_checkout_asks_the_server_for_the_base(folder: Path) -> None:
    for number, (values, code) in enumerate(((WORSE, 1), (BETTER, 0))):
        (here := folder / str(number)).mkdir()
        at = change(here, "proofmark.yml", values=values)
        with Server(here, world(at)) as server:
            ran = Act(here, server).run(shallow(at, here), "proofmark.yml", "pull_request", pull_request(at))
            assert ran.code == code and ran.outputs["verdict"] == ("fail" if code else "pass"), told(ran)
            assert only(server.checks)["head_sha"] == at.head and "0.91" in only(server.comments)["body"], server.state


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


def inputs_with_spaces_and_lines_arrive_as_they_are(folder: Path) -> None:
    steps = CHECKOUT + """\
      - id: proofmark
        uses: PROOFMARK
        with:
          working-directory: a project
          targets: |
            my metrics.json
            others/more.json
          output: out here
          subject: a "subject"
          check: $(touch evil) it's; fine
          comment: "off"
          max-rows: 5
          all: "true"
          fail-on: never
      - env:
          JSON: ${{ steps.proofmark.outputs.report-json }}
          MARKDOWN: ${{ steps.proofmark.outputs.report-markdown }}
        run: test -s "$JSON" && test -s "$MARKDOWN" && test "$MARKDOWN" = "$PWD/a project/out here/report.md"
"""
    names = ("a project/my metrics.json", "a project/others/more.json", "a project/not this.json")
    base = {name: metrics(BASE) for name in names} | {".github/workflows/ci.yml": workflow("pull_request", "    steps:\n" + steps)}
    at = change(folder, base=base, head={name: metrics(WORSE) for name in names})
    with Server(folder, world(at)) as server:
        ran = Act(folder, server).run(at.repo, "ci.yml", "pull_request", pull_request(at))
        assert ran.code == 0 and ran.outputs["blocked"] == "true", told(ran)
        check = only(server.checks)
        assert server.comments == [] and check["name"] == "$(touch evil) it's; fine" and check["conclusion"] == "failure", check
    assert "my metrics.json" in ran.summary and "more.json" in ran.summary and "not this" not in ran.summary, ran.summary
    assert not list(folder.rglob("evil"))


def an_enterprise_server_is_reached_at_its_own_addresses(folder: Path) -> None:
    at = change(folder, "proofmark.yml")
    with Server(folder, world(at)) as server:
        root = server.url
        server.url, server.graphql_url = f"{root}/api/v3", f"{root}/api/graphql"
        ran = Act(folder, server).run(at.repo, "proofmark.yml", "pull_request", pull_request(at))
        server.url = root
        assert ran.code == 0, told(ran)
        assert only(server.comments)["issue"] == PULL and only(server.checks)["conclusion"] == "success"
        assert all(request["path"].startswith("/api/") for request in server.requests), server.requests


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
            what_cannot_be_judged_is_told_and_blocks,
            a_pending_check_is_the_one_that_is_completed,
            a_shallow_checkout_asks_the_server_for_the_base,
            a_missing_permission_is_named,
            a_dry_run_sends_nothing,
            inputs_with_spaces_and_lines_arrive_as_they_are,
            an_enterprise_server_is_reached_at_its_own_addresses,
        ],
        # The runner's own way to name a step's script knows no spaces.
        prefix="proofmark-act-",
    )
