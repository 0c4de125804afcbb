#!/usr/bin/env python3
"""Checks what was sent to the fake GitHub, and what it answered, against GitHub's own description of its API.

    python tests/github/openapi.py TRAFFIC.jsonl...

Each line of the files is one exchange, as `proofmark_testkit::github::traffic` writes it. Of every request the method, the
path, the parameters and the body are checked; of every answer the status and the body, unless it was made to go wrong.
GraphQL is not part of that description. The description comes from npm (`@octokit/openapi`) and lies where
`tests/setup/setup.sh` puts it.
"""

import json
import os
import pathlib
import re
import sys
import urllib.parse

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PACKAGE = "npm/node_modules/@octokit/openapi/generated/api.github.com.json"
# Answered for any operation, though the description only lists them for some (or for none: limits, bad JSON).
EVERYWHERE = {"304", "400", "401", "403", "404", "422", "429"}
# What `proofmark doctor` sends to learn whether a token may write, without writing: requests that GitHub refuses whoever
# asks, since what their empty bodies lack has no default. 403 is then a missing permission, 422 none. See `probe`.
PROBES = {
    "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "/repos/{owner}/{repo}/check-runs",
    "/repos/{owner}/{repo}/statuses/{sha}",
}
ROOT = "urn:github"
FORMATS = jsonschema.FormatChecker([])


@FORMATS.checks("date-time")
def is_date_time(value):
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value) is not None


@FORMATS.checks("uri")
def is_uri(value):
    return not isinstance(value, str) or re.fullmatch(r"[a-z][a-z0-9+.-]*:[^\s<>\"]*", value) is not None


def description_path():
    cache = os.environ.get("PROOFMARK_CACHE") or pathlib.Path.home() / ".cache" / "proofmark"
    return pathlib.Path(cache) / PACKAGE


def modern(schema):
    """The schema in the form of JSON Schema 2020-12: OpenAPI 3.0 says `nullable` and points within one document."""
    if isinstance(schema, list):
        return [modern(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    new = {key: modern(value) for key, value in schema.items() if not (key == "nullable" and isinstance(value, bool))}
    if schema.get("nullable") is True:
        return {"anyOf": [{"type": "null"}, new]}
    return new


class Description:
    """GitHub's description; schemas are made ready when first needed, since there are 12 MB of them."""

    def __init__(self, path):
        self.document = json.loads(path.read_text(encoding="utf-8"))
        self.registry = Registry(retrieve=self.retrieve)
        self.validators = {}
        self.routes = {}
        for path in self.document["paths"]:
            self.routes.setdefault((path.count("/"), path.split("/")[1]), []).append((self.pattern(path), path))

    @staticmethod
    def pattern(path):
        parts = re.split(r"(\{[^}]+\})", path)
        return re.compile("".join(f"(?P<{p[1:-1].replace('-', '_')}>[^/]+)" if p.startswith("{") else re.escape(p) for p in parts) + "$")

    def retrieve(self, uri):
        schema = self.document["components"]["schemas"][uri.removeprefix(ROOT + ":")]
        return Resource.from_contents(self.linked(schema), default_specification=DRAFT202012)

    @staticmethod
    def linked(schema):
        """Each schema becomes a resource of its own, so that only those that are met are read."""
        text = json.dumps(modern(schema)).replace('"$ref": "#/components/schemas/', f'"$ref": "{ROOT}:')
        return json.loads(text)

    def whole(self, part):
        """The part itself, or what it points to."""
        while "$ref" in part:
            target = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            part = target
        return part

    def errors(self, key, schema, value):
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(
                self.linked(schema), registry=self.registry, format_checker=FORMATS
            )
        for error in self.validators[key].iter_errors(value):
            deepest = jsonschema.exceptions.best_match([error])
            yield f"{deepest.json_path}: {deepest.message[:300]}"

    def find(self, method, path):
        """The operations that the path can mean, the one with fewest blanks first."""
        segments = path.split("/")
        found = [
            (name.count("{"), name, match.groupdict())
            # A path given with slashes inside of a parameter, as in contents or branch names, is one that clients must encode.
            for pattern, name in self.routes.get((path.count("/"), segments[1]), [])
            if (match := pattern.match(path)) and method.lower() in self.document["paths"][name]
        ]
        if found:
            _, name, values = min(found, key=lambda one: one[0])
            return name, self.document["paths"][name][method.lower()], values
        return self.find_with_slashes(method, path)

    def find_with_slashes(self, method, path):
        """GitHub also takes slashes as they are in the last parameter: `contents/a/b`, `git/trees/feature/x`."""
        for name, values in self.document["paths"].items():
            if name.endswith("}") and method.lower() in values and name.startswith("/repos/{owner}/{repo}/"):
                last = name[name.rindex("{") + 1 : -1]
                loose = self.pattern(name).pattern.removesuffix(f"(?P<{last.replace('-', '_')}>[^/]+)$") + f"(?P<{last}>.*)$"
                if last in ("path", "ref", "basehead", "branch", "tree_sha") and (match := re.match(loose, path)):
                    return name, values[method.lower()], match.groupdict()
        return None


class Check:
    """Counts, and every violation once."""

    def __init__(self, description):
        self.description = description
        self.requests = self.answers = self.faults = 0
        self.violations = {}

    def exchange(self, one):
        if one["storage"] or one["path"].startswith("/__"):
            return
        path = re.sub(r"^/api/v3(?=/)", "", one["path"])
        if path in ("/graphql", "/api/graphql"):
            return
        path = self.by_name(path)
        self.requests += 1
        where = f"{one['method']} {path}"
        found = self.description.find(one["method"], path)
        # Tests of the fake itself mark what they do wrong on purpose.
        deliberate = "x-testkit" in one["headers"]
        if not found:
            if not deliberate:
                self.violation(where, "no such operation")
            return
        name, operation, values = found
        where = f"{one['method']} {name}"
        if not deliberate:
            self.parameters(where, operation, values, one)
            if not self.probe(name, values, one):
                self.body(where, operation, one)
        if one["fault"] or one["status"] is None:
            self.faults += 1
        else:
            self.answer(where, operation, one)

    @staticmethod
    def probe(name, values, one):
        """Only an empty body, only one that was refused, and a status only at a commit that does not exist."""
        refused = one["status"] is None or one["status"] >= 400
        nowhere = values.get("sha", "0" * 40) == "0" * 40
        return one["method"] == "POST" and name in PROBES and one["body"] == {} and refused and nowhere

    @staticmethod
    def by_name(path):
        """Links name a repository by number; the description only knows owner and name."""
        return re.sub(r"^/repositories/\d+(?=/|$)", "/repos/by/number", path)

    def parameters(self, where, operation, values, one):
        query = dict(urllib.parse.parse_qsl(one["query"], keep_blank_values=True))
        known = {}
        for parameter in map(self.description.whole, operation.get("parameters", [])):
            known[parameter["name"]] = parameter
            source = values if parameter["in"] == "path" else query
            name = parameter["name"].replace("-", "_") if parameter["in"] == "path" else parameter["name"]
            if name not in source:
                if parameter.get("required"):
                    self.violation(where, f"parameter `{parameter['name']}` is missing")
                continue
            schema = self.description.whole(parameter["schema"])
            value = typed(urllib.parse.unquote(source[name]), schema)
            for error in self.description.errors((where, "parameter", parameter["name"]), schema, value):
                self.violation(where, f"parameter `{parameter['name']}`: {error}")
            if parameter["name"] == "per_page" and isinstance(value, int) and not 1 <= value <= 100:
                self.violation(where, f"parameter `per_page` is {value}; GitHub cuts it at 100")
        for name in query:
            if name not in known or known[name]["in"] != "query":
                self.violation(where, f"parameter `{name}` is not known")

    def body(self, where, operation, one):
        body = operation.get("requestBody")
        if not body:
            if one["body"] is not None:
                self.violation(where, "a body is sent, but none is taken")
            return
        body = self.description.whole(body)
        if one["body"] is None:
            if body.get("required"):
                self.violation(where, "the body is missing")
            return
        schema = body["content"]["application/json"]["schema"]
        for error in self.description.errors((where, "request"), schema, one["body"]):
            self.violation(where, f"request body {error}")
        for field in self.unknown(schema, one["body"], ""):
            self.violation(where, f"request body: field `{field}` is not known")

    def unknown(self, schema, value, place):
        """Fields that no schema names: the description lets them through, and so does the service, in silence."""
        schema = self.description.whole(schema)
        if isinstance(value, list):
            for item in value:
                yield from self.unknown(schema.get("items", {}), item, place + "[]")
        elif isinstance(value, dict) and "properties" in schema:
            for name, inner in value.items():
                if name in schema["properties"]:
                    yield from self.unknown(schema["properties"][name], inner, f"{place}.{name}".lstrip("."))
                elif not schema.get("additionalProperties"):
                    yield f"{place}.{name}".lstrip(".")

    def answer(self, where, operation, one):
        status = str(one["status"])
        self.answers += 1
        answer = operation["responses"].get(status)
        if answer is None:
            if status not in EVERYWHERE:
                self.violation(where, f"status {status} is not one of its answers")
            return
        content = self.description.whole(answer).get("content", {})
        kind = one["answer_headers"].get("content-type", "application/json").split(";")[0]
        if one["answer"] is None or not kind.startswith("application/json") or "application/json" not in content:
            if one["answer"] is not None and not content and status not in ("302", "422"):
                self.violation(where, f"status {status} has no body")
            return
        accept = one["headers"].get("accept", "")
        if "object" in accept and "application/vnd.github.object" in content:
            return
        for error in self.description.errors((where, status), content["application/json"]["schema"], one["answer"]):
            self.violation(where, f"answer {status} {error}")

    def violation(self, where, what):
        text = f"{where}: {what}"
        self.violations[text] = self.violations.get(text, 0) + 1


def typed(text, schema):
    """The value that the text of a parameter stands for."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def main(paths):
    if not paths:
        sys.exit("usage: openapi.py TRAFFIC.jsonl...")
    description = description_path()
    if not description.exists():
        sys.exit(f"{description} is missing: run tests/setup/setup.sh")
    check = Check(Description(description))
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                check.exchange(json.loads(line))
    for text, count in sorted(check.violations.items()):
        print(f"{text} ({count} times)" if count > 1 else text)
    print(f"{check.requests} requests, {check.answers} answers checked, {check.faults} faults")
    if check.violations or not check.requests:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
