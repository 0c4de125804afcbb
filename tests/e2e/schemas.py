#!/usr/bin/env python
"""Every JSON document that the binary prints validates against the schema that the same binary prints, on repositories
that show each status; every example policy does, and policies with mistakes in them do not.

Beside that, every field that is printed stands in the schema: a schema that allows anything would prove nothing.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

sys.dont_write_bytecode = True

import tomlkit  # noqa: E402
from jsonschema import Draft202012Validator, FormatChecker  # noqa: E402

from support import ROOT, Repo, World, main, statuses  # noqa: E402

KINDS = {"compare": "comparison", "gate": "report", "log": "log"}
HUGE = str(2**127 - 1)
MD5 = "3f1c8a9d0000000000000000000000{:02x}"


SCHEMAS: dict[str, dict[str, Any]] = {}


def schema(repo: Repo, of: str) -> dict[str, Any]:
    """Asked for once: the binary has no state."""
    if of not in SCHEMAS:
        SCHEMAS[of] = json.loads(repo.proofmark("schema", of).stdout)
        assert SCHEMAS[of]["$schema"] == "https://json-schema.org/draft/2020-12/schema", SCHEMAS[of]["$schema"]
        Draft202012Validator.check_schema(SCHEMAS[of])
    return SCHEMAS[of]


def mistakes(repo: Repo, of: str, document: Any) -> list[str]:
    rules = schema(repo, of)
    found = Draft202012Validator(rules, format_checker=FormatChecker()).iter_errors(document)
    return sorted({f"{error.json_path}: {error.message[:300]}" for error in found} | set(unknown(rules, rules, document, "$")))


def unknown(rules: dict[str, Any], at: Any, value: Any, path: str) -> Iterator[str]:
    """Fields that the schema does not name. Values of metrics are anything, and have no names to know."""
    shapes = [at]
    if isinstance(at, dict):
        shapes += [shape for word in ("anyOf", "oneOf", "allOf") for shape in at.get(word, [])]
    shapes = [resolved(rules, shape) for shape in shapes]
    if isinstance(value, list):
        for items in (shape["items"] for shape in shapes if "items" in shape):
            for index, item in enumerate(value):
                yield from unknown(rules, items, item, f"{path}[{index}]")
    known = [shape["properties"] for shape in shapes if "properties" in shape]
    if isinstance(value, dict) and known:
        for name, inner in value.items():
            named = [properties[name] for properties in known if name in properties]
            if not named and not any("additionalProperties" in shape for shape in shapes):
                yield f"{path}.{name}: is printed and not in the schema"
            for properties in named[:1]:
                yield from unknown(rules, properties, inner, f"{path}.{name}")


def resolved(rules: dict[str, Any], shape: Any) -> dict[str, Any]:
    while isinstance(shape, dict) and "$ref" in shape:
        shape = rules["$defs"][shape["$ref"].rsplit("/", 1)[1]]
    return shape if isinstance(shape, dict) else {}


def printed(repo: Repo, command: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    """A document, valid as printed and as written to a file."""
    document = repo.document(command, *arguments, code=code)
    kind = {"log": "history"}.get(command, KINDS[command])
    assert document["kind"] == kind and document["schema"] >= 1 and document["proofmark"], document
    wrong = mistakes(repo, KINDS[command], document)
    assert not wrong, f"{command} {arguments}\n" + "\n".join(wrong[:10])
    return document


def everything(repo: Repo, *between: str, gate: int = 0, compare: int = 0) -> dict[str, Any]:
    """Both documents of a change; gives the report."""
    printed(repo, "compare", *between, code=compare)
    return printed(repo, "gate", *between, code=gate)


def change(world: World, base: dict[str, str], head: dict[str, str], name: str = "repo") -> Repo:
    repo = Repo(world, name).commit("Base\tof <all>", base).branch("change")
    for path in base.keys() - head.keys():
        (repo.path / path).unlink()
    return repo.commit("Head", head)


def every_kind_of_value(world: World) -> None:
    base = '{"accuracy": 0.9, "nan": NaN, "inf": 1, "int": %s, "text": "a", "null": 1, "gone": 1, "list": [1, {"a": 2}], "map": {}, "kind": 1, "b": true}'
    head = '{"accuracy": 0.95, "nan": 1, "inf": -Infinity, "int": -%s, "text": "b", "null": null, "new": 1, "list": [2, {"a": null}], "map": [], "kind": "1", "b": false}'
    files = {"params.yaml": "a: [1, {b: 2024-01-01}]\nc: {}\nd: .nan\n"}, {"params.yaml": "a: [2, {b: 2024-01-02}]\nc: 1\nd: .inf\n"}
    repo = change(world, {"metrics.json": base % HUGE, **files[0]}, {"metrics.json": head % HUGE, **files[1]})
    report = everything(repo, "main", "change")
    seen = statuses(report)
    expected = {"improved", "not-a-number", "changed", "null", "removed", "added", "type-changed"}
    assert expected <= set(seen.values()), seen
    values = {row["key"]: row for row in report["comparison"]["metrics"]}
    assert values["int"]["base"] == 2**127 - 1 and values["nan"]["base"] == "NaN" and values["inf"]["head"] == "-Infinity", values
    printed(repo, "log", "*")
    printed(repo, "log", "metrics.json:accuracy", "--from", "main")
    printed(repo, "log", "accuracy", "new", "--all-parents")


def unreadable_sides(world: World) -> None:
    good, broken = '{"accuracy": 0.9}', '{"accuracy": 0.9,\n'
    for name, base, head in (("base", broken, good), ("head", good, broken), ("both", broken, broken + " ")):
        repo = change(world, {"metrics.json": base}, {"metrics.json": head}, name)
        report = everything(repo, "main", "change", gate=2, compare=2)
        assert "unparsable" in statuses(report).values(), statuses(report)
        if name != "both":
            printed(repo, "log", "*")
    repo = change(world, {"metrics.json": good}, {"metrics.json": "version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 3\n" % 1}, "lfs")
    report = everything(repo, "main", "change", gate=2, compare=2)
    assert "unavailable" in statuses(report).values(), statuses(report)


def renamed_added_and_removed_files(world: World) -> None:
    same = '{"accuracy": 0.91234, "f1": 0.81234, "loss": 0.2}'
    repo = change(world, {"old/metrics.json": same, "gone/metrics.json": "{}"}, {"new/metrics.json": same, "own/metrics.csv": "a,b\n1,2\n"})
    report = everything(repo, "main", "change")
    assert {"renamed-file", "added"} <= set(statuses(report).values()), statuses(report)
    repo.git("rm", "-qr", "new", "own")
    everything(repo.commit("Without metrics"), "main", "change", gate=1)


RULES = """
[directions]
score = "higher"

[[rule]]
metric = "accuracy"
min = 0.5
max = 1
max_regression_abs = 0.01
max_regression_rel = 0.1
combine = "all"
warn = { max_regression_abs = 0.001 }

[[rule]]
metric = "nowhere"
file = "models/*.json"
min = 1
severity = "warn"

[[rule]]
metric = "score"
max_regression_rel = 0.1
severity = "info"
"""


def blocked_allowed_and_noticed(world: World) -> None:
    base = {"metrics.json": '{"accuracy": 0.9, "score": 0, "n": 1}', "proofmark.toml": RULES}
    for name, accuracy, code in (("blocked", "0.1", 1), ("noticed", "0.895", 0), ("allowed", "0.9", 0)):
        repo = change(world, base, {**base, "metrics.json": '{"accuracy": %s, "score": 1, "n": 2}' % accuracy}, name)
        report = everything(repo, "main", "change", gate=code)
        assert report["judgement"]["policy"]["side"] == "base", report["judgement"]
        everything(repo, gate=code)
    report = printed(repo, "gate", "main", "change", "--config", "proofmark.toml", "--branch", "release/1")
    assert report["judgement"]["policy"]["side"] == "given" and report["branch"] == "release/1", report


def policy_from_the_head(world: World) -> None:
    metrics = {"metrics.json": '{"accuracy": 0.9}'}
    report = everything(change(world, metrics, {**metrics, "proofmark.toml": RULES}, "new"), "main", "change")
    assert report["judgement"]["policy"]["side"] == "head" and report["notes"], report
    changed = {**metrics, "proofmark.toml": '[[rule]]\nmetric = "accuracy"\nmin = 0.95\n'}
    report = everything(change(world, {**metrics, "proofmark.toml": RULES}, changed, "changed"), "main", "change")
    assert report["judgement"]["effect"] != "block" and report["head_policy_judgement"]["effect"] == "block", report
    report = everything(change(world, {**metrics, "proofmark.toml": RULES}, {**metrics, "proofmark.toml": "[[rul]]"}, "broken"), "main", "change")
    assert any("broken" in note for note in report["notes"]), report


def moved_on_and_far_back(world: World) -> None:
    """A tip beside the base, a base without metrics, a head that is the work tree, a clone without its history."""
    metrics = {"metrics.json": '{"accuracy": 0.9}'}
    repo = change(world, metrics, {"metrics.json": '{"accuracy": 0.91}'})
    repo.git("checkout", "-q", "main")
    repo.commit("Main goes on", {"metrics.json": '{"accuracy": 0.92}'})
    report = everything(repo, "main", "change")
    assert report["comparison"]["tip"]["revision"]["subject"] == "Main goes on", report["comparison"]["tip"]
    assert report["comparison"]["metrics"][0]["tip"] == 0.92, report["comparison"]["metrics"]
    everything(repo, "change", "main", "--base-is", "tip")
    repo.git("rm", "-q", "metrics.json")
    repo.commit("Without metrics").branch("again").commit("With them again", {"metrics.json": '{"accuracy": 0.93}'})
    report = everything(repo, "main", "again")
    assert report["comparison"]["baseline"]["distance"] == 1, report["comparison"]["baseline"]
    everything(repo.write({"metrics.json": '{"accuracy": 0.94}'}), "again")
    printed(repo, "log", "accuracy")


def dvc_data(world: World) -> None:
    """Data versions of every kind, and metrics of which only the hash is here."""
    def project(number: int, metric: str) -> dict[str, str]:
        out = MD5.format(number)
        entries = f"- md5: {out}.dir\n  size: {number}\n  nfiles: 3\n  hash: md5\n  path: folder\n"
        lock = f"schema: '2.0'\nstages:\n  train:\n    cmd: x\n    deps:\n    - path: data.csv\n      md5: {out}\n    - path: s3://bucket/x\n      etag: abc\n    outs:\n    - path: scores.json\n      md5: {metric}\n      size: 5\n"
        stages = "stages:\n  train:\n    cmd: x\n    deps: [data.csv, s3://bucket/x]\n    metrics: [scores.json]\n    params: [lr]\n"
        return {".dvc/config": "", "folder.dvc": f"outs:\n{entries}", "dvc.yaml": stages, "dvc.lock": lock, "params.yaml": f"lr: 0.{number}\n"}

    repo = change(world, project(1, MD5.format(9)), project(2, MD5.format(9)), "same")
    report = printed(repo, "gate", "main", "change", code=repo.code("proofmark", "gate", "main", "change"))
    printed(repo, "compare", "main", "change", code=repo.code("proofmark", "compare", "main", "change"))
    assert "unchanged-by-hash" in statuses(report).values(), statuses(report)
    assert {row["path"] for row in report["comparison"]["data"]} >= {"data.csv", "folder"}, report["comparison"]["data"]
    repo = change(world, project(1, MD5.format(8)), project(2, MD5.format(9)), "different")
    report = everything(repo, "main", "change", gate=2, compare=2)
    assert "unavailable" in statuses(report).values(), statuses(report)


def hostile_names(world: World) -> None:
    names = ["</details>", "@org", "a.b[0]", "", "\u202e", "::notice::", "\u001b[31m", "##[x]", "é\U0001f600"]
    text = [json.dumps({name: number for number, name in enumerate(names, shift)}) for shift in (1, 2)]
    repo = change(world, {"a `b`|c/metrics.json": text[0]}, {"a `b`|c/metrics.json": text[1]})
    # No name tells which way is better, so nothing could be checked.
    report = everything(repo, "main", "change", gate=1)
    assert len(report["comparison"]["metrics"]) == len(names), report["comparison"]["metrics"]
    printed(repo, "log", "*")


def steps_of_jenkins(world: World) -> None:
    repo = change(world, {"metrics.json": '{"accuracy": 0.9}'}, {"metrics.json": '{"accuracy": 0.5}'})
    capabilities = json.loads(repo.proofmark("jenkins", "capabilities").stdout)
    assert not (wrong := mistakes(repo, "jenkins-capabilities", capabilities)), wrong
    sides = {"base": "main", "head": "change"}
    for step, parameters, code in (
        ("gate", sides, 1),
        ("gate", sides | {"failOn": "never", "subject": "a </b> \u202e"}, 0),
        ("gate", sides | {"base": "nowhere"}, 2),
        ("gate", {"bse": "main"}, 2),
        ("compare", sides, 0),
        ("report", {"report": "out/gate/report.json"}, 0),
        ("report", {"report": "none.json"}, 2),
    ):
        request = {"contract": 1, "step": step, "folder": f"out/{step}" if code < 2 else "out/bad", "parameters": parameters}
        assert not (wrong := mistakes(repo, "jenkins-request", request)), wrong
        repo.write({"request.json": json.dumps(request)})
        repo.proofmark("jenkins", "step", "request.json", code=code)
        result = json.loads((repo.path / request["folder"] / "result.json").read_text())
        assert result["exit_code"] == code and result["step"] == step, result
        assert not (wrong := mistakes(repo, "jenkins-step", result)), wrong
        for file in result["files"].values():
            assert (repo.path / request["folder"] / file).stat().st_size, file


def policy_mistakes(repo: Repo, text: str, table: tuple[str, ...] = ()) -> list[str]:
    config = tomlkit.parse(text).unwrap()
    for name in table:
        config = config[name]
    # JSON has no dates; editors check those of TOML as texts.
    return mistakes(repo, "config", json.loads(json.dumps(config, default=str)))


def example_policies_are_valid(world: World) -> None:
    repo = Repo(world, "repo").commit("Base", {"metrics.json": '{"accuracy": 0.9, "loss": 0.1, "test": {"f1": 0.8}, "x": 1}'})
    blocks = re.findall(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert blocks, "README.md shows no policy"
    examples = [*blocks, RULES, repo.proofmark("init", "--dry-run").stdout, ""]
    repo.proofmark("init")
    examples.append((repo.path / "proofmark.toml").read_text())
    # What `init` proposes in comments is meant to be switched on.
    examples.append(re.sub(r"^# ?(?=(\[|\w+ = ))", "", examples[-1], flags=re.M))
    for text in examples:
        try:
            wrong = policy_mistakes(repo, text)
        except tomlkit.exceptions.ParseError as error:
            raise AssertionError(f"{error}\n{text}") from error
        assert not wrong, f"{wrong}\n{text}"
    assert not policy_mistakes(repo, '[project]\nname = "x"\n[[tool.proofmark.rule]]\nmetric = "a"\nmin = 1\n', ("tool", "proofmark"))


def what_the_binary_refuses_the_schema_does(world: World) -> None:
    repo = Repo(world, "repo").commit("Base", {"metrics.json": "{}"})
    rule = '[[rule]]\nmetric = "a"\n'
    for text in (
        rule + "max_regresion_abs = 0.1\n",
        rule + 'min = "high"\n',
        rule + 'min = 1\nseverity = "fatal"\n',
        rule + "min = 1\nwarn = {mni = 1}\n",
        rule + 'min = 1\ndirection = "up"\n',
        "[polcy]\n",
        '[policy]\nno_baseline = "blok"\n',
        '[directions]\na = "hihger"\n',
        '[compare]\nbase_is = "newest"\n',
        '[compare]\nmetrics = "metrics.json"\n',
        "rule = 1\n",
    ):
        repo.write({"wrong.toml": text}).proofmark("gate", "--config", "wrong.toml", code=2)
        assert policy_mistakes(repo, text), f"the schema takes\n{text}"


if __name__ == "__main__":
    main([
        every_kind_of_value,
        unreadable_sides,
        renamed_added_and_removed_files,
        blocked_allowed_and_noticed,
        policy_from_the_head,
        moved_on_and_far_back,
        dvc_data,
        hostile_names,
        steps_of_jenkins,
        example_policies_are_valid,
        what_the_binary_refuses_the_schema_does,
    ])
