"""Prediction tables, written by three libraries in many forms, against scikit-learn's metrics of the same rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agreement import disagreements
from cases import pick
from references_rows import kernel
from table_references import Rows, parts, texts, value
from table_scenarios import Scenario, scenario
from writers import WRITERS

NEAR = {"rel": 1e-9, "abs": 1e-11}
SCENARIOS = 60
#: Metrics of a scenario that are sliced too: scikit-learn takes a millisecond or two for each.
SLICED = 4
RESAMPLES = 40
Compared = tuple[str, list[str], dict[str, Any]]


def compared(folder: Path, answerer: Any, seed: int, share: float, wanted: str) -> Iterator[Compared]:
    """A name, what disagrees, and what was asked; the files of what disagrees are lost, but seed and number make them anew."""
    made, asked = [], []
    for number in range(max(1, round(share * SCENARIOS))):
        rng = np.random.default_rng([seed, 1000, number])
        drawn = scenario(rng)
        drawn.metrics = [metric for metric in drawn.metrics if wanted in metric or wanted in "tables"]
        if not drawn.metrics:
            continue
        # Every writer has its turn on each side.
        names = list(WRITERS)
        writers = names[number % len(names)], pick(rng, names)
        files = []
        for side, frame, writer in zip(("base", "head"), (drawn.base, drawn.head), writers, strict=True):
            path = folder / f"{number}-{side}-{writer}"
            WRITERS[writer](frame, path)
            files.append(str(path))
        sliced = rng.permutation(drawn.metrics)[:SLICED]
        requests = [[metric, ""] for metric in drawn.metrics]
        requests += [[str(metric), pick(rng, ("country", "country", "phone", "country*phone"))] for metric in sliced]
        spec = drawn.spec | {"file": "predictions.csv"}
        made.append((drawn, writers, number))
        asked.append({"base": files[0], "head": files[1], "table": spec, "requests": requests, "resamples": RESAMPLES})
    for (drawn, writers, number), question, answer in zip(made, asked, answerer.answers(asked), strict=True):
        about = {"scenario": number, "writers": writers, "rows": [len(drawn.base), len(drawn.head)], "table": question["table"]}
        if "error" in answer:
            yield "tables: error", [answer["error"]], about
            continue
        for metric, told, more in of_scenario(drawn, question["requests"], answer["measured"]):
            yield f"table {parts(metric)[0]}", told, about | {"metric": metric} | more


def of_scenario(drawn: Scenario, requests: list[list[str]], measured: list[dict[str, Any]]) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    base, head, pairing = paired(drawn)
    found = {(one["metric"], tuple(sorted(one.get("slice", {}).items()))): one for one in measured}
    for metric, by in requests:
        for part in slices(base, head, by):
            got = found.pop((metric, part), None)
            told = ["not measured"] if got is None else []
            if got is not None:
                sides = [Rows(within(frame, part), drawn.spec, drawn.classes) for frame in (base, head)]
                values = [value(metric, side) for side in sides]
                told = of_values(values, sides, got) + (of_sample(metric, values, sides, got) if pairing else of_no_pairs(got))
            yield metric, told, {"slice": part, "got": got}
    for (metric, part), got in found.items():
        yield metric, ["measured, and not asked for"], {"slice": part, "got": got}


def paired(drawn: Scenario) -> tuple[pd.DataFrame, pd.DataFrame, bool]:
    """The rows that are compared, in one order, and whether they are pairs."""
    base, head = drawn.base, drawn.head
    if len(base) == len(head) or "id" in drawn.spec and "max_unmatched" in drawn.spec:
        if "id" in drawn.spec:
            head = head.set_index("id", drop=False).reindex(base["id"][base["id"].isin(set(head["id"]))]).reset_index(drop=True)
            base = base[base["id"].isin(set(head["id"]))].reset_index(drop=True)
        return base, head, True
    return base, head, False


def slices(base: pd.DataFrame, head: pd.DataFrame, by: str) -> list[tuple[tuple[str, str], ...]]:
    if not by:
        return [()]
    columns = by.split("*")
    rows = pd.concat([base[columns], head[columns]])
    return sorted({tuple(sorted(zip(columns, texts(np.array(row, object)), strict=True))) for row in rows.itertuples(index=False)})


def within(frame: pd.DataFrame, part: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    for column, wanted in part:
        frame = frame[texts(frame[column].to_numpy(object)) == wanted]
    return frame


def of_values(values: list[float | None], sides: list[Rows], got: dict[str, Any]) -> list[str]:
    expected: dict[str, Any] = {"base": values[0], "head": values[1]}
    expected |= {"n_base": len(sides[0].frame), "n_head": len(sides[1].frame)}
    return disagreements(expected, got, NEAR)


def of_no_pairs(got: dict[str, Any]) -> list[str]:
    told = [] if got.get("sample") is None else ["a sample, though rows are not paired"]
    reason = (got.get("obstacle") or {}).get("reason")
    return told + ([] if reason else ["no obstacle, though rows are not paired"])


def of_sample(metric: str, values: list[float | None], sides: list[Rows], got: dict[str, Any]) -> list[str]:
    """The figures that the judgement rests on."""
    sample = got.get("sample")
    if values[0] is None or values[1] is None:
        return [] if sample is None or sample["kind"] in ("paired-cells", "paired-proportion") else [f"a sample of an undefined metric: {sample}"]
    if sample is None:
        return [f"no sample: {got.get('obstacle')}"]
    difference = {"difference": values[1] - values[0]}
    base, head = sides
    weighted = "weight" in base.spec
    if sample["kind"] == "paired-proportion":
        return disagreements(agreements(base, head), sample, NEAR) + ["weights are lost"] * weighted
    if sample["kind"] == "paired-cells":
        return disagreements({"cells": cells(metric, base, head)}, sample, NEAR) + ["weights are lost"] * weighted
    if sample["kind"] == "paired-auc":
        return disagreements(areas(base, head), sample, NEAR)
    if sample["kind"] == "paired-means":
        return disagreements(difference | standard_error(metric, base, head), sample, {"rel": 1e-8, "abs": 1e-11})
    told = disagreements(difference | {"n": len(base.frame), "resamples": RESAMPLES}, sample, NEAR)
    ends = sample["quantiles"]
    return told + ([] if ends == sorted(ends) else ["the quantiles are not in order"])


def right(rows: Rows) -> np.ndarray:
    if rows.spec["task"] == "binary":
        return rows.said == rows.truth
    return texts(rows.column("label")) == texts(rows.column("prediction"))


def agreements(base: Rows, head: Rows) -> dict[str, int]:
    before, after = right(base), right(head)
    counts = {"n11": before & after, "n10": before & ~after, "n01": ~before & after, "n00": ~before & ~after}
    return {name: int(rows.sum()) for name, rows in counts.items()}


def cells(metric: str, base: Rows, head: Rows) -> list[int]:
    of_class = parts(metric)[2]
    if of_class is None:
        flags = [base.truth, base.said, head.said]
    else:
        flags = [(texts(column) == of_class).astype(int) for column in (base.column("label"), base.column("prediction"), head.column("prediction"))]
    return [int(one) for one in np.bincount(4 * flags[0] + 2 * flags[1] + flags[2], minlength=8)]


def areas(base: Rows, head: Rows) -> dict[str, Any]:
    before, after = (kernel(base.truth, rows.numbers("score")) for rows in (base, head))
    positives, negatives = before.shape
    told: dict[str, Any] = {"positives": positives, "negatives": negatives, "base": float(before.mean()), "head": float(after.mean())}
    if min(positives, negatives) < 2:
        return told
    spread = np.cov([before.mean(axis=1), after.mean(axis=1)]) / positives + np.cov([before.mean(axis=0), after.mean(axis=0)]) / negatives
    return told | {"var_base": float(spread[0, 0]), "var_head": float(spread[1, 1]), "covariance": float(spread[0, 1])}


def standard_error(metric: str, base: Rows, head: Rows) -> dict[str, Any]:
    """Of the mean of the rows' differences, for the metrics that are means of rows."""
    count = len(base.frame)
    if "weight" in base.spec or not 2 <= count <= 20:
        return {"n": count}
    before, after = (np.array([value(metric, one_row(rows, place)) for place in range(count)], float) for rows in (base, head))
    return {"n": count, "se": float(np.std(after - before, ddof=1) / math.sqrt(count))}


def one_row(rows: Rows, place: int) -> Rows:
    return Rows(rows.frame.iloc[[place]], rows.spec, rows.classes)
