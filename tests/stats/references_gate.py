"""The references for what only the specification defines: the rule of two numbers, and the verdict of a whole run."""

from __future__ import annotations

import math

from references import Json, change, reference


def exceeds(loss: float, limit: float, *others: float) -> bool:
    return loss > limit + 1e-12 * max(map(abs, (loss, limit, *others)))


@reference
def scalar_gate(inputs: Json, parameters: Json) -> Json:
    base, head, rule = inputs["baseline"], inputs["candidate"], parameters["rule"]
    if head is None or not math.isfinite(head):
        return {"verdict": "fail", "reasons": ["missing-candidate" if head is None else "non-finite-candidate"]}
    broken, undefined = [], []
    if "min" in rule and exceeds(rule["min"], head):
        broken.append("below-min")
    if "max" in rule and exceeds(head, rule["max"]):
        broken.append("above-max")
    limits = [name for name in ("max_regression_abs", "max_regression_rel") if name in rule]
    if limits and (base is None or not math.isfinite(base)):
        if broken:
            return {"verdict": "fail", "reasons": sorted(broken)}
        return {"verdict": "no-baseline", "reasons": ["no-baseline" if base is None else "non-finite-baseline"]}
    if limits:
        changed, undefined = changes_beyond(base, head, rule, parameters)
        broken += changed
    if broken:
        return {"verdict": "fail", "reasons": sorted(broken)}
    return {"verdict": "inconclusive", "reasons": undefined} if undefined else {"verdict": "pass", "reasons": []}


def changes_beyond(base: float, head: float, rule: Json, parameters: Json) -> tuple[list[str], list[str]]:
    """The violated change limits, and what could not be told."""
    loss = -change({"baseline": base, "candidate": head}, parameters)["improvement"]
    if loss <= 0:
        return [], []
    violated = {}
    if "max_regression_abs" in rule:
        violated["regression-abs"] = exceeds(loss, rule["max_regression_abs"], base, head)
    if "max_regression_rel" in rule and base != 0:
        # In the metric's unit, where the numbers that are compared are.
        violated["regression-rel"] = exceeds(loss, rule["max_regression_rel"] * abs(base), base, head)
    if not violated:
        return [], ["relative-undefined"]
    decides = all if rule.get("combine", "any") == "all" else any
    return ([name for name, is_so in violated.items() if is_so] if decides(violated.values()) else []), []


WORST = ("fail", "inconclusive", "no-baseline", "warn", "waived", "pass")
EFFECTS = ("allow", "notice", "block")


@reference
def overall_verdict(inputs: Json, parameters: Json) -> Json:
    counted = [check for check in inputs["checks"] if check["severity"] != "info"]
    if not counted:
        return {"verdict": "inconclusive", "effect": "block", "exit_code": 1, "reason": "nothing-checked"}
    verdicts, effects = [], []
    for check in counted:
        verdict = check["result"]
        effect = {"pass": "allow", "warn": "notice", "waived": "notice", "fail": "block"}.get(verdict) or parameters["policy"][verdict]
        if check["severity"] == "warn":
            verdict = "warn" if verdict == "fail" else verdict
            effect = "notice" if effect == "block" else effect
        verdicts.append(verdict)
        effects.append(effect)
    effect = max(effects, key=EFFECTS.index)
    return {"verdict": min(verdicts, key=WORST.index), "effect": effect, "exit_code": int(effect == "block")}
