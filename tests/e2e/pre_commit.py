#!/usr/bin/env python
"""The hooks of .pre-commit-hooks.yaml, run by the real pre-commit and the real `git push`.

The hooks that build with cargo have the same entries and take minutes to install, so the ones for an installed binary
stand for them here. pre-commit gets the manifest from a repository that holds nothing else: for these it needs no more.
"""

from __future__ import annotations

import shutil
import sys

sys.dont_write_bytecode = True

from support import ROOT, Repo, World, main, tool  # noqa: E402

GOOD, BETTER, WORSE = ('{"accuracy": %s, "loss": 0.2}\n' % value for value in ("0.90", "0.93", "0.80"))
PRE_COMMIT = tool("pre-commit")


def project(world: World) -> Repo:
    """A repository that uses the hooks of this checkout, with a remote that has its `main`, on the branch `change`."""
    hooks = Repo(world, "hooks")
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks.path)
    hooks.commit("The hooks")
    config = f"""\
repos:
- repo: {hooks.path}
  rev: {hooks.git("rev-parse", "HEAD").stdout.strip()}
  hooks:
  - id: proofmark-gate-system
  - id: proofmark-compare-system
"""
    repo = Repo(world, "project").commit("Train", {"metrics.json": GOOD, ".pre-commit-config.yaml": config})
    repo.remote()
    return repo.branch("change")


def installed(world: World) -> Repo:
    repo = project(world)
    repo.run(PRE_COMMIT, "install", "--hook-type", "pre-push", "--hook-type", "pre-commit")
    return repo


def push(repo: Repo, *what: str, passes: bool, variables: dict[str, str] | None = None) -> str:
    return repo.git("push", "origin", *what, code=0 if passes else None, variables=variables).told


def the_manifest_is_valid(world: World) -> None:
    repo = Repo(world, "any")
    repo.run(PRE_COMMIT, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))


def gate_by_hand(world: World) -> None:
    repo = project(world)
    gate = (PRE_COMMIT, "run", "proofmark-gate-system", "--hook-stage", "pre-push")
    told = repo.commit("Better", {"metrics.json": BETTER}).run(*gate, "--verbose").told
    assert "allowed:" in told and "Passed" in told, told
    told = repo.commit("Worse", {"metrics.json": WORSE}).run(*gate, code=1).told
    assert "BLOCKED" in told and "0.9 → 0.8" in told and "Failed" in told, told
    # As CI runs it, between two commits; what is checked out plays no part.
    between = (*gate, "--verbose", "--from-ref", "origin/main", "--to-ref")
    assert "allowed:" in repo.run(*between, "HEAD~1").told
    assert "BLOCKED" in repo.run(*between, "HEAD", code=1).told


def compare_shows_and_never_stops(world: World) -> None:
    repo = installed(world)
    told = repo.write({"metrics.json": WORSE}).git("commit", "-aqm", "Worse").told
    assert "regressed" in told and "0.9" in told and "0.8" in told, told
    # Only what is staged will be committed, so only that is shown.
    repo.write({"metrics.json": BETTER}).git("add", ".")
    told = repo.write({"metrics.json": '{"accuracy": 0.1}'}).git("commit", "-qm", "Better").told
    assert "0.93" in told and "0.1 " not in told, told
    assert (repo.path / "metrics.json").read_text() == '{"accuracy": 0.1}'
    told = repo.write({"metrics.json": '{"accuracy": '}).git("commit", "-aqm", "Broken").told
    assert "unparsable" in told and "metrics.json" in told, told


def compare_lets_the_first_commit_through(world: World) -> None:
    config = (project(world).path / ".pre-commit-config.yaml").read_text()
    repo = Repo(world, "new")
    repo.write({"metrics.json": GOOD, ".pre-commit-config.yaml": config})
    repo.run(PRE_COMMIT, "install")
    repo.git("add", ".")
    repo.git("commit", "-qm", "First")


def a_push_is_gated(world: World) -> None:
    repo = installed(world)
    repo.commit("Better", {"metrics.json": BETTER})
    push(repo, "change", passes=True)
    repo.commit("Worse", {"metrics.json": WORSE})
    told = push(repo, "change", passes=False)
    assert "BLOCKED" in told and "0.9 → 0.8" in told and "accuracy" in told, told
    assert repo.git("rev-parse", "HEAD~1").stdout == repo.git("rev-parse", "origin/change").stdout
    push(repo, "change", passes=True, variables={"PROOFMARK_SKIP": "1"})
    push(repo, ":change", passes=True)
    push(repo, "change", passes=True, variables={"SKIP": "proofmark-gate-system"})


def what_is_pushed_is_judged(world: World) -> None:
    """And neither what is checked out nor what is staged."""
    repo = installed(world)
    repo.commit("Worse", {"metrics.json": WORSE})
    repo.git("checkout", "-q", "main")
    assert "BLOCKED" in push(repo, "change", passes=False)
    repo.branch("better").commit("Better", {"metrics.json": BETTER})
    repo.git("checkout", "-q", "change")
    push(repo, "better", passes=True)
    repo.write({"metrics.json": BETTER}).git("add", ".")
    assert "BLOCKED" in push(repo, "change", passes=False)
    # To the branch that all is merged into: against what the remote has there.
    assert "BLOCKED" in push(repo, "change:main", passes=False)
    push(repo, "better:main", passes=True)
    repo.git("tag", "v1", "change")
    push(repo, "v1", passes=True)


def to_a_new_remote(world: World) -> None:
    """Nothing of the branch is there yet: pre-commit then tells no commits, only names."""
    repo = installed(world)
    repo.commit("Worse", {"metrics.json": WORSE})
    empty = world.folder / "empty.git"
    repo.git("init", "-q", "--bare", str(empty))
    repo.git("remote", "set-url", "origin", str(empty))
    repo.git("update-ref", "-d", "refs/remotes/origin/main")
    push(repo, "main", passes=True)
    repo.git("update-ref", "-d", "refs/remotes/origin/main")
    assert "BLOCKED" in push(repo, "change", passes=False)


if __name__ == "__main__":
    main([
        the_manifest_is_valid,
        gate_by_hand,
        compare_shows_and_never_stops,
        compare_lets_the_first_commit_through,
        a_push_is_gated,
        what_is_pushed_is_judged,
        to_a_new_remote,
    ])
