"""Random metrics and params documents, how they change from commit to commit, and their text in each format."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import tomlkit
from dvc.utils.serialize._yaml import _get_yaml

PLAIN_KEYS = ["acc", "loss", "auc", "f1", "rmse", "step", "n", "train", "val", "macro", "k5"]
ODD_KEYS = [
    "top k", "é", "a|b", "x:y", "#h", "p/q", "v1.0", "[0]", '"q"', "back\\slash", "😀", "on", "null", "true", "-",
    "a`b`", "<i>", "*", "&x", "%s", "tab\tkey",
]  # fmt: skip
TEXTS = ["", "good", "0.5", "1e3", "true", "null", "é😀", "two\nlines", 'quo"te', "a: b", "2020-01-02", "~", "NaN", " x "]
LARGE = [2**53 + 1, 2**63 - 1, -(2**63), 2**64, 10**30, -(10**30) + 1]
FLOATS = [0.0, -0.0, 0.1, 1e-3, 1e16, 1e22, 1.5e300, 5e-324, -1e-7, 1 / 3, 123456.789, 1.0, 100.0]

#: Texts that no writer makes and every reader must understand, by extension. Pairs are two states of one file.
BY_HAND: dict[str, list[tuple[str, str]]] = {
    ".json": [
        ('{"a": NaN, "b": 1}', '{"a": -Infinity, "b": 1e400}'),
        ('{"a": 1, "a": 2}', '{"a": 1.0E+2, "a": 3}\n\n'),
        ('\r\n{"k\\u00e9": 1,\r\n "\\ud83d\\ude00": -0}', '{"k\\u00e9": 2, "\\ud83d\\ude00": 0.0}'),
        ('{"a": [1, 2], "b": null, "c": {}}', '{"a": [1, 3], "b": 1, "c": {"d": 2}}'),
        ('[1, 2]', '[1, 3]'),
    ],
    ".yaml": [
        ("a: 0o17\nb: 017\nc: 1:30\nd: 1_000\ne: yes\nf: 1e-3\n", "a: 15\nb: 18\nc: '1:30'\nd: 1000\ne: no\nf: 1e-4\n"),
        ("base: &b {x: 1, y: 2}\nrun:\n  <<: *b\n  y: 3\n", "base: &b {x: 1, y: 2}\nrun:\n  <<: *b\n  x: 4\n"),
        ("a: .nan\nb: -.inf\nc: .5\nd: 1.\ne: +1\n", "a: .NaN\nb: .Inf\nc: 0.5\nd: 1.5\ne: -1\n"),
        ("a: |\n  two\n  lines\nb: >-\n  folded\n  text\n", "a: |-\n  two\n  lines\nb: >\n  folded\n  text\n"),
        ("# nothing\n", "a: 1\n"),
        ("a: 2020-01-02\nb: ~\nc:\nd: 'x'\n", "a: 2020-01-03\nb: 1\nc: 2\nd: y\n"),
        ("---\na: 0x1F\nb: 0b11\nc: 12e03\n...\n", "%YAML 1.2\n---\na: 32\nb: '0b11'\nc: 12000.0\n"),
        ("? a b\n: 1\n'c': {d: [1, {e: 2}]}\n", "? a b\n: 2\n'c': {d: {e: 2}}\n"),
    ],
    ".toml": [
        ("a = nan\nb = 1_000\n[t]\nx = 1e3\n", "a = inf\nb = 0x3e8\n[t]\nx = 1e-3\n"),
        ("when = 2020-01-02\n[[rows]]\nx = 1\n[z]\ny.k = 1\n", "when = 2020-01-03\n[[rows]]\nx = 2\n[z]\ny.k = 2\n"),
    ],
}  # fmt: skip

EXTENSIONS = [".json", ".json", ".yaml", ".yml", ".toml", "", ".txt"]


class Documents:
    """Makes documents from one source of chance."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def scalar(self, extension: str) -> Any:
        rng = self.rng
        choice = rng.random()
        if choice < 0.45:
            return rng.choice([rng.random(), rng.uniform(-1e6, 1e6), rng.gauss(0, 1) * 10.0 ** rng.randint(-12, 12)])
        if choice < 0.65:
            return rng.randint(-1000, 1000)
        if choice < 0.72:
            return rng.choice(FLOATS)
        if choice < 0.80:
            return rng.choice([True, False])
        if choice < 0.90:
            return rng.choice(TEXTS)
        if choice < 0.94:
            return rng.choice([float("nan"), float("inf"), float("-inf")])
        if choice < 0.97 and extension != ".toml":
            return rng.choice(LARGE)
        return rng.choice([None, {}, 0]) if extension != ".toml" else 0

    def mapping(self, extension: str, depth: int = 0, lists: bool = False) -> dict[Any, Any]:
        rng = self.rng
        document: dict[Any, Any] = {}
        for _ in range(rng.randint(1, 5 if depth == 0 else 3)):
            document[self.key(extension)] = self.value(extension, depth, lists)
        return document

    def key(self, extension: str) -> Any:
        rng = self.rng
        if extension in ("", ".yaml", ".yml", ".txt") and rng.random() < 0.03:
            return rng.choice([1, 2.5, 7])
        return rng.choice(ODD_KEYS) if rng.random() < 0.15 else rng.choice(PLAIN_KEYS)

    def value(self, extension: str, depth: int, lists: bool) -> Any:
        rng = self.rng
        if depth < 3 and rng.random() < 0.25:
            return self.mapping(extension, depth + 1, lists)
        if rng.random() < (0.15 if lists else 0.05):
            return [self.list_item(extension, lists) for _ in range(rng.randint(0, 3))]
        return self.scalar(extension)

    def list_item(self, extension: str, lists: bool) -> Any:
        if lists and self.rng.random() < 0.2:
            return {"q": self.rng.randint(0, 3)}
        return self.rng.choice([self.rng.randint(0, 9), round(self.rng.random(), 3), "x"])

    def root(self, extension: str) -> Any:
        """A whole metrics document; some are one value."""
        if extension != ".toml" and self.rng.random() < 0.12:
            return self.rng.choice([self.rng.random(), self.rng.randint(-5, 5), 0, 0.0, 1e-9, "good", "0.5"])
        return self.mapping(extension)

    def changed(self, document: Any, extension: str, lists: bool = False) -> Any:
        """The same document a commit later: mostly the same, some values new, some gone, some added."""
        if not isinstance(document, dict):
            return document if self.rng.random() < 0.4 else self.root(extension)
        later = {}
        for key, value in document.items():
            fate = self.rng.random()
            if fate < 0.07:
                continue
            if isinstance(value, dict) and value and fate < 0.9:
                later[key] = self.changed(value, extension, lists)
            elif fate < 0.55:
                later[key] = value
            else:
                later[key] = self.like(value, extension, lists)
        if self.rng.random() < 0.2:
            later[self.key(extension)] = self.value(extension, 1, lists)
        return later

    def like(self, value: Any, extension: str, lists: bool) -> Any:
        """Another value, usually of the same kind."""
        if self.rng.random() < 0.15:
            return self.value(extension, 1, lists)
        if isinstance(value, bool):
            return not value
        if isinstance(value, float):
            return self.rng.choice([value * 1.01, self.rng.random(), value, float(round(value)) if abs(value) < 1e9 else value])
        if isinstance(value, int):
            return self.rng.choice([value + 1, float(value), value - 3]) if abs(value) < 2**53 else value + 1
        if isinstance(value, str):
            return self.rng.choice(TEXTS)
        return self.value(extension, 1, lists)

    def text(self, document: Any, extension: str) -> str:
        if extension == ".json":
            return json.dumps(document, indent=self.rng.choice([None, 2, 4]), ensure_ascii=self.rng.random() < 0.5)
        if extension == ".toml":
            return tomlkit.dumps(_for_toml(document))
        return yaml_text(document)

    def by_hand(self, extension: str) -> tuple[str, str] | None:
        kind = extension if extension in (".json", ".toml") else ".yaml"
        return self.rng.choice(BY_HAND[kind])


def yaml_text(document: Any) -> str:
    out = io.StringIO()
    _get_yaml().dump(document, out)
    return out.getvalue().removesuffix("...\n")


def _for_toml(document: Any) -> Any:
    """TOML has no null and no keys but text."""
    if isinstance(document, dict):
        return {str(key): _for_toml(value) for key, value in document.items() if value is not None}
    if isinstance(document, list):
        return [_for_toml(value) for value in document]
    if isinstance(document, int) and not isinstance(document, bool) and abs(document) >= 2**63:
        return 0
    return document
