#!/usr/bin/env python
"""The action's installer, run as a runner runs it: from the text and the shell of its step in action.yml, in folders whose
names have spaces, with releases behind real TLS, and with a cargo that only notes how it was called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

from machine import PATH, RELEASED, TARGET, VERSION, Runner, archive, released, site  # noqa: E402
from rig import ROOT, action, run_cases  # noqa: E402


def a_release_is_downloaded_once_and_taken_from_the_cache_then(folder: Path) -> None:
    runner, packed = Runner(folder), released()
    runner.list(packed)
    with site(folder) as served:
        served.files["/elsewhere"] = packed
        served.redirects[PATH] = f"{served.address}/elsewhere"
        run = runner.install(**served.variables())
        assert (run.code, run.told) == (0, ""), run
        assert run.binary == runner.cached and run.binary.read_bytes() == RELEASED and os.access(run.binary, os.X_OK), run
        assert served.asked == [PATH, "/elsewhere"], served.asked
        assert [path.name for path in runner.cached.parent.iterdir()] == ["proofmark"]
        again = runner.install(**served.variables())
        assert again == run and len(served.asked) == 2, (again, served.asked)
        # Asked for by its name, with and without a `v`.
        for name in (VERSION, f"v{VERSION}"):
            assert runner.install(PROOFMARK_INPUT_VERSION=name, **served.variables()) == run


def a_poisoned_cache_is_replaced(folder: Path) -> None:
    runner, packed = Runner(folder), released()
    runner.list(packed)
    runner.cached.parent.mkdir(parents=True)
    runner.cached.write_bytes(RELEASED + b"evil")
    runner.cached.chmod(0o755)
    with site(folder) as served:
        served.files[PATH] = packed
        run = runner.install(**served.variables())
    assert run.code == 0 and "::warning title=proofmark::the tool cache held another file" in run.told, run
    assert run.binary.read_bytes() == RELEASED


def another_hash_is_an_error_and_cargo_is_not_tried(folder: Path) -> None:
    runner = Runner(folder)
    runner.cargo()
    runner.list(released())
    with site(folder) as served:
        served.files[PATH] = released(b"#!/bin/sh\necho evil\n")
        run = runner.install(**served.variables())
    assert run.code == 3 and "::error title=proofmark::the archive of proofmark" in run.told and "SHA-256" in run.told, run
    assert run.outputs == "" and not runner.cached.exists() and runner.cargo_said is None


def a_binary_with_another_hash_is_an_error(folder: Path) -> None:
    runner, packed = Runner(folder), released()
    runner.list(packed, b"another")
    with site(folder) as served:
        served.files[PATH] = packed
        run = runner.install(**served.variables())
    assert run.code == 3 and "the binary of proofmark" in run.told and run.outputs == "" and not runner.cached.exists(), run


def paths_in_the_archive_lead_nowhere(folder: Path) -> None:
    """Even one whose hash is listed."""
    runner, inside = Runner(folder), f"proofmark-{VERSION}-{TARGET}"
    ways_out = ("../../evil", str(folder / "absolute/evil"), f"{inside}/../../../evil")
    packed = archive({name: b"evil" for name in ways_out} | {f"{inside}/proofmark": RELEASED})
    runner.list(packed)
    with site(folder) as served:
        served.files[PATH] = packed
        run = runner.install(**served.variables())
    assert run.code == 0 and run.binary.read_bytes() == RELEASED, run
    assert not list(folder.rglob("evil"))


def an_archive_without_the_binary_is_an_error(folder: Path) -> None:
    runner, packed = Runner(folder), archive({"proofmark": RELEASED})
    runner.list(packed)
    with site(folder) as served:
        served.files[PATH] = packed
        run = runner.install(**served.variables())
    assert run.code == 3 and "cannot be unpacked" in run.told and run.outputs == "", run


def plain_http_is_refused(folder: Path) -> None:
    """Straight, and behind a redirect."""
    runner, packed = Runner(folder), released()
    runner.cargo()
    runner.list(packed)
    with site(folder, tls=False) as plain:
        plain.files[PATH] = packed
        run = runner.install(PROOFMARK_RELEASES=plain.address)
        assert run.code == 3 and "curl's code 1" in run.told and run.outputs == "", run
        with site(folder) as served:
            served.redirects[PATH] = f"{plain.address}{PATH}"
            run = runner.install(**served.variables())
            assert run.code == 3 and "cannot be downloaded" in run.told and served.asked == [PATH], run
        assert plain.asked == [] and runner.cargo_said is None, plain.asked


def a_stranger_s_certificate_is_refused(folder: Path) -> None:
    runner, packed = Runner(folder), released()
    runner.list(packed)
    with site(folder) as served:
        served.files[PATH] = packed
        run = runner.install(PROOFMARK_RELEASES=served.address)
        assert run.code == 3 and served.asked == [], run
        run = runner.install(PROOFMARK_RELEASES=served.address, PROOFMARK_INPUT_CA_FILE=str(folder / "not there"))
        assert run.code == 2 and "`ca-file` cannot be read" in run.told, run


def what_is_not_there_is_an_error_and_cargo_is_not_tried(folder: Path) -> None:
    runner = Runner(folder)
    runner.cargo()
    runner.list(released())
    with site(folder) as served:
        run = runner.install(**served.variables())
    assert run.code == 3 and f"{PATH} cannot be downloaded" in run.told and runner.cargo_said is None, run


def without_a_release_cargo_builds_in_the_actions_own_folder(folder: Path) -> None:
    runner = Runner(folder)
    runner.cargo()
    # What the checked out repository says to cargo counts for nothing.
    (runner.workspace / ".cargo").mkdir()
    (runner.workspace / ".cargo/config.toml").write_text('[build]\nrustc-wrapper = "evil"\n')
    run = runner.install(PROOFMARK_ACTION_REPOSITORY="acme/proofmark", GH_TOKEN="ghs_secret")
    assert run.code == 0 and run.binary == folder / "tool cache/proofmark/source/release/proofmark", run
    assert runner.cargo_said == f"{runner.source}|build --release --locked --package proofmark|no token\n", runner.cargo_said
    for variables, expected in (
        ({"CARGO_TARGET_DIR": "target of mine"}, runner.workspace / "target of mine"),
        ({"PROOFMARK_CACHE": str(folder / "a cache")}, folder / "a cache/target"),
    ):
        run = runner.install(**variables)
        assert run.code == 0 and run.binary == expected / "release/proofmark" and run.binary.exists(), run


def a_local_checkout_of_the_action_is_built(folder: Path) -> None:
    """`uses: ./` names no repository, and means this very source."""
    runner = Runner(folder)
    runner.cargo()
    runner.list(released())
    run = runner.install()
    assert run.code == 0 and runner.cargo_said, run


def other_machines_get_no_archive_of_this_one(folder: Path) -> None:
    runner = Runner(folder)
    runner.list(released())
    with site(folder) as served:
        served.files[PATH] = released()
        for system, processor in (("Linux", "ARM"), ("Linux", "ARM64"), ("Windows", "ARM64"), ("Plan9", "X64")):
            run = runner.install(RUNNER_OS=system, RUNNER_ARCH=processor, **served.variables())
            assert run.code == 2 and "cargo is missing" in run.told and run.outputs == "", run
        assert served.asked == []
        arm = "aarch64-unknown-linux-musl"
        runner.list(packed := released(b"arm", arm), b"arm", arm)
        served.files[PATH.replace(TARGET, arm)] = packed
        run = runner.install(RUNNER_ARCH="ARM64", **served.variables())
        assert run.code == 0 and run.binary.read_bytes() == b"arm", run


def archives_come_from_the_repository_that_the_action_came_from(folder: Path) -> None:
    """Which the runner tells, or its folders do."""
    runner = Runner(folder)
    runner.list(released())
    runner.program("curl", 'for last; do :; done; echo "$last" >"$HOME/asked"; exit 22')

    def asked(**variables: str) -> str:
        run = runner.install(**variables)
        assert run.code == 3 and "curl's code 22" in run.told, run
        return (folder / "home/asked").read_text().strip()

    assert asked(PROOFMARK_ACTION_REPOSITORY="acme/proofmark") == f"https://github.com/acme/proofmark/releases/download{PATH}"
    laid = folder / "_actions/acme/gate/feature/v1"
    shutil.copytree(runner.source, laid)
    assert asked(GITHUB_ACTION_PATH=str(laid)) == f"https://github.com/acme/gate/releases/download{PATH}"
    for hostile in ("acme", "acme/../other", "acme/x y", "acme/a/b", "@evil.example/x", "acme/$(touch evil)"):
        run = runner.install(PROOFMARK_ACTION_REPOSITORY=hostile)
        assert run.code == 2 and "is no OWNER/NAME" in run.told, run


def an_unknown_version_is_an_error(folder: Path) -> None:
    runner = Runner(folder)
    runner.cargo()
    run = runner.install(PROOFMARK_INPUT_VERSION="1.0.0")
    assert run.code == 2 and "version 1.0.0 is not known" in run.told and runner.cargo_said is None, run
    for hostile in ("../../evil", "1.0 x", "1.0\n::error::x", "$(touch evil)", ".", "a..b"):
        run = runner.install(PROOFMARK_INPUT_VERSION=hostile)
        assert run.code == 2 and "is no version" in run.told and run.told.count("\n") == 1, run


def a_broken_line_of_the_list_is_an_error(folder: Path) -> None:
    runner = Runner(folder)
    runner.cargo()
    with (runner.source / ".github/action/checksums.txt").open("a") as file:
        file.write(f"{VERSION} {TARGET} {'0' * 63} {'0' * 64}\n")
    run = runner.install(PROOFMARK_ACTION_REPOSITORY="acme/proofmark")
    assert run.code == 2 and "is broken" in run.told and runner.cargo_said is None, run


def a_list_with_windows_line_ends_is_read(folder: Path) -> None:
    runner, packed = Runner(folder), released()
    runner.list(packed)
    path = runner.source / ".github/action/checksums.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with site(folder) as served:
        served.files[PATH] = packed
        run = runner.install(**served.variables())
    assert run.code == 0 and run.binary.read_bytes() == RELEASED, run


def a_given_binary_is_taken_as_it_is(folder: Path) -> None:
    runner = Runner(folder)
    runner.program("my proofmark", "echo mine")
    mine = runner.programs / "my proofmark"
    run = runner.install(PROOFMARK_BIN=str(mine))
    assert run.code == 0 and run.binary == mine, run
    for bad in (folder / "not there", folder, ROOT / "Cargo.toml"):
        run = runner.install(PROOFMARK_BIN=str(bad))
        assert run.code == 2 and "cannot be run" in run.told and run.outputs == "", run


def what_earlier_steps_left_in_the_environment_is_not_run(folder: Path) -> None:
    """Neither start-up files nor functions, even where the step's own `env` would not clear them."""
    runner = Runner(folder)
    runner.cargo()
    evil = folder / "evil.sh"
    evil.write_text(f'echo evil >>"{folder}/ran"\n')
    left = {"BASH_ENV": str(evil), "ENV": str(evil), "BASH_FUNC_cargo%%": f'() {{ echo evil >>"{folder}/ran"; }}'}
    step = action()["runs"]["steps"][0]
    assert step["env"]["BASH_ENV"] == "" and step["env"]["ENV"] == ""
    run = runner.install(**left, **{"BASH_FUNC_main%%": left["BASH_FUNC_cargo%%"]})
    assert run.code == 0 and runner.cargo_said and not (folder / "ran").exists(), run
    for step in action()["runs"]["steps"]:
        shell = [str(folder / "probe.sh") if word == "{0}" else word for word in step["shell"].split()]
        (folder / "probe.sh").write_text("cargo\n")
        subprocess.run(shell, env=runner.environment | left, check=True, capture_output=True)
        assert not (folder / "ran").exists(), step["shell"]


def an_attestation_is_verified_when_asked_for(folder: Path) -> None:
    runner, packed = Runner(folder), released()
    runner.list(packed)
    asked = {"PROOFMARK_INPUT_VERIFY_ATTESTATION": "true", "PROOFMARK_ACTION_REPOSITORY": "acme/proofmark", "GH_TOKEN": "ghs_token"}
    with site(folder) as served:
        served.files[PATH] = packed
        variables = served.variables() | asked
        runner.program("gh", 'echo "$GH_TOKEN $*" >"$HOME/gh"; exit 1')
        run = runner.install(**variables)
        assert run.code == 3 and "attestation" in run.told and run.outputs == "" and not runner.cached.exists(), run
        said = (folder / "home/gh").read_text().split()
        assert said[:3] == ["ghs_token", "attestation", "verify"] and said[-4:-2] == ["--repo", "acme/proofmark"], said
        runner.program("gh", "exit 0")
        run = runner.install(**variables)
        assert run.code == 0 and run.binary.read_bytes() == RELEASED, run


if __name__ == "__main__":
    run_cases(
        [
            a_release_is_downloaded_once_and_taken_from_the_cache_then,
            a_poisoned_cache_is_replaced,
            another_hash_is_an_error_and_cargo_is_not_tried,
            a_binary_with_another_hash_is_an_error,
            paths_in_the_archive_lead_nowhere,
            an_archive_without_the_binary_is_an_error,
            plain_http_is_refused,
            a_stranger_s_certificate_is_refused,
            what_is_not_there_is_an_error_and_cargo_is_not_tried,
            without_a_release_cargo_builds_in_the_actions_own_folder,
            a_local_checkout_of_the_action_is_built,
            other_machines_get_no_archive_of_this_one,
            archives_come_from_the_repository_that_the_action_came_from,
            an_unknown_version_is_an_error,
            a_broken_line_of_the_list_is_an_error,
            a_list_with_windows_line_ends_is_read,
            a_given_binary_is_taken_as_it_is,
            what_earlier_steps_left_in_the_environment_is_not_run,
            an_attestation_is_verified_when_asked_for,
        ]
    )
