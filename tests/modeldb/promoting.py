"""Cases: `proofmark promote` by a tag or an attribute of a run, which is all that ModelDB's open-source server has for it."""

from __future__ import annotations

import json
from typing import Any

from scene import RULE, Lab

# `scene` makes these importable.
from judging import world_in  # isort: skip
import faulty  # isort: skip
from support import World, strict  # isort: skip

#: How a command ends that found nothing to judge.
NOT_JUDGED = 2
#: Each way to say it, and what a baseline calls it.
PLACES = [("--tag", "production", "production"), ("--attribute", "stage=production", "stage=production")]


def marked(lab: Lab, flag: str) -> set[str]:
    """The runs that say so."""
    predicate = {"key": "tags", "value": "production", "operator": "EQ"}
    if flag == "--attribute":
        predicate = {"key": "attributes.stage", "value": "production", "operator": "EQ"}
    body = {"project_id": lab.server.project, "predicates": [predicate], "ids_only": True}
    return {run["id"] for run in lab.server.ask("POST", "experiment-run/findExperimentRuns", body).get("experiment_runs", [])}


def give(lab: Lab, flag: str, run: str) -> None:
    """What somebody else does."""
    if flag == "--tag":
        lab.server.ask("POST", "experiment-run/addExperimentRunTags", {"id": run, "tags": ["production"]})
    else:
        attribute = {"key": "stage", "value": "production"}
        lab.server.ask("POST", "experiment-run/addExperimentRunAttributes", {"id": run, "attributes": [attribute]})


def take(lab: Lab, flag: str, run: str) -> None:
    if flag == "--tag":
        lab.server.ask("DELETE", "experiment-run/deleteExperimentRunTags", {"id": run, "tags": ["production"]})
    else:
        lab.server.ask("DELETE", "experiment-run/deleteExperimentRunAttributes", {"id": run, "attribute_keys": ["stage"]})


def promote(lab: Lab, *arguments: str, code: int | tuple[int, ...] = 0, proxy: faulty.Proxy | None = None) -> Any:
    """What it says as JSON; the finished program where it did not end with 0."""
    variables = {"VERTA_HOST": proxy.url} if proxy else {}
    done = lab.run("promote", "churn", *arguments, "--format", "json", code=code, variables=variables)
    return strict(done.stdout) if done.returncode == 0 else done


def writes(proxy: faulty.Proxy) -> list[str]:
    return [call for call in proxy.writes if "/find" not in call]


def the_walk(world: World) -> None:
    """Dry run, promotion, once more, the way back, once more; everything is read back from the server itself."""
    for flag, value, _ in PLACES:
        with Lab(world_in(world, flag.strip("-"))) as lab, faulty.Proxy(lab.server.url) as proxy:
            base, head = lab.train_both(0.93, 0.95)
            give(lab, flag, base)
            arguments = ("main", "change", flag, value)
            dry = promote(lab, *arguments, "--dry-run", proxy=proxy)
            assert (dry["outcome"], dry["from"], dry["to"]) == ("dry-run", base, head) and not writes(proxy), dry
            done = promote(lab, *arguments, proxy=proxy)
            assert (done["outcome"], done["from"], done["to"]) == ("done", base, head) and marked(lab, flag) == {head}, done
            proxy.clear()
            again = promote(lab, *arguments, proxy=proxy)
            assert again["outcome"] == "already" and not writes(proxy), (again, writes(proxy))
            back = promote(lab, flag, value, "--rollback", proxy=proxy)
            assert (back["from"], back["to"]) == (head, base) and marked(lab, flag) == {base}, back
            proxy.clear()
            for more in ((), ("--from", head)):
                once_more = promote(lab, flag, value, "--rollback", *more, proxy=proxy)
                assert once_more["outcome"] == "already" and marked(lab, flag) == {base}, once_more
            assert not writes(proxy), writes(proxy)
            assert promote(lab, *arguments)["to"] == head and marked(lab, flag) == {head}


def the_first_one(world: World) -> None:
    for flag, value, _ in PLACES:
        with Lab(world_in(world, flag.strip("-"))) as lab:
            _, head = lab.train_both(0.93, 0.95)
            done = promote(lab, "main", "change", flag, value)
            assert done["from"] is None and marked(lab, flag) == {head}, done
            assert promote(lab, flag, value, "--rollback", code=2).returncode == NOT_JUDGED and marked(lab, flag) == {head}


def production_is_a_baseline(world: World) -> None:
    for flag, _, name in PLACES:
        rule = f'{RULE}baseline = "production"\n\n[baselines]\nproduction = "modeldb:/churn@{name}"\n'
        with Lab(world_in(world, flag.strip("-")), rule=rule) as lab:
            lab.train_both(0.80, 0.95)
            best = lab.log("best", {"accuracy": 0.99}, attributes={"git_sha": "0" * 40})
            judged = lab.gate((0, 1, NOT_JUDGED))
            assert judged.report["judgement"]["findings"][0]["verdict"] != "pass", judged.told
            give(lab, flag, best)
            judged = lab.gate(1)
            assert "0.99" in judged.told and best in str(judged.report), judged.told


def what_does_not_pass_is_not_promoted(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.server.url) as proxy:
        base, _ = lab.train_both(0.93, 0.90)
        give(lab, "--tag", base)
        tag = ("--tag", "production")
        assert "accuracy" in promote(lab, "main", "change", *tag, code=1, proxy=proxy).told
        told = promote(lab, "main", "change", *tag, "--version", base, code=(1, 2), proxy=proxy).told
        assert not writes(proxy) and marked(lab, "--tag") == {base}, told
        lab.repo.git("checkout", "-q", "change")
        lab.repo.commit("Not trained", {"README.md": "Words.\n"})
        assert "no run" in promote(lab, "main", "change", *tag, code=NOT_JUDGED, proxy=proxy).told
        assert not writes(proxy) and marked(lab, "--tag") == {base}


def somebody_else_moves_it(world: World) -> None:
    for flag, value, _ in PLACES:
        with Lab(world_in(world, flag.strip("-"))) as lab, faulty.Proxy(lab.server.url) as proxy:
            base, head = lab.train_both(0.93, 0.95)
            other = lab.log("other", {"accuracy": 0.9}, attributes={"git_sha": "0" * 40})
            give(lab, flag, base)

            def move(lab: Lab = lab, flag: str = flag, base: str = base, other: str = other) -> None:
                take(lab, flag, base)
                give(lab, flag, other)

            # At the first thing that is written.
            proxy.fault(faulty.after(move), 1, "ttributes").fault(faulty.after(move), 1, "Tags")
            told = promote(lab, "main", "change", flag, value, code=1, proxy=proxy).told
            assert ("moved meanwhile" in told or other in told) and other in marked(lab, flag), (told, marked(lab, flag))
            take(lab, flag, head)
            done = promote(lab, "main", "change", flag, value)
            assert (done["from"], done["to"]) == (other, head) and marked(lab, flag) == {head}, done


def answers_that_are_lost(world: World) -> None:
    for flag, value, _ in PLACES:
        with Lab(world_in(world, flag.strip("-"))) as lab, faulty.Proxy(lab.server.url) as proxy:
            base, head = lab.train_both(0.93, 0.95)
            give(lab, flag, base)
            for calls in ("Attributes", "Tags", "delete"):
                proxy.fault(faulty.lost, 1, calls)
            done = promote(lab, "main", "change", flag, value, code=(0, 3), proxy=proxy)
            proxy.clear()
            promote(lab, "main", "change", flag, value, proxy=proxy)
            assert marked(lab, flag) == {head}, (getattr(done, "told", done), marked(lab, flag))


def by_a_stored_report(world: World) -> None:
    with Lab(world) as lab:
        _, head = lab.train_both(0.93, 0.95)
        report = world.folder / "report.json"
        text = lab.run("gate", "main", "change", "--format", "json").stdout
        forged = json.loads(text)
        forged["judgement"]["findings"] = []
        for content, code in [(text.replace("0.95", "0.99"), (1, 2)), (json.dumps(forged), (1, 2)), (text, 0)]:
            report.write_text(content)
            promote(lab, "main", "change", "--tag", "production", "--report", str(report), code=code)
            assert marked(lab, "--tag") == ({head} if code == 0 else set())


CASES = [
    the_walk,
    the_first_one,
    production_is_a_baseline,
    what_does_not_pass_is_not_promoted,
    somebody_else_moves_it,
    answers_that_are_lost,
    by_a_stored_report,
]
