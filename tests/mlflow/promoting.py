"""Cases: baselines of the model registry, and `proofmark promote` on real registries, with a count of what it sends."""

from __future__ import annotations

import json
from typing import Any

import faulty
from rig import Rig, Store, gate, promote, run, source, user
from server import ADMIN, READER
from world import MODEL

PRODUCTION = f"""\
[[rule]]
metric = "auc"
max_regression_abs = 0.01
baseline = "production"

[baselines]
production = "models:/{MODEL}@champion"
"""
#: The versions of a registered model, by the branch that trained them.
MAIN, BETTER, WORSE = 2, 3, 4


def register(store: Store, model: str) -> str:
    """A model of a case's own with versions 1 to 4, `champion` and Production at the second."""
    server = store.server
    assert server
    server.post("registered-models/create", name=model)
    for revision in ("main~1", "main", "better", "worse"):
        identity = store.runs[f"{revision}/0"]
        info = server.get("runs/get", run_id=identity)["run"]["info"]
        server.post("model-versions/create", name=model, source=f"{info['artifact_uri']}/model", run_id=identity)
    server.post("registered-models/alias", name=model, alias="champion", version=str(MAIN))
    stage(store, model, MAIN, "Production")
    return model


def stage(store: Store, model: str, version: int, name: str) -> None:
    assert store.server
    body = {"name": model, "version": str(version), "stage": name, "archive_existing_versions": False}
    store.server.post("model-versions/transition-stage", **body)


def champion(store: Store, model: str) -> int:
    assert store.server
    return int(store.server.get("registered-models/alias", name=model, alias="champion")["model_version"]["version"])


def move(store: Store, model: str, version: int) -> None:
    assert store.server
    store.server.post("registered-models/alias", name=model, alias="champion", version=str(version))


def version(store: Store, model: str, number: int) -> dict[str, Any]:
    assert store.server
    told = store.server.get("model-versions/get", name=model, version=str(number))["model_version"]
    return told | {"tags": {tag["key"]: tag["value"] for tag in told.get("tags", [])}}


def production_is_a_baseline(rig: Rig) -> None:
    policy = rig.variant(source(rule=PRODUCTION))
    for store in rig.kinds:
        better = gate(store, policy, "main", "better", 0)
        evidence = better.findings["auc"]
        assert evidence["verdict"] in ("pass", "inconclusive") and abs(evidence["baseline"] - 0.9) < 0.002, better.told
        assert f"{MODEL}@champion" in str(better.report), better.told
        assert f"version {MAIN}" in str(better.report), better.told


def production_that_is_not_reached_is_no_pass(rig: Rig) -> None:
    policy = rig.variant(source(rule=PRODUCTION))
    for fault in (faulty.status(500), faulty.page(), faulty.page(b"{}", "application/json"), faulty.reset):
        with rig.proxy(rig.newest) as (proxy, through):
            proxy.fault(fault, calls="registered-models/alias")
            gate(through, policy, "main", "better", (2, 3))
    for missing in (PRODUCTION.replace("@champion", "@nobody"), PRODUCTION.replace(MODEL, "nothing")):
        judged = gate(rig.newest, rig.variant(source(rule=missing)), "main", "better", (0, 1, 2))
        assert judged.findings["auc"]["verdict"] != "pass", judged.told


def the_walk(rig: Rig) -> None:
    """Dry run, promotion, once more, the way back, once more; everything is read back from the server itself."""
    for store in rig.registries:
        model = register(store, "walk")
        arguments = ("main", "better", "--alias", "champion")
        with rig.proxy(store) as (proxy, through):
            dry = promote(through, rig.project, model, *arguments, "--dry-run")
            assert dry["outcome"] == "dry-run" and (dry["from"], dry["to"]) == (MAIN, BETTER), dry
            assert not proxy.writes and champion(store, model) == MAIN, proxy.writes

            done = promote(through, rig.project, model, *arguments)
            assert done["outcome"] == "done" and (done["from"], done["to"]) == (MAIN, BETTER), done
            assert champion(store, model) == BETTER
            tags = version(store, model, BETTER)["tags"]
            assert tags["proofmark.verdict"] == "pass" and tags["proofmark.effect"] == "allow", tags
            assert tags["proofmark.commit"] == rig.ids["better"] and tags["proofmark.report"].startswith("sha256:"), tags
            assert tags["proofmark.replaced.champion"] == str(MAIN), tags
            assert sum("registered-models/alias" in call for call in proxy.writes) == 1, proxy.writes

            proxy.clear()
            again = promote(through, rig.project, model, *arguments)
            assert again["outcome"] == "already" and again["to"] == BETTER, again
            assert not proxy.writes, proxy.writes

            back = promote(through, rig.project, model, "--alias", "champion", "--rollback")
            assert back["outcome"] == "done" and (back["from"], back["to"]) == (BETTER, MAIN), back
            assert champion(store, model) == MAIN

            proxy.clear()
            for more in ((), ("--from", str(BETTER))):
                once_more = promote(through, rig.project, model, "--alias", "champion", "--rollback", *more)
                assert once_more["outcome"] == "already" and champion(store, model) == MAIN, once_more
            assert not proxy.writes, proxy.writes

            # And forward again.
            assert promote(through, rig.project, model, *arguments)["to"] == BETTER == champion(store, model)


def an_alias_that_was_not_there(rig: Rig) -> None:
    for store in rig.registries:
        model = register(store, "first")
        assert store.server
        store.server.ask("DELETE", "registered-models/alias", {"name": model, "alias": "champion"})
        done = promote(store, rig.project, model, "main", "better", "--alias", "champion", "--version", str(BETTER))
        assert done["from"] is None and champion(store, model) == BETTER, done


def what_does_not_pass_is_not_promoted(rig: Rig) -> None:
    for store in rig.registries:
        model = register(store, "refused")
        with rig.proxy(store) as (proxy, through):

            def refused(*arguments: str, code: int | tuple[int, ...], model: str = model, through: Store = through) -> str:
                return promote(through, rig.project, model, "--alias", "champion", *arguments, code=code).told

            assert "auc" in refused("main", "worse", code=1)
            assert str(store.runs["better/0"]) in refused("main", "worse", "--version", str(BETTER), code=(1, 2))
            refused("main", "better", "--version", str(WORSE), code=2)
            refused("main", "better", "--version", "99", code=2)
            refused("main", "untrained", code=2)
            # One run is too few to know: a notice.
            refused("main", "sweep", code=(1, 2))
            refused("start", "better", code=1)
            assert "nothing" in promote(through, rig.project, "nothing", "main", "better", "--alias", "champion", code=2).told
            assert not proxy.writes and champion(store, model) == MAIN, proxy.writes


def somebody_else_moves_the_alias(rig: Rig) -> None:
    """While tags are written, before the move: theirs stays."""
    for store in rig.registries:
        model = register(store, "meanwhile")
        with rig.proxy(store) as (proxy, through):
            proxy.fault(faulty.after(lambda store=store, model=model: move(store, model, 1)), 1, "POST model-versions/set-tag")
            told = promote(through, rig.project, model, "main", "better", "--alias", "champion", code=1).told
            assert "moved meanwhile" in told and champion(store, model) == 1, told
            assert "POST registered-models/alias" not in proxy.calls, proxy.calls
        done = promote(store, rig.project, model, "main", "better", "--alias", "champion")
        assert done["from"] == 1 and version(store, model, BETTER)["tags"]["proofmark.replaced.champion"] == "1", done


def an_answer_that_is_lost(rig: Rig) -> None:
    """What counts is what the registry says afterwards."""
    for store in rig.registries:
        arguments = ("main", "better", "--alias", "champion")
        model = register(store, "lost")
        with rig.proxy(store) as (proxy, through):
            # Before the move: nothing moves, and the next try goes on from there.
            proxy.fault(faulty.lost, 1, "POST model-versions/set-tag")
            promote(through, rig.project, model, *arguments, code=(0, 3))
            assert champion(store, model) in (MAIN, BETTER), proxy.calls
            move(store, model, MAIN)
            proxy.fault(faulty.lost, 1, "POST registered-models/alias")
            assert promote(through, rig.project, model, *arguments)["to"] == BETTER == champion(store, model), proxy.calls
        model = register(store, "lost-for-good")
        with rig.proxy(store) as (proxy, through):
            proxy.fault(faulty.status(500), calls="POST registered-models/alias")
            promote(through, rig.project, model, *arguments, code=3)
            assert champion(store, model) == MAIN
            proxy.clear()
            assert promote(through, rig.project, model, *arguments)["to"] == BETTER == champion(store, model)


def stages(rig: Rig) -> None:
    for store in rig.registries:
        model = register(store, "staged")
        with rig.proxy(store) as (proxy, through):
            arguments = ("main", "better", "--stage", "production", "--archive")
            done = promote(through, rig.project, model, *arguments)
            assert (done["from"], done["to"]) == (MAIN, BETTER), done
            stages = {number: version(store, model, number)["current_stage"] for number in (1, MAIN, BETTER, WORSE)}
            assert stages == {1: "None", MAIN: "Archived", BETTER: "Production", WORSE: "None"}, stages
            proxy.clear()
            assert promote(through, rig.project, model, *arguments)["outcome"] == "already" and not proxy.writes, proxy.writes
            back = promote(through, rig.project, model, "--stage", "Production", "--rollback")
            assert (back["from"], back["to"]) == (BETTER, MAIN), back
            stages = {number: version(store, model, number)["current_stage"] for number in (MAIN, BETTER)}
            assert stages == {MAIN: "Production", BETTER: "Archived"}, stages
            proxy.clear()
            again = promote(through, rig.project, model, "--stage", "Production", "--rollback")
            assert again["outcome"] == "already" and not proxy.writes, (again, proxy.writes)


def by_a_stored_report(rig: Rig) -> None:
    for store in rig.registries:
        model = register(store, "stored")
        reports = {}
        for head, code in (("better", 0), ("worse", 1)):
            reports[head] = rig.world.folder / f"{head}.json"
            reports[head].write_text(run(store, rig.project, "gate", "main", head, "--format", "json", code=code).stdout)

        def with_report(head: str, name: str, code: int | tuple[int, ...], store: Store = store, model: str = model) -> Any:
            arguments = ("main", head, "--alias", "champion", "--report", str(rig.world.folder / f"{name}.json"))
            return promote(store, rig.project, model, *arguments, code=code)

        with_report("worse", "worse", 1)
        with_report("worse", "better", 2)
        for name, text in forgeries(reports["worse"].read_text(), store).items():
            (rig.world.folder / f"{name}.json").write_text(text)
            with_report("worse", name, (1, 2))
        assert champion(store, model) == MAIN
        assert with_report("better", "better", 0)["to"] == BETTER == champion(store, model)


def forgeries(text: str, store: Store) -> dict[str, str]:
    """The report of a branch that is worse, made to look better."""
    verdict, values, runs = (json.loads(text) for _ in range(3))
    verdict["judgement"] |= {"verdict": "pass", "effect": "allow", "findings": []}
    for row in values["comparison"]["metrics"]:
        row |= {"status": "improved", "head": 0.95, "delta": 0.05}
    for row in values["comparison"]["repeated"]:
        row["head"] = {name: 0.95 + number / 1e4 for number, name in enumerate(row["head"])}
    # As if the runs that were judged were the good ones.
    swapped = json.dumps(runs)
    for seed in range(3):
        swapped = swapped.replace(store.runs[f"worse/{seed}"], store.runs[f"better/{seed}"])
    return {"verdict": json.dumps(verdict), "values": json.dumps(values), "runs": swapped}


def who_may_only_read_changes_nothing(rig: Rig) -> None:
    model = register(rig.newest, "guarded")
    store = rig.stores["3.17 with users"]
    for who in (READER, (ADMIN[0], "wrong-password-1234")):
        named = Store(store.title, store.uri, store.runs, store.server, user(*who))
        told = promote(named, rig.project, model, "main", "better", "--alias", "champion", code=(2, 3)).told
        assert ("403" in told) == (who == READER) and champion(rig.newest, model) == MAIN, told


def files_are_not_written_past_their_server(rig: Rig) -> None:
    for title in ("sqlite", "folder"):
        told = promote(rig.stores[title], rig.project, MODEL, "main", "better", "--alias", "champion", code=2).told
        assert "mlflow server" in told, told


CASES = [
    production_is_a_baseline,
    production_that_is_not_reached_is_no_pass,
    the_walk,
    an_alias_that_was_not_there,
    what_does_not_pass_is_not_promoted,
    somebody_else_moves_the_alias,
    an_answer_that_is_lost,
    stages,
    by_a_stored_report,
    who_may_only_read_changes_nothing,
    files_are_not_written_past_their_server,
]
