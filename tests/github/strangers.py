#!/usr/bin/env python
"""The action and strangers, run as act.py runs it: pull requests from forks, whose token can only read; reports that a fork made;
names that try to be more than names.
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

from markdown_it import MarkdownIt

sys.dont_write_bytecode = True

from rig import run_cases  # noqa: E402
from scene import (  # noqa: E402
    BETTER,
    BOT,
    CHECKOUT,
    PULL,
    READS,
    RUN,
    WORSE,
    Act,
    Change,
    Server,
    change,
    metrics,
    only,
    pull_request,
    told,
    workflow,
    workflow_run,
    world,
    writes,
)


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
        server.ask(
            "POST", "/__world", {"repositories": {"acme/widgets": {"issues": {str(PULL): {"pull": {"head": {"sha": at.base}}}}}}}
        )
        ran = act.run(at.repo, "proofmark-post.yml", "workflow_run", workflow_run(at, RUN), run=RUN + 1)
        assert only(server.comments) == before, told(ran)


def lenient_report(at: Change, folder: Path) -> bytes:
    """What a fork can make by changing step one: a sound report by a policy of its own, which allows everything."""
    (lax := folder / "lax.toml").write_text('[[rule]]\nmetric = "accuracy"\nmin = 0.1\n')
    command = [os.environ["PROOFMARK_BIN"], "gate", at.base, at.head, "--config", str(lax), "--format", "json"]
    made = subprocess.run(command, cwd=at.repo.path, env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=60)
    assert made.returncode == 0 and json.loads(made.stdout)["judgement"]["effect"] == "allow", made
    return made.stdout


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


if __name__ == "__main__":
    run_cases(
        [
            a_fork_s_run_writes_nothing_and_ends_by_the_verdict,
            the_pair_of_workflows_brings_a_fork_s_report,
            a_forged_report_is_refused_or_judged_again,
            hostile_names_are_only_names,
        ],
        prefix="proofmark-act-",
    )
