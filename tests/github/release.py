#!/usr/bin/env python
"""The scripts of the release workflow, and that the installer takes what they made: built, packed, listed, published by a gh that
only notes what it was told, pushed to a repository on disk, installed from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

sys.dont_write_bytecode = True

from machine import Runner, sha256, site  # noqa: E402
from rig import ROOT, run_cases, yaml  # noqa: E402

VERSION = "7.8.9"
TARGETS = [row["target"] for row in yaml(ROOT / ".github/workflows/release.yml")["jobs"]["build"]["strategy"]["matrix"]["include"]]


class Project:
    """A checkout of the project at the tag `candidate-v7.8.9`, with binaries of every target and an `origin`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "project"
        shutil.copytree(ROOT / ".github", self.path / ".github")
        (self.path / "Cargo.toml").write_text(f'[workspace.package]\nversion = "{VERSION}"\n')
        for name in ("README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "action.yml"):
            shutil.copy(ROOT / name, self.path / name)
        (programs := folder / "programs").mkdir()
        (programs / "gh").write_text(
            '#!/bin/sh\necho "$*" >>"$HOME/gh"\ncase "$*" in "release view"*) exit "${IS_OUT:-1}" ;; esac\n'
        )
        (programs / "gh").chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        (self.path / ".gitignore").write_text("/target\n/dist\n")
        self.run("git", "init", "-q", "-b", "main")
        self.run("git", "config", "user.name", "A")
        self.run("git", "config", "user.email", "a@example.org")
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", "A candidate")
        self.run("git", "clone", "-q", "--bare", str(self.path), str(folder / "origin.git"))
        self.run("git", "remote", "add", "origin", str(folder / "origin.git"))
        self.run("git", "checkout", "-q", "--detach")

    def run(self, *command: str, code: int = 0, **variables: str) -> str:
        environment = self.environment | variables
        done = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def pack(self) -> dict[str, bytes]:
        """The archives, by target."""
        packed = {}
        for target in TARGETS:
            (built := self.path / "target" / target / "release").mkdir(parents=True)
            (built / ("proofmark.exe" if "windows" in target else "proofmark")).write_bytes(f"#!/bin/sh\necho {target}\n".encode())
            self.run(".github/release/pack.sh", target, "dist")
            packed[target] = (self.path / f"dist/proofmark-{VERSION}-{target}.tar.gz").read_bytes()
        return packed


def what_is_packed_is_listed_published_and_installed(folder: Path) -> None:
    project = Project(folder / "release")
    packed = project.pack()
    project.run(".github/release/publish.sh", "dist", GH_TOKEN="ghs_token")

    said = (project.folder / "gh").read_text()
    assert f"release create v{VERSION} " in said and all(f"-{target}.tar.gz" in said for target in TARGETS), said
    assert "--verify-tag" in said and "ghs_token" not in said, said
    # The commit that users name lists its own archives, and is the candidate but for that.
    tags = project.run("git", "-C", str(folder / "release/origin.git"), "tag", "--list").split()
    assert tags == [f"v{VERSION}"], tags
    changed = project.run("git", "diff", "--name-only", "main", f"v{VERSION}").split()
    assert changed == [".github/action/checksums.txt"], changed
    listed = project.run("git", "show", f"v{VERSION}:.github/action/checksums.txt")
    assert all(f"{VERSION} {target} {sha256(content)} " in listed for target, content in packed.items()), listed

    runner = Runner(folder)
    (runner.source / ".github/action/checksums.txt").write_text(listed)
    with site(folder) as served:
        for target, content in packed.items():
            served.files[f"/v{VERSION}/proofmark-{VERSION}-{target}.tar.gz"] = content
        machines = {"linux": "Linux", "apple": "macOS", "windows": "Windows"}
        for target in TARGETS:
            system = next(name for part, name in machines.items() if part in target)
            processor = "ARM64" if target.startswith("aarch64") else "X64"
            run = runner.install(RUNNER_OS=system, RUNNER_ARCH=processor, **served.variables())
            assert run.code == 0 and target in run.binary.read_text(), (target, run)
            assert run.binary.name == ("proofmark.exe" if system == "Windows" else "proofmark"), run


def archives_hold_the_binary_and_the_licences(folder: Path) -> None:
    project = Project(folder / "release")
    project.pack()
    for file in (project.path / "dist").glob("*.tar.gz"):
        with tarfile.open(file) as archive:
            names = archive.getnames()
        inside = file.name.removesuffix(".tar.gz")
        assert all(name == inside or name.startswith(f"{inside}/") for name in names), names
        assert {f"{inside}/LICENSE-MIT", f"{inside}/LICENSE-APACHE", f"{inside}/README.md"} < set(names), names


def a_release_that_is_out_stays_as_it_is(folder: Path) -> None:
    project = Project(folder / "release")
    project.pack()
    told = project.run(".github/release/publish.sh", "dist", code=1, GH_TOKEN="ghs_token", IS_OUT="0")
    assert "is out already" in told and "create" not in (project.folder / "gh").read_text()
    assert project.run("git", "-C", str(folder / "release/origin.git"), "tag", "--list") == ""


if __name__ == "__main__":
    run_cases(
        [
            what_is_packed_is_listed_published_and_installed,
            archives_hold_the_binary_and_the_licences,
            a_release_that_is_out_stays_as_it_is,
        ]
    )
