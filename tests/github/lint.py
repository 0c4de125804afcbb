#!/usr/bin/env python
"""What can be told of action.yml, the workflows and the examples without running them: zizmor and actionlint find nothing, every
input arrives, nothing is spliced into a shell, every action is pinned, every permission says what it is for.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from rig import ROOT, action, run_cases, tool, yaml  # noqa: E402

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / ".github/examples").glob("*.yml"))
#: Inputs that the installer alone reads, and the one whose variable is not made of its name.
TOKEN, LEG = {"token": "GITHUB_TOKEN"}, {"leg": "PROOFMARK_LEG"}


def check(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}"


def names(files: list[Path]) -> list[str]:
    return [str(file.relative_to(ROOT)) for file in files]


def zizmor_finds_nothing(_: Path) -> None:
    config = ".github/zizmor.yml"
    check(tool("zizmor"), "--offline", "--persona=pedantic", "--config", config, "action.yml", *names(WORKFLOWS + EXAMPLES))


def actionlint_finds_nothing(_: Path) -> None:
    check(tool("actionlint"), *names(WORKFLOWS + EXAMPLES))


def zizmor_and_actionlint_would_find_something(folder: Path) -> None:
    """They look at what they are given, and not at something else."""
    bad = folder / "bad.yml"
    bad.write_text(
        "on: pull_request\njobs:\n  a:\n    runs-on: nowhere-1\n    steps:\n"
        "      - uses: actions/checkout@main\n      - run: echo ${{ github.head_ref }}\n"
    )
    for command in ([tool("zizmor"), "--offline", "--persona=pedantic", str(bad)], [tool("actionlint"), str(bad)]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and "head_ref" in done.stdout + done.stderr, done


def every_input_arrives_and_is_described(_: Path) -> None:
    told = action()
    steps = {step["id"]: step for step in told["runs"]["steps"]}
    run = steps["proofmark"]["env"]
    for name, said in told["inputs"].items():
        variable = (TOKEN | LEG).get(name) or "PROOFMARK_INPUT_" + name.upper().replace("-", "_")
        assert run.get(variable) == f"${{{{ inputs.{name} }}}}", f"{name} does not arrive as {variable}"
        assert len(said["description"]) > 10 and isinstance(said["default"], str), name
    for step in steps.values():
        for variable, value in step["env"].items():
            for name in re.findall(r"inputs\.([\w-]+)", value):
                assert name in told["inputs"], f"{variable} is given {name}, which is no input"
    assert run["PROOFMARK_BIN"] == "${{ steps.install.outputs.binary }}"
    assert steps["proofmark"]["run"] == 'exec "$PROOFMARK_BIN" action'


def every_input_is_read_by_the_binary(_: Path) -> None:
    """By its name, in the file that turns inputs into a command line; the installer has its own."""
    source = (ROOT / "crates/cli/action.rs").read_text()
    installer = (ROOT / ".github/action/install.sh").read_text()
    for name in action()["inputs"].keys() - TOKEN.keys() - LEG.keys():
        variable = "PROOFMARK_INPUT_" + name.upper().replace("-", "_")
        assert f'"{name}"' in source or variable in installer, f"nobody reads the input {name}"


def every_output_is_written_and_described(_: Path) -> None:
    sources = ("crates/cli/posting/runner.rs", "crates/cli/trigger/document.rs")
    source = "".join((ROOT / path).read_text() for path in sources)
    outputs = action()["outputs"]
    for name, said in outputs.items():
        step = "install" if name == "binary" else "proofmark"
        assert said["value"] == f"${{{{ steps.{step}.outputs.{name} }}}}" and len(said["description"]) > 10, name
        assert step == "install" or f'("{name}"' in source, f"nobody writes the output {name}"
    for name in re.findall(r'\("([a-z-]+)", ', source):
        assert name in outputs, f"the output {name} is not in action.yml"


def steps_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "runs" in document:
        yield from document["runs"]["steps"]
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", [])


def nothing_is_spliced_into_a_shell(_: Path) -> None:
    count = 0
    for file in [ROOT / "action.yml", *WORKFLOWS, *EXAMPLES]:
        for step in steps_of(yaml(file)):
            count += "run" in step
            assert "${{" not in step.get("run", ""), (file, step)
    assert count > 8, "the steps were not found"


def the_steps_of_the_action_take_nothing_from_earlier_ones(_: Path) -> None:
    for step in steps_of(action()):
        assert step["shell"] == "bash --noprofile --norc -p -euo pipefail {0}", step
        assert step["env"]["BASH_ENV"] == step["env"]["ENV"] == "", step


def every_action_is_pinned_and_named(_: Path) -> None:
    seen: dict[str, str] = {}
    for file in [*WORKFLOWS, *EXAMPLES]:
        for line in file.read_text().splitlines():
            if "uses:" not in line or line.lstrip().startswith("#"):
                continue
            used = line.split("uses:")[1].strip()
            if used == "./":
                continue
            match = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used)
            assert match, f"{file.name}: {used} is not pinned by commit with its version"
            # One action, one version, everywhere.
            assert seen.setdefault(match[1], match[0]) == match[0], (file.name, used)
    assert len(seen) >= 4, seen


def every_permission_says_what_it_is_for(_: Path) -> None:
    for file in [*WORKFLOWS, *EXAMPLES]:
        document = yaml(file)
        assert document["permissions"] == {}, f"{file.name}: the top level gives permissions"
        assert "concurrency" in document, f"{file.name} has no concurrency group"
        for name, job in document["jobs"].items():
            assert job["permissions"], f"{file.name}: {name} names no permissions"
            for permission, level in job["permissions"].items():
                said = rf"^ +{permission}: {level} # \w"
                assert re.search(said, file.read_text(), re.M), f"{file.name}: {permission} does not say why"


def checkouts_keep_no_credentials(_: Path) -> None:
    for file in [*WORKFLOWS, *EXAMPLES]:
        for step in steps_of(yaml(file)):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, file
                assert file in WORKFLOWS or step["with"]["fetch-depth"] == 0, f"{file.name}: the base is missing"


def the_privileged_example_checks_nothing_out(_: Path) -> None:
    document = yaml(ROOT / ".github/examples/proofmark-post.yml")
    (step,) = steps_of(document)
    assert step["uses"].startswith("proofmark/proofmark@") and "run" not in step
    one = yaml(ROOT / ".github/examples/proofmark-fork.yml")
    assert document["on"]["workflow_run"]["workflows"] == [one["name"]], "it waits for another workflow"
    (upload,) = (step for step in steps_of(one) if step["uses"].startswith("actions/upload-artifact@"))
    assert step["with"]["artifact"] == upload["with"]["name"]


if __name__ == "__main__":
    run_cases(
        [
            zizmor_finds_nothing,
            actionlint_finds_nothing,
            zizmor_and_actionlint_would_find_something,
            every_input_arrives_and_is_described,
            every_input_is_read_by_the_binary,
            every_output_is_written_and_described,
            nothing_is_spliced_into_a_shell,
            the_steps_of_the_action_take_nothing_from_earlier_ones,
            every_action_is_pinned_and_named,
            every_permission_says_what_it_is_for,
            checkouts_keep_no_credentials,
            the_privileged_example_checks_nothing_out,
        ]
    )
