"""Cases: runs of both commits are found and judged, whatever says which commit they are of, and nothing passes that could not be seen."""

from __future__ import annotations

import time
from typing import Any

from scene import FORMS, PROJECT, RULE, SOURCE, Lab, Server

# `scene` makes these importable.
from judging import Gate, world_in  # isort: skip
import faulty  # isort: skip
from support import World, strict  # isort: skip

#: How the gate ends that found nothing to judge.
NOT_JUDGED = 2


def is_right(lab: Lab, judged: Gate, base: str, head: str) -> None:
    assert (judged.runs("base"), judged.runs()) == ([base], [head]), judged.told
    assert judged.values("accuracy") == (0.93, 0.95), judged.told


def runs_are_found_by_their_attribute(world: World) -> None:
    with Lab(world) as lab:
        runs = lab.train_both(0.93, 0.95)
        is_right(lab, lab.gate(0), *runs)
        compared = strict(lab.run("compare", "main", "change", "--format", "json").stdout)
        assert "improved" in str(compared["comparison"]["metrics"]), compared
        assert "accuracy" in lab.run("gate", "main", "change", "--format", "markdown").stdout


def what_is_worse_is_blocked(world: World) -> None:
    with Lab(world) as lab:
        lab.train_both(0.93, 0.90)
        judged = lab.gate(1)
        assert "BLOCKED" in judged.told and judged.values("accuracy") == (0.93, 0.90), judged.told


def runs_are_found_by_a_tag_or_the_code_s_version(world: World) -> None:
    for number, says in enumerate(
        [
            lambda commit: {"tags": [commit]},
            lambda commit: {"tags": ["nightly", f"commit:{commit[:12]}"]},
            lambda commit: {
                "snapshot": {"repo": "git@example.org:churn.git", "hash": commit, "filepaths": ["train.py"], "is_dirty": "FALSE"}
            },
            lambda commit: {"attributes": {"git_sha": commit[:10]}},
        ]
    ):
        with Lab(world_in(world, str(number))) as lab:
            base = lab.log("b", {"accuracy": 0.93}, **says(lab.commit("main")))
            head = lab.log("h", {"accuracy": 0.95}, **says(lab.commit("change")))
            lab.log("other", {"accuracy": 0.5}, tags=["nightly"])
            is_right(lab, lab.gate(0), base, head)


def other_attributes_tags_and_experiments(world: World) -> None:
    lines = ['commit_attribute = "revision"', 'attributes = { stage = "eval" }', 'tags = ["nightly"]', 'experiment = ["nightly", "weekly"]']
    with Lab(world, *lines) as lab:
        lab.server.experiment("weekly")

        def log(revision: str, accuracy: float, stage: str = "eval", tags: tuple[str, ...] = ("nightly",), **more: Any) -> str:
            name = f"{revision} {accuracy} {stage} {tags} {more}"
            return lab.log(
                name, {"accuracy": accuracy}, attributes={"revision": lab.commit(revision), "stage": stage}, tags=list(tags), **more
            )

        runs = log("main", 0.93), log("change", 0.95, experiment="weekly")
        for revision in ("main", "change"):
            log(revision, 0.5, stage="train")
            log(revision, 0.5, tags=("else",))
            log(revision, 0.5, experiment="elsewhere")
        is_right(lab, lab.gate(0), *runs)


def what_does_not_count_is_named(world: World) -> None:
    """Unfinished runs, those without metrics, and those of files that nobody committed."""
    with Lab(world) as lab:
        lab.train("main", 0.93)
        commit = lab.commit("change")
        lab.train("change", 0.99, "open", ended=False)
        lab.log("empty", {}, attributes={"git_sha": commit})
        lab.log("dirty", {"accuracy": 0.99}, attributes={"git_sha": commit}, snapshot={"hash": commit, "is_dirty": "TRUE"})
        judged = lab.gate(NOT_JUDGED)
        assert not judged.runs() and "no run" in judged.told, judged.told
        for word in ("open", "empty", "dirty", "not finished", "without metrics", "not committed"):
            assert word in judged.aside(), (word, judged.aside())
        worse = lab.train("change", 0.90)
        judged = lab.gate(1)
        assert judged.runs() == [worse] and judged.values("accuracy") == (0.93, 0.90), judged.told


def a_commit_without_a_run_is_no_pass(world: World) -> None:
    with Lab(world) as lab:
        lab.train("main", 0.93)
        judged = lab.gate(NOT_JUDGED)
        assert lab.commit("change")[:10] in judged.told and "commit_attribute" in judged.told, judged.told


def repeated_runs(world: World) -> None:
    with Lab(world, 'pair_by = "seed"') as lab:
        for revision, mean in (("main", 0.93), ("change", 0.95)):
            for seed in range(3):
                noise = seed if revision == "main" else seed**2
                lab.train(revision, mean + noise / 1000, f"{revision} {seed}", hyperparameters={"seed": seed})
        judged = lab.gate(0)
        assert len(judged.runs()) == 3 and judged.report["judgement"]["verdict"] == "pass", judged.told
        assert "same seeds" in judged.told, judged.told
    with Lab(world_in(world, "newest"), 'runs = "newest"') as lab:
        lab.train_both(0.93, 0.97)
        newest = lab.train("change", 0.90, "again")
        judged = lab.gate(1)
        assert judged.runs() == [newest] and "older" in judged.aside(), judged.told


def other_ways_to_find_runs(world: World) -> None:
    with Lab(world, 'find = ["run-name"]', 'run_name = "churn {short_commit}"') as lab:
        base = lab.log(f"churn {lab.commit('main')[:7]}", {"accuracy": 0.93})
        head = lab.log(f"churn {lab.commit('change')[:7]}", {"accuracy": 0.95})
        is_right(lab, lab.gate(0), base, head)
    with Lab(world_in(world, "branch"), 'find = ["branch"]') as lab:
        base = lab.log("b", {"accuracy": 0.93}, attributes={"git_branch": "main"})
        head = lab.log("h", {"accuracy": 0.95}, attributes={"git_branch": "change"})
        is_right(lab, lab.gate(0), base, head)


def numbers_in_every_form(world: World) -> None:
    """The client writes numbers as numbers and says that they are texts; others write texts."""
    with Lab(world) as lab:
        for revision in ("main", "change"):
            metrics = {"accuracy": 0.93, "loss": "0.25", "steps": 3, "note": "good"}
            lab.log(f"of {revision}", metrics, attributes={"git_sha": lab.commit(revision)})
        judged = lab.gate(0)
        assert judged.values("accuracy") == (0.93, 0.93) and judged.values("loss") == (0.25, 0.25), judged.told
        assert judged.values("steps") == (3, 3), judged.told


def every_form_of_the_address(world: World) -> None:
    for form, prefix in FORMS.items():
        with Lab(world_in(world, form.strip("-")), server=Server(form)) as lab:
            runs = lab.train_both(0.93, 0.95)
            bare = lab.server.url.removeprefix("http://")
            for address in (lab.server.url, f"{lab.server.url}/", bare):
                is_right(lab, lab.gate(0, VERTA_HOST=address), *runs)
            assert "VERTA_HOST" in lab.gate(NOT_JUDGED, VERTA_HOST="").told
            lab.gate(NOT_JUDGED, VERTA_HOST="http://127.0.0.1:9", PROOFMARK_NETWORK_SECONDS="1")
            # Every other path of the front end is a page with status 200.
            judged = lab.gate(NOT_JUDGED, VERTA_HOST=f"{lab.server.url}/somewhere")
            assert "ModelDB" in judged.told, (prefix, judged.told)


def a_project_that_is_not_there_is_no_pass(world: World) -> None:
    with Lab(world) as lab:
        judged = lab.gate(NOT_JUDGED)
        assert f"no project `{PROJECT}`" in judged.told, judged.told
    with Lab(world_in(world, "experiment"), 'experiment = "missing"') as lab:
        lab.train_both(0.93, 0.95)
        assert "no experiment `missing`" in lab.gate(NOT_JUDGED).told


def keys(world: World) -> None:
    headers = {
        "Grpc-Metadata-source": "PythonClient",
        "Grpc-Metadata-email": "ada@example.org",
        "Grpc-Metadata-developer-key": "k3y-of-ada",
    }
    for more in ((), ("--drops-underscores",)):
        server = Server("--front-end", "--key", "ada@example.org", "k3y-of-ada", *more, headers=headers)
        with Lab(world_in(world, f"keys{len(more)}"), server=server) as lab:
            runs = lab.train_both(0.93, 0.95)
            named = {"VERTA_EMAIL": "ada@example.org", "VERTA_DEV_KEY": "k3y-of-ada", "VERTA_WORKSPACE": "personal"}
            is_right(lab, lab.gate(0, **named), *runs)
            for wrong in (named | {"VERTA_DEV_KEY": "wr0ng-key"}, {}):
                judged = lab.gate(NOT_JUDGED, **wrong)
                assert "401" in judged.told and "VERTA_DEV_KEY" in judged.told and "wr0ng" not in judged.told, judged.told


def bad_days(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.server.url) as proxy:
        runs = lab.train_both(0.93, 0.95)
        address = {"VERTA_HOST": proxy.url}
        proxy.fault(faulty.status(503), 1, "findExperimentRuns").fault(faulty.reset, 1, "getProjectByName")
        is_right(lab, lab.gate(0, **address), *runs)
        for calls in ("getProjectByName", "findExperimentRuns"):
            for fault in (
                faulty.status(500),
                faulty.page(),
                faulty.page(b"{", "application/json"),
                faulty.redirect("/login"),
                faulty.truncated,
                faulty.broken_off,
            ):
                proxy.clear()
                proxy.fault(fault, calls=calls)
                judged = lab.gate((NOT_JUDGED, 3), PROOFMARK_NETWORK_SECONDS="1", **address)
                assert f"modeldb:{PROJECT}" in judged.told, (calls, judged.told)


def the_first_page_is_not_all(world: World) -> None:
    """Three hundred runs of other commits, with the base's at the one end and the head's at the other."""
    with Lab(world) as lab:
        base = lab.train("main", 0.93)
        for number in range(300):
            lab.log(f"other {number}", {"accuracy": 0.5}, tags=["nightly"])
        head = lab.train("change", 0.95)
        is_right(lab, lab.gate(0), base, head)


def the_change_s_own_configuration_leads_no_key_elsewhere(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.server.url) as thief:
        lab.train_both(0.93, 0.95)
        lab.repo.commit("Mine", {"proofmark.toml": f'{SOURCE}host = "{thief.url}"\n\n{RULE}'})
        named = {"VERTA_EMAIL": "ada@example.org", "VERTA_DEV_KEY": "k3y-of-ada", "VERTA_WORKSPACE": "personal"}
        lab.run("gate", "main", "change", code=(0, 1, NOT_JUDGED), variables=named)
        lab.run("compare", "main", "change", code=(0, NOT_JUDGED), variables=named)
        assert not any("k3y" in str(request.headers) for request in thief.requests), thief.requests


def reading_writes_nothing(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.server.url) as proxy:
        lab.train_both(0.93, 0.95)
        began = time.monotonic()
        lab.run("gate", "main", "change", variables={"VERTA_HOST": proxy.url})
        writes = [call for call in proxy.writes if "/find" not in call]
        assert not writes and len(proxy.calls) <= 12 and time.monotonic() - began < 5, proxy.calls


CASES = [
    runs_are_found_by_their_attribute,
    what_is_worse_is_blocked,
    runs_are_found_by_a_tag_or_the_code_s_version,
    other_attributes_tags_and_experiments,
    what_does_not_count_is_named,
    a_commit_without_a_run_is_no_pass,
    repeated_runs,
    other_ways_to_find_runs,
    numbers_in_every_form,
    every_form_of_the_address,
    a_project_that_is_not_there_is_no_pass,
    keys,
    bad_days,
    the_first_page_is_not_all,
    the_change_s_own_configuration_leads_no_key_elsewhere,
    reading_writes_nothing,
]
