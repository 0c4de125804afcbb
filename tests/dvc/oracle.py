"""What DVC says, and what we should say: DVC's answer with the deliberate differences applied.

`expected` is a second, small implementation of the comparison. With no difference switched on it must give what DVC
gives (`differential.py` checks that on every repository, so it can be trusted); with all of them on, what we print.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from dvc.dependency.param import read_param_file
from dvc.repo import Repo
from dvc.repo.metrics.show import _collect_metrics, _collect_top_level_metrics, _read_metric
from dvc.repo.params.show import _collect_params, _collect_vars
from dvc.utils.serialize import load_path
from ruamel.yaml import YAML

WORKSPACE = "workspace"

#: Marks keys that templates took from a file: DVC lists those flat, as they were used.
USED = "used by templates"

#: {file: {key: {"old": ..., "new": ..., "diff": ...}}}
Diff = dict[str, dict[str, dict[str, Any]]]


class Difference(Enum):
    """Where we differ from DVC on purpose. README.md gives the reasons, `differences.py` shows each."""

    NUMBER_FILES = "a file that is one number"
    TEXT_FILES = "a file that is one text"
    NAN_EQUAL = "NaN on both sides"
    NAN_TEXT = "NaN and Infinity in JSON"
    BOOLEANS = "booleans are not numbers"
    COLLIDING_KEYS = "keys that look alike when joined"
    SAME_COMMIT = "one commit under two names"
    PARAM_LISTS = "lists in params"
    LIST_ITEMS = "params that are items of a list"
    BOTH_SIDES = "a file declared on one side only"


ALL = frozenset(Difference)
NONE: frozenset[Difference] = frozenset()


class Colliding(Exception):
    """Two places of one file have the same joined key; DVC ends with a traceback."""


@dataclass
class Reading:
    """A file at a revision. `exact` is its content before DVC turns empty and zero values into nothing."""

    value: Any = None
    exact: Any = None
    error: Exception | None = None


@dataclass
class Side:
    """What DVC reads at one revision: what is declared there, and (for `BOTH_SIDES`) what the other side declares."""

    declared: dict[str, Reading] = field(default_factory=dict)
    union: dict[str, Reading] = field(default_factory=dict)


# Reading, through DVC.


def read_sides(repo: Repo, kind: str, revisions: list[str], targets: list[str] | None) -> dict[str, Side]:
    """Reads each revision; the union is over the declarations of all of `revisions`."""
    collect = _metric_paths if kind == "metrics" else _param_keys
    read = _read_metrics if kind == "metrics" else _read_params
    declared: dict[str, dict[str, list[str]]] = {}
    sides: dict[str, Side] = {}
    for name in _visit(repo, revisions):
        declared[name] = collect(repo, targets)
        sides[name] = Side(read(repo, declared[name]))
    union = _merged(declared.values())
    for name in _visit(repo, [name for name in revisions if declared[name] != union]):
        sides[name].union = read(repo, union)
    for side in sides.values():
        side.union = side.union or side.declared
    return sides


def _merged(declarations: Iterable[dict[str, list[str]]]) -> dict[str, list[str]]:
    """All files with all their keys; no keys means the whole file."""
    union: dict[str, list[str]] = {}
    for paths in declarations:
        for path, keys in paths.items():
            whole = not keys or (path in union and not union[path])
            union[path] = [] if whole else list(dict.fromkeys([*union.get(path, []), *keys]))
    return union


def _visit(repo: Repo, revisions: list[str]) -> Iterable[str]:
    if revisions:
        commits = [revision for revision in revisions if revision != WORKSPACE]
        yield from (name for name in repo.brancher(revs=commits or ["HEAD"]) if name in revisions)


def _metric_paths(repo: Repo, targets: list[str] | None) -> dict[str, list[str]]:
    """Declared metrics before folders are expanded, relative to the project."""
    if targets:
        return {target: [] for target in targets}
    outputs = [repo.fs.relpath(out.fs_path, repo.root_dir) for out in repo.index.metrics]
    return {path: [] for path in [*outputs, *_collect_top_level_metrics(repo)]}


def _read_metrics(repo: Repo, paths: dict[str, list[str]]) -> dict[str, Reading]:
    if not paths:
        return {}
    return {
        path.lstrip("/"): _attempt(lambda path=path: (_read_metric(repo.dvcfs, path), _exact(repo, path)))
        for path in _collect_metrics(repo, targets=list(paths))
    }


def _param_keys(repo: Repo, targets: list[str] | None) -> dict[str, list[str]]:
    """Declared params: file -> keys (none: the whole file), with those that templates used."""
    keys = {
        path.lstrip("/"): list(keys)
        for path, keys in _collect_params(repo, targets=targets or None, default_file="params.yaml").items()
    }
    if not targets:
        for path, values in _collect_vars(repo, keys).items():
            keys[path] = [USED, *values]
    return keys


def _read_params(repo: Repo, paths: dict[str, list[str]]) -> dict[str, Reading]:
    def read(path: str, keys: list[str]) -> tuple[Any, Any]:
        wanted = [key for key in keys if key != USED]
        value = read_param_file(repo.dvcfs, f"/{path}", wanted, flatten=USED in keys)
        return value, _selected(load_path(f"/{path}", repo.dvcfs), wanted)

    return {path: _attempt(lambda path=path, keys=keys: read(path, keys)) for path, keys in paths.items()}


def _selected(document: Any, keys: list[str]) -> Any:
    """The values of dotted keys, in mappings as in the document; an item of a list brings the whole list."""
    if not keys:
        return document
    chosen: dict[str, Any] = {}
    for key in keys:
        place, target, names = document, chosen, key.split(".")
        for number, name in enumerate(names):
            if not isinstance(place, dict) or name not in place:
                break
            place = place[name]
            if number == len(names) - 1 or isinstance(place, list):
                target[name] = place
                break
            target = target.setdefault(name, {})
    return chosen


def _attempt(read: Any) -> Reading:
    try:
        value, exact = read()
    except Exception as error:  # noqa: BLE001 (as DVC does)
        return Reading(error=error)
    return Reading(value, exact)


def _exact(repo: Repo, path: str) -> Any:
    """The content as its format has it; DVC's own readers turn `0` and `""` into `{}`."""
    if path.lower().endswith((".toml", ".py")):
        return load_path(path, repo.dvcfs)
    with repo.dvcfs.open(path, mode="r", encoding="utf-8") as file:
        text = file.read()
    return json.loads(text) if path.lower().endswith(".json") else YAML(typ="safe").load(text)


# Comparing.


def expected(kind: str, old: Side, new: Side, with_unchanged: bool, differences: frozenset[Difference]) -> Diff:
    """The diff of two sides as DVC computes it, except for `differences`."""
    both = Difference.BOTH_SIDES in differences
    olds, news = (old.union, new.union) if both else (old.declared, new.declared)
    result: Diff = {}
    for path in sorted({*olds, *news}):
        entries = _diff_file(kind, olds.get(path), news.get(path), with_unchanged, differences)
        if entries:
            result[path] = entries
    return result


def _diff_file(
    kind: str, old: Reading | None, new: Reading | None, with_unchanged: bool, differences: frozenset[Difference]
) -> dict[str, dict[str, Any]]:
    old_root, new_root = (_root(kind, reading, differences) for reading in (old, new))
    if Difference.NUMBER_FILES not in differences and (isinstance(old_root, dict) or isinstance(new_root, dict)):
        # A mapping beside a single value: DVC has no key for the value.
        unreadable = "unable to parse"
        old_missing = unreadable if _is_value(old_root) else None
        new_missing = unreadable if _is_value(new_root) else None
        old_root, new_root = ({} if _is_value(root) else root for root in (old_root, new_root))
    else:
        old_missing = new_missing = None
    olds, news = (_leaves(kind, root, differences) for root in (old_root, new_root))
    entries = {}
    for key in {**olds, **news}:
        entry = _entry(olds.get(key, old_missing), news.get(key, new_missing), with_unchanged, differences)
        if entry:
            entries[key] = entry
    return entries


def _is_value(root: Any) -> bool:
    return not isinstance(root, dict) and bool(root)


def _root(kind: str, reading: Reading | None, differences: frozenset[Difference]) -> Any:
    if reading is None or reading.error is not None:
        return {}
    if kind == "params":
        return reading.exact if Difference.LIST_ITEMS in differences else reading.value
    root = reading.exact if Difference.NUMBER_FILES in differences else reading.value
    if isinstance(root, str) and Difference.TEXT_FILES not in differences:
        try:
            return json.loads(root)
        except json.JSONDecodeError:
            return root
    return root


def _leaves(kind: str, root: Any, differences: frozenset[Difference]) -> dict[str, Any]:
    leaves: dict[str, Any] = {}

    def visit(key: str, value: Any, is_root: bool) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                visit(str(name) if is_root else f"{key}.{name}", inner, False)
        elif kind == "metrics" and not isinstance(value, (bool, int, float, str)):
            return
        elif is_root and value is None:
            return
        elif key in leaves and Difference.COLLIDING_KEYS not in differences:
            raise Colliding(key)
        else:
            leaves[key] = _list(value, differences)

    visit("", root, True)
    return leaves


def _list(value: Any, differences: frozenset[Difference]) -> Any:
    if isinstance(value, (list, tuple)):
        if Difference.PARAM_LISTS in differences:
            return _as_json(value)
        # DVC forgets tuples here.
        return str(value) if isinstance(value, list) else value
    return value


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_json(inner) for inner in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return str(value)
    return value


def _entry(old: Any, new: Any, with_unchanged: bool, differences: frozenset[Difference]) -> dict[str, Any]:
    if not with_unchanged and _equal(old, new, differences):
        return {}
    entry = {"old": old, "new": new}
    if _is_number(old, differences) and _is_number(new, differences):
        entry["diff"] = new - old
    if Difference.NAN_TEXT in differences:
        return {name: _nan_as_text(value) for name, value in entry.items()}
    return entry


def _equal(old: Any, new: Any, differences: frozenset[Difference]) -> bool:
    if Difference.BOOLEANS in differences and isinstance(old, bool) != isinstance(new, bool):
        return False
    if Difference.NAN_EQUAL in differences and _is_nan(old) and _is_nan(new):
        return True
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_equal(one, two, differences) for one, two in zip(old, new))
    return old == new


def _is_number(value: Any, differences: frozenset[Difference]) -> bool:
    if isinstance(value, bool):
        return Difference.BOOLEANS not in differences
    return isinstance(value, (int, float))


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _nan_as_text(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_nan_as_text(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _nan_as_text(inner) for key, inner in value.items()}
    return value


# Reading both answers.


def disagreements(one: Diff, two: Diff) -> list[str]:
    """Each place where two diffs differ, as text; numbers are compared exactly, 1 and 1.0 are one number."""
    found = []
    for path in sorted({*one, *two}):
        for key in sorted({*one.get(path, {}), *two.get(path, {})}):
            left, right = one.get(path, {}).get(key), two.get(path, {}).get(key)
            if not _identical(left, right):
                found.append(f"{path} {key!r}: {json.dumps(left, default=str)} | {json.dumps(right, default=str)}")
    return found


def _identical(one: Any, two: Any) -> bool:
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_identical(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_identical, one, two))
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    return one == two or (_is_nan(one) and _is_nan(two))
