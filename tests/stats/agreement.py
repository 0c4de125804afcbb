"""When two answers agree, and how numbers are written: as the vectors of the specification say."""

from __future__ import annotations

import math
from typing import Any

NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def decoded(value: Any) -> Any:
    """`NaN`, `Infinity` and `-Infinity` are written as strings."""
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        return {name: decoded(one) for name, one in value.items()}
    return NAMES.get(value, value) if isinstance(value, str) else value


def encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [encoded(one) for one in value]
    if isinstance(value, dict):
        return {name: encoded(one) for name, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def disagreements(expected: Any, got: Any, tolerance: dict[str, float], path: str = "") -> list[str]:
    """What differs, each with its place. Only what is expected is looked at."""
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return [f"{path}: {expected} and {got}"]
        return [told for name, one in expected.items() for told in disagreements(one, got.get(name), tolerance, f"{path}.{name}" if path else name)]
    if isinstance(expected, list):
        if not isinstance(got, list) or len(expected) != len(got):
            return [f"{path}: {expected} and {got}"]
        return [told for number, (one, other) in enumerate(zip(expected, got, strict=True)) for told in disagreements(one, other, tolerance, f"{path}[{number}]")]
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (expected, got))
    if not numbers:
        return [] if type(expected) is type(got) and expected == got else [f"{path}: expected {expected!r}, got {got!r}"]
    if expected == got or (math.isnan(expected) and math.isnan(got)):
        return []
    away = abs(got - expected)
    if away <= max(tolerance["abs"], tolerance["rel"] * abs(expected)) and math.isfinite(expected):
        return []
    return [f"{path}: expected {expected!r}, got {got!r}, {away / abs(expected) if expected else away:.2g} away"]
