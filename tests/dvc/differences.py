"""Each deliberate difference from DVC on a repository of its own, with both answers written out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oracle import Diff, Difference
from workbench import Workbench


@dataclass(frozen=True)
class Shown:
    """One difference: how to make the repository, what to ask, what DVC answers, what we answer."""

    title: str
    difference: Difference | None
    make: Callable[[Workbench], None]
    dvc: Diff | str
    ours: Diff | str
    kind: str = "metrics"
    old: str = "HEAD~1"
    new: str = "HEAD"
    with_unchanged: bool = False
    targets: tuple[str, ...] = ()


def _files(*commits: dict[str, str], pipeline: str = "metrics: [m.json]\n") -> Callable[[Workbench], None]:
    """Commits with these files each (an empty text removes one), beside one dvc.yaml."""

    def make(bench: Workbench) -> None:
        bench.write("dvc.yaml", pipeline)
        for files in commits:
            for path, text in files.items():
                bench.write(path, text) if text else bench.remove(path)
            bench.commit()

    return make


def _entry(old: Any, new: Any, diff: Any = None) -> dict[str, Any]:
    return {"old": old, "new": new} if diff is None else {"old": old, "new": new, "diff": diff}


def _link(bench: Workbench) -> None:
    bench.write("dvc.yaml", "metrics: [m.json]\n")
    bench.write("real.json", '{"a": 1}')
    (bench.project / "m.json").symlink_to("real.json")
    bench.commit()
    bench.write("real.json", '{"a": 2}')
    bench.commit()


def _remote(relative: bool, from_the_start: bool) -> Callable[[Workbench], None]:
    """A cached metric whose content is in a remote only."""

    def make(bench: Workbench) -> None:
        store = bench.root.parent / f"{bench.root.name}-store"
        url = f"../../{store.name}" if relative else store
        config = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {url}\n"
        bench.write(".dvc/config", config if from_the_start else "")
        bench.write("dvc.yaml", "stages: {train: {cmd: x, metrics: [m.json]}}\n")
        for number in (1, 2):
            bench.write("m.json", f'{{"a": {number}}}')
            bench.lock()
            if number == 2:
                bench.write(".dvc/config", config)
            bench.commit()
        (bench.project / ".dvc" / "cache").rename(store)
        bench.remove("m.json")

    return make


NAN = float("nan")

SHOWN = [
    Shown(
        "one number falls to zero",
        Difference.NUMBER_FILES,
        _files({"m.json": "0.5"}, {"m.json": "0"}),
        dvc={},
        ours={"m.json": {"": _entry(0.5, 0, -0.5)}},
    ),
    Shown(
        "one number is removed",
        Difference.NUMBER_FILES,
        _files({"m.json": "0.5", "n": "1"}, {"m.json": ""}),
        dvc={},
        ours={"m.json": {"": _entry(0.5, None)}},
    ),
    Shown(
        "one number becomes a mapping",
        Difference.NUMBER_FILES,
        _files({"m.json": "0.5"}, {"m.json": '{"acc": 1}'}),
        dvc={"m.json": {"acc": _entry("unable to parse", 1)}},
        ours={"m.json": {"": _entry(0.5, None), "acc": _entry(None, 1)}},
    ),
    Shown(
        "one text that looks like a number",
        Difference.TEXT_FILES,
        _files({"m.json": '"0.5"'}, {"m.json": '"0.6"'}),
        dvc={"m.json": {"": _entry(0.5, 0.6, 0.09999999999999998)}},
        ours={"m.json": {"": _entry("0.5", "0.6")}},
    ),
    Shown(
        "NaN stays NaN",
        Difference.NAN_EQUAL,
        _files({"m.json": '{"a": NaN, "b": 1}'}, {"m.json": '{"a": NaN, "b": 2}'}),
        dvc={"m.json": {"a": _entry(NAN, NAN, NAN), "b": _entry(1, 2, 1)}},
        ours={"m.json": {"b": _entry(1, 2, 1)}},
    ),
    Shown(
        "NaN in strict JSON",
        Difference.NAN_TEXT,
        _files({"m.json": '{"a": 1}'}, {"m.json": '{"a": NaN}'}),
        dvc={"m.json": {"a": _entry(1, NAN, NAN)}},
        ours={"m.json": {"a": _entry(1, "NaN", "NaN")}},
    ),
    Shown(
        "true becomes false",
        Difference.BOOLEANS,
        _files({"m.json": '{"a": true}'}, {"m.json": '{"a": false}'}),
        dvc={"m.json": {"a": _entry(True, False, -1)}},
        ours={"m.json": {"a": _entry(True, False)}},
    ),
    Shown(
        "true becomes 1",
        Difference.BOOLEANS,
        _files({"m.json": '{"a": true}'}, {"m.json": '{"a": 1}'}),
        dvc={},
        ours={"m.json": {"a": _entry(True, 1)}},
    ),
    Shown(
        "two keys that look alike",
        Difference.COLLIDING_KEYS,
        _files({"m.json": '{"a.b": 1, "a": {"b": 2}}'}, {"m.json": '{"a.b": 1, "a": {"b": 3}}'}),
        dvc="crash: ValueError",
        ours={"m.json": {"a.b": _entry(2, 3, 1)}},
    ),
    Shown(
        "one commit under two names",
        Difference.SAME_COMMIT,
        _files({"m.json": '{"a": 1}'}),
        dvc={},
        ours={"m.json": {"a": _entry(1, 1, 0)}},
        old="HEAD",
        new="main",
        with_unchanged=True,
    ),
    Shown(
        "a list in params",
        Difference.PARAM_LISTS,
        _files({"params.yaml": "a: [1, {q: 2}]\n"}, {"params.yaml": "a: [1, x]\n"}, pipeline="stages: {}\n"),
        dvc={"params.yaml": {"a": _entry("[1, {'q': 2}]", "[1, 'x']")}},
        ours={"params.yaml": {"a": _entry([1, {"q": 2}], [1, "x"])}},
        kind="params",
    ),
    Shown(
        "a metric declared on one side only",
        Difference.BOTH_SIDES,
        _files({"dvc.yaml": "metrics: []\n", "m.json": '{"a": 1}'}, {"dvc.yaml": "metrics: [m.json]\n", "m.json": '{"a": 2}'}),
        dvc={"m.json": {"a": _entry(None, 2)}},
        ours={"m.json": {"a": _entry(1, 2, 1)}},
    ),
    Shown(
        "one item of a list",
        Difference.LIST_ITEMS,
        _files(
            {"p.json": '{"layers": [1, 2, 3]}'},
            {"p.json": '{"layers": [1, 5, 4]}'},
            pipeline="stages: {train: {cmd: x, params: [p.json: [layers.1]]}}\n",
        ),
        dvc={"p.json": {"layers": _entry("[None, 2]", "[None, 5]")}},
        ours={"p.json": {"layers": _entry([1, 2, 3], [1, 5, 4])}},
        kind="params",
    ),
    Shown(
        "a list that a template uses",
        Difference.LIST_ITEMS,
        _files(
            {"v.yaml": "models: [us, uk]\n"},
            {"v.yaml": "models: [us, de]\n"},
            pipeline="vars: [v.yaml]\nstages: {train: {foreach: '${models}', do: {cmd: 'x ${item}'}}}\n",
        ),
        dvc={"v.yaml": {"models.1": _entry("uk", "de")}},
        ours={"v.yaml": {"models": _entry(["us", "uk"], ["us", "de"])}},
        kind="params",
    ),
    Shown(
        "a date in params",
        None,
        _files({"params.yaml": "a: 2020-01-02\nb: 1\n"}, {"params.yaml": "a: 2020-01-03\nb: 2\n"}, pipeline="stages: {}\n"),
        dvc={},
        ours={"params.yaml": {"a": _entry("2020-01-02", "2020-01-03"), "b": _entry(1, 2, 1)}},
        kind="params",
    ),
    Shown(
        "a target that exists nowhere",
        None,
        _files({"m.json": '{"a": 1}'}, {"m.json": '{"a": 2}'}),
        dvc={},
        ours="refused: no such target",
        targets=("typo.json",),
    ),
    Shown(
        "a broken pipeline file",
        None,
        _files({"m.json": '{"a": 1}'}, {"m.json": '{"a": 2}', "dvc.yaml": "metrics: [m.json\n"}),
        dvc={"m.json": {"a": _entry(1, None)}},
        ours={"m.json": {"a": _entry(1, 2, 1)}},
    ),
    Shown(
        "a template that cannot be filled in",
        None,
        _files(
            {"m.json": '{"a": 1}'},
            {"m.json": '{"a": 2}'},
            pipeline="metrics: [m.json]\nstages: {train: {cmd: 'echo ${nowhere}', outs: [model]}}\n",
        ),
        dvc={},
        ours={"m.json": {"a": _entry(1, 2, 1)}},
    ),
    Shown("a metric behind a symbolic link", None, _link, dvc={}, ours={"m.json": {"a": _entry(1, 2, 1)}}),
    Shown(
        "a table as a metrics file",
        None,
        _files({"m.csv": "acc,loss\n1,2\n"}, {"m.csv": "acc,loss\n1,3\n"}, pipeline="metrics: [m.csv]\n"),
        dvc={"m.csv": {"": _entry("acc,loss 1,2", "acc,loss 1,3")}},
        ours={"m.csv": {"loss": _entry(2, 3, 1)}},
    ),
    Shown(
        "a key that is true or null",
        None,
        _files({"m.yaml": "t: {true: 1, null: 2}\n"}, {"m.yaml": "t: {true: 2, null: 3}\n"}, pipeline="metrics: [m.yaml]\n"),
        dvc={"m.yaml": {"t.True": _entry(1, 2, 1), "t.None": _entry(2, 3, 1)}},
        ours={"m.yaml": {"t.true": _entry(1, 2, 1), "t.null": _entry(2, 3, 1)}},
    ),
    Shown(
        "a remote that was added later",
        None,
        _remote(relative=False, from_the_start=False),
        dvc={"m.json": {"a": _entry(None, 2)}},
        ours={"m.json": {"a": _entry(1, 2, 1)}},
    ),
    Shown(
        "a remote with a relative path",
        None,
        _remote(relative=True, from_the_start=True),
        dvc={},
        ours={"m.json": {"a": _entry(1, 2, 1)}},
    ),
]
