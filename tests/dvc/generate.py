"""Random repositories: several ways of declaring metrics and params side by side, over a few commits.

Each way is a `Piece`. In every commit a piece writes its files and adds its declarations to the pipeline files;
between commits its values change, and files and declarations come and go.
"""

from __future__ import annotations

import random
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException

from documents import EXTENSIONS, Documents, yaml_text
from workbench import Workbench


@dataclass
class Pipelines:
    """The dvc.yaml files of one commit, by folder ("" is the project's root)."""

    files: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, folder: str, section: str, entry: Any) -> None:
        self.files[folder].setdefault(section, []).append(entry)

    def stage(self, folder: str, name: str, body: dict[str, Any]) -> None:
        self.files[folder].setdefault("stages", {})[name] = {"cmd": "echo made by hand", **body}


class Piece:
    """One way of having metrics or params."""

    #: Whether its outputs are in the cache, so that dvc.lock must be right.
    cached = False

    def __init__(self, rng: random.Random, number: int) -> None:
        self.rng = rng
        self.documents = Documents(rng)
        self.name = f"p{number}"
        self.folder = rng.choice(["", "", "sub", "sub/deep", "odd name é"])
        self.extension = rng.choice(EXTENSIONS)
        self.document: Any = None

    def path(self, *parts: str) -> str:
        return "/".join(part for part in (self.folder, *parts) if part)

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        """Writes the next state. `strict`: every declared file must be there, since DVC will lock it."""
        raise NotImplementedError

    def write_metrics(self, bench: Workbench, path: str, strict: bool) -> None:
        if not strict and self.rng.random() < 0.08:
            bench.remove(path)
            return
        if self.rng.random() < 0.12:
            bench.write(path, self.rng.choice(self.documents.by_hand(self.extension)))
            return
        first = self.document is None
        if first:
            self.document = self.documents.root(self.extension)
        elif self.rng.random() < 0.75:
            self.document = self.documents.changed(self.document, self.extension)
        bench.write(path, self.documents.text(self.document, self.extension))


class TopLevelMetric(Piece):
    """A file in the `metrics` list of its folder's dvc.yaml; sometimes not declared, sometimes not there."""

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.write_metrics(bench, self.path(f"{self.name}{self.extension}"), strict=False)
        if self.rng.random() < 0.9:
            pipelines.add(self.folder, "metrics", f"{self.name}{self.extension}")


class StageMetric(Piece):
    """A stage's metric that git holds."""

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.write_metrics(bench, self.path(f"{self.name}{self.extension}"), strict)
        if strict or self.rng.random() < 0.9:
            pipelines.stage(self.folder, self.name, {"metrics": [{f"{self.name}{self.extension}": {"cache": False}}]})


class CachedMetric(StageMetric):
    """A stage's metric that only the cache holds."""

    cached = True

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.write_metrics(bench, self.path(f"{self.name}{self.extension}"), strict)
        pipelines.stage(self.folder, self.name, {"metrics": [f"{self.name}{self.extension}"]})


class WorkingFolderMetric(Piece):
    """A stage with a `wdir`, its metric relative to that."""

    def __init__(self, rng: random.Random, number: int) -> None:
        super().__init__(rng, number)
        self.cached = rng.random() < 0.5

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.write_metrics(bench, self.path("work", f"{self.name}{self.extension}"), strict)
        metric = f"{self.name}{self.extension}"
        entry = metric if self.cached else {metric: {"cache": False}}
        pipelines.stage(self.folder, self.name, {"wdir": "work", "metrics": [entry]})


class FolderMetric(Piece):
    """A folder that is a metric: every file in it is one."""

    def __init__(self, rng: random.Random, number: int) -> None:
        super().__init__(rng, number)
        self.extension = rng.choice([".json", ".yaml"])
        self.cached = rng.random() < 0.5
        self.by_stage = self.cached or rng.random() < 0.5

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        folder = f"{self.name}.d"
        self.write_metrics(bench, self.path(folder, f"always{self.extension}"), strict=True)
        for inner in ("a", "in/b", "in/deep/c"):
            self.document = None
            self.write_metrics(bench, self.path(folder, f"{inner}{self.extension}"), strict=False)
        if self.by_stage:
            entry = folder if self.cached else {folder: {"cache": False}}
            pipelines.stage(self.folder, self.name, {"metrics": [entry]})
        else:
            pipelines.add(self.folder, "metrics", folder)


class MetricInOutput(Piece):
    """A file inside a cached output folder, declared at the top level."""

    cached = True

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.write_metrics(bench, self.path(f"{self.name}.out", f"m{self.extension}"), strict=True)
        bench.write(self.path(f"{self.name}.out", "model.bin"), bytes([self.rng.randint(0, 255)]))
        pipelines.stage(self.folder, self.name, {"outs": [f"{self.name}.out"]})
        pipelines.add(self.folder, "metrics", f"{self.name}.out/m{self.extension}")


class AddedFile(Piece):
    """A metric that `dvc add` put into the cache, alone or in its folder."""

    def __init__(self, rng: random.Random, number: int) -> None:
        super().__init__(rng, number)
        self.in_folder = rng.random() < 0.5

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        added = f"{self.name}.added" if self.in_folder else f"{self.name}{self.extension}"
        metric = f"{added}/m{self.extension}" if self.in_folder else added
        self.write_metrics(bench, self.path(metric), strict=True)
        pipelines.add(self.folder, "metrics", metric)
        self.target = self.path(added)

    def after(self, bench: Workbench) -> None:
        with bench.dvc() as repo:
            repo.add(self.target)


class ForeachMetrics(Piece):
    """Metrics of generated stages, one for each item of a list in a `vars` file or in params.yaml."""

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.folder = self.name
        items = self.rng.sample(["us", "uk", "de", "fr"], self.rng.randint(1, 3))
        bench.write(self.path("models.yaml"), yaml_text({"models": items, "out": {"dir": "res"}}))
        for item in items:
            self.document = None
            self.write_metrics(bench, self.path("res", f"{item}{self.extension}"), strict)
        pipelines.files[self.folder]["vars"] = ["models.yaml"]
        body = {"cmd": "echo ${item}", "metrics": [{"${out.dir}/${item}" + self.extension: {"cache": False}}]}
        pipelines.files[self.folder].setdefault("stages", {})["train"] = {"foreach": "${models}", "do": body}


class MatrixMetrics(Piece):
    """Metrics of a matrix of stages, cached or not."""

    def __init__(self, rng: random.Random, number: int) -> None:
        super().__init__(rng, number)
        self.cached = rng.random() < 0.5

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        matrix = {"model": ["cnn", "xgb"], "size": [1, 2]}
        for model in matrix["model"]:
            for size in matrix["size"]:
                self.document = None
                self.write_metrics(bench, self.path(f"{self.name}-{model}{size}{self.extension}"), strict)
        metric = self.name + "-${item.model}${item.size}" + self.extension
        body = {"cmd": "echo ${key}", "metrics": [metric if self.cached else {metric: {"cache": False}}]}
        pipelines.files[self.folder].setdefault("stages", {})[self.name] = {"matrix": matrix, **body}


class IgnoredPipeline(Piece):
    """A pipeline that .dvcignore hides, and a metric that it hides and that counts all the same."""

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        ignored = f"{self.name}-hidden"
        self.folder = ""
        bench.write(".dvcignore", f"/{ignored}\n*.hidden.json\n")
        bench.write(f"{ignored}/m.json", '{"a": 1}' if self.rng.random() < 0.5 else '{"a": 2}')
        pipelines.add(ignored, "metrics", "m.json")
        bench.write(f"{self.name}.hidden.json", '{"b": 1}' if self.rng.random() < 0.5 else '{"b": 2}')
        pipelines.add("", "metrics", f"{self.name}.hidden.json")


class RootParams(Piece):
    """params.yaml of the root, and stages that declare some of its keys."""

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.folder = ""
        if self.document is None:
            self.document = {"lr": 0.1, "nested": {"key": 1, "list": [1, {"q": 2}, "x"]}, **self.documents.mapping(".yaml", 1, True)}
        else:
            self.document = {**self.document, **self.documents.changed(self.document, ".yaml", True)}
        if not isinstance(self.document.get("nested"), dict) or "key" not in self.document["nested"]:
            self.document["nested"] = {"key": self.rng.random()}
        bench.write("params.yaml", yaml_text(self.document))
        pipelines.stage("", f"{self.name}-root", {"params": ["lr", "nested.key"]})


class StageParams(Piece):
    """Keys of another params file, declared by a stage; the file is in the stage's folder."""

    def __init__(self, rng: random.Random, number: int) -> None:
        super().__init__(rng, number)
        self.extension = rng.choice([".json", ".yaml", ".toml"])

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        first = self.document is None
        self.document = (
            self.documents.mapping(self.extension, 1, True) if first else self.documents.changed(self.document, self.extension, True)
        )
        self.document["must"] = self.rng.choice([1, 2.5, "x"])
        self.document["deep"] = {"lr": self.rng.random(), "n": 3, "list": [self.rng.randint(1, 3), "y"]}
        file = f"{self.name}-params{self.extension}"
        bench.write(self.path(file), self.documents.text(self.document, self.extension))
        keys = self.rng.choice([["must"], ["must", "deep.lr"], ["deep"], ["deep.list", "must"], ["deep.list.0"], None])
        if keys and not strict and self.rng.random() < 0.3:
            keys = [*keys, "not.there"]
        pipelines.stage(self.folder, f"{self.name}-uses", {"params": [{file: keys}]})


class TopLevelParams(Piece):
    """A whole file in the `params` list of a dvc.yaml."""

    def __init__(self, rng: random.Random, number: int) -> None:
        super().__init__(rng, number)
        self.extension = rng.choice([".json", ".yaml", ".toml", ".py"])

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        file = f"{self.name}-extra{self.extension}"
        if self.extension == ".py":
            text = self._python()
        else:
            first = self.document is None
            make = self.documents.mapping(self.extension, 0, True) if first else self.documents.changed(self.document, self.extension, True)
            self.document = make
            text = self.documents.text(make, self.extension)
        bench.write(self.path(file), text)
        if self.rng.random() < 0.9:
            pipelines.add(self.folder, "params", file)

    def _python(self) -> str:
        rng = self.rng
        return (
            f"import os\nLR = {rng.random()!r}\nNAMES = {rng.sample(['a', 'b', 'c'], 2)!r}\nPAIR = (1, {rng.randint(2, 4)})\n"
            f"FLAG = {rng.choice([True, False])}\nBELOW = -{rng.randint(1, 3)}\nNOTHING = None\nDICT = {{'k': {rng.randint(1, 2)}, 'z': [1]}}\n"
            f"CALLED = os.getcwd()\n\n\nclass Train:\n    EPOCHS: int = {rng.randint(1, 9)}\n\n"
            f"    def __init__(self):\n        self.layers = {rng.randint(1, 9)}\n        self.text = 'x{rng.randint(0, 1)}'\n"
        )


class VarsParams(Piece):
    """Values that templates take from a file which no one declares as params; DVC shows those too."""

    def step(self, bench: Workbench, pipelines: Pipelines, strict: bool) -> None:
        self.folder = self.name
        values = {"x": {"y": self.rng.randint(1, 3)}, "z": self.rng.random(), "unused": self.rng.random()}
        bench.write(self.path("vars.json"), self.documents.text(values, ".json"))
        pipelines.files[self.folder]["vars"] = ["vars.json"]
        pipelines.stage(self.folder, "uses", {"cmd": "echo ${x.y} ${z}"})


METRIC_PIECES = [
    TopLevelMetric, TopLevelMetric, StageMetric, CachedMetric, WorkingFolderMetric, FolderMetric, MetricInOutput, AddedFile,
    ForeachMetrics, MatrixMetrics, IgnoredPipeline,
]  # fmt: skip
PARAM_PIECES = [RootParams, StageParams, TopLevelParams, VarsParams]


@dataclass
class Scene:
    """A made repository and what can be compared in it."""

    bench: Workbench
    commits: list[str]
    names: list[str]
    pieces: list[Piece]


class Unusable(Exception):
    """DVC refuses to lock what chance made (a short file with odd letters counts as
    binary, and params whose keys are numbers and texts cannot be sorted)."""


def generate(rng: random.Random, root: Path) -> Scene:
    """Makes a repository of three commits, with a branch, a tag and a dirty work tree."""
    bench = Workbench(root, project=rng.choice(["", "", "", "ml", "nested/project"]))
    chosen = rng.sample(METRIC_PIECES, rng.randint(2, 5)) + rng.sample(PARAM_PIECES, rng.randint(1, 3))
    pieces = [kind(rng, number) for number, kind in enumerate(chosen)]
    strict = any(piece.cached for piece in pieces)
    remote = root.parent / f"{root.name}-remote" if rng.random() < 0.5 else None
    if remote:
        bench.write(".dvc/config", f"[core]\n    remote = store\n['remote \"store\"']\n    url = {remote}\n")
    commits = []
    for number in range(3):
        _step(bench, pieces, strict)
        commits.append(bench.commit(f"step {number}"))
        if number == 0:
            bench.git("branch", "base")
        if number == 1:
            bench.git("tag", *rng.choice([["v1"], ["--annotate", "--message=one", "v1"]]))
    if remote:
        _move_cache_to_remote(bench)
    if rng.random() < 0.8:
        _dirty(bench, rng, pieces)
    names = ["base", "v1", "HEAD~1", "HEAD", "main", commits[0][:10], commits[2]]
    return Scene(bench, commits, names, pieces)


def _step(bench: Workbench, pieces: list[Piece], strict: bool) -> None:
    _write(bench, pieces, strict)
    if strict:
        try:
            bench.lock()
        except (DvcException, TypeError) as error:
            raise Unusable(error) from error
    for piece in pieces:
        if isinstance(piece, AddedFile):
            piece.after(bench)


def _write(bench: Workbench, pieces: list[Piece], strict: bool) -> None:
    pipelines = Pipelines()
    for piece in pieces:
        piece.step(bench, pipelines, strict)
    for file in bench.project.rglob("dvc.yaml"):
        file.unlink()
    for folder, content in pipelines.files.items():
        bench.write(f"{folder}/dvc.yaml" if folder else "dvc.yaml", yaml_text(dict(content)))


def _dirty(bench: Workbench, rng: random.Random, pieces: list[Piece]) -> None:
    """Changes the work tree without telling DVC or git."""
    _write(bench, pieces, strict=False)
    for piece in pieces:
        if piece.cached and rng.random() < 0.3:
            # What is not on disk comes from the cache.
            bench.remove(piece.path(f"{piece.name}{piece.extension}"))


def _move_cache_to_remote(bench: Workbench) -> None:
    with bench.dvc() as repo:
        repo.push(all_commits=True)
    shutil.rmtree(bench.project / ".dvc" / "cache", ignore_errors=True)
