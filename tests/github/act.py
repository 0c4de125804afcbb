#!/usr/bin/env python
"""The whole action, run by act as a runner would run it: the workflows of `.github/examples`, events that GitHub sends, a real
repository, and a fake GitHub that tells afterwards what was done to it.

`act.py [PART OF A NAME...]`. PROOFMARK_BIN names the binary, PROOFMARK_FAKE_GITHUB the fake.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.dont_write_bytecode = True

from rig import run_cases  # noqa: E402
from scene import (  # noqa: E402
    BASE,
    BETTER,
    BOT,
    CHECKOUT,
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
    only,
    pull_request,
    push,
    shallow,
    told,
    workflow,
    world,
)


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
        expected = {
            "verdict": "pass",
            "effect": "allow",
            "blocked": "false",
            "regressed": "0",
            "improved": "2",
            "failed": "0",
            "checks": "2",
        }
        assert expected.items() <= ran.outputs.items(), ran.outputs
        assert (
            ran.outputs["comment-url"].endswith(f"#issuecomment-{comment['id']}") and str(check["id"]) in ran.outputs["check-url"]
        )
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
        server.ask(
            "POST", "/__world", {"repositories": {"acme/widgets": {"issues": {str(PULL): {"pull": {"head": {"sha": at.head}}}}}}}
        )
        mended = act.run(at.repo, "proofmark.yml", "pull_request", pull_request(at), run=RUN + 1)
        assert mended.code == 0, told(mended)
        after = only(server.comments)
        assert after["id"] == comment["id"] and after["body"] != comment["body"], after
        assert [(one["head_sha"], one["conclusion"]) for one in server.checks] == [
            (check["head_sha"], "failure"),
            (at.head, "success"),
        ]
        assert server.labels == ["model: fine"], server.labels


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


def what_cannot_be_judged_is_told_and_blocks(folder: Path) -> None:
    at = change(
        folder,
        "proofmark-fork.yml",
        "proofmark.yml",
        base={"metrics.json": metrics(BASE), "proofmark.toml": "[[rule]]\nmetrik = 1\n"},
    )
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
    assert ran.code == 0 and "checks: write" in ran.log and ("pull-requests: write" in ran.log or "issues: write" in ran.log), told(
        ran
    )


def a_dry_run_sends_nothing(folder: Path) -> None:
    steps = CHECKOUT + '      - uses: PROOFMARK\n        with:\n          dry-run: "true"\n          token: ""\n'
    base = {".github/workflows/ci.yml": workflow("pull_request", "    steps:\n" + steps), "metrics.json": metrics(BASE)}
    at = change(folder, base=base, values=WORSE)
    with Server(folder, world(at)) as server:
        # act now and then drops the end of what a step printed right before it ended.
        for _ in range(4):
            ran = Act(folder, server).run(at.repo, "ci.yml", "pull_request", pull_request(at), token="")
            assert server.requests == [], server.requests
            if "/check-runs" in ran.log:
                break
    assert ran.code == 1 and "/check-runs" in ran.log and f"/issues/{PULL}/comments" in ran.log, told(ran)


def inputs_with_spaces_and_lines_arrive_as_they_are(folder: Path) -> None:
    steps = (
        CHECKOUT
        + """\
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
    )
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


if __name__ == "__main__":
    run_cases(
        [
            a_better_change_is_reported_and_the_next_run_updates,
            a_worse_change_is_blocked_until_it_is_mended,
            a_push_is_judged_against_what_was_there_before,
            a_merge_group_is_judged_at_the_queue_s_commit,
            legs_of_a_matrix_share_one_comment,
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
