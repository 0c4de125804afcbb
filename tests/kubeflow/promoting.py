"""Cases: `proofmark promote` in the real Model Registry by runs of the real Pipelines, with a count of what it sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from judging import world_in
from rig import Registry, start_registry
from scene import RULE, SOURCE, TRIGGER, Lab

# `judging` makes these importable.
import faulty  # isort: skip
from support import World, strict  # isort: skip

#: How a command ends that found nothing to judge.
NOT_JUDGED = 2
PRODUCTION = f"""\
{RULE}baseline = "production"

[baselines]
production = "model-registry:/churn-clf@stage=production"
"""
PROMOTE = ("promote", "churn-clf", "main", "change", "--property", "stage=production")
ROLLBACK = ("promote", "churn-clf", "--property", "stage=production", "--rollback")


def text(value: str) -> dict[str, str]:
    return {"metadataType": "MetadataStringValue", "string_value": value}


class Shop(Lab):
    """Pipelines with two runs and a registry with a version of each, `v1` of `main` in production."""

    def __init__(self, world: World, base: float = 0.93, head: float = 0.95, policy: str = "", how: str = "kfp_run_id") -> None:
        super().__init__(world, policy)
        self.registry: Registry = start_registry()
        self.variables["MODEL_REGISTRY_ENDPOINT"] = self.registry.url
        self.model = self.registry.post("registered_models", {"name": "churn-clf", "customProperties": {"team": text("growth")}})["id"]
        # Names that LIKE would take for it.
        self.registry.post("registered_models", {"name": "churn_clf"})
        self.base, self.head = self.train_both(base, head)
        self.register("v1", self.base, how, {"stage": text("production")})
        self.register("v2", self.head, how)

    def __exit__(self, *more: object) -> None:
        super().__exit__(*more)
        self.registry.stop()

    def register(self, name: str, run: str, how: str, properties: Mapping[str, Any] | None = None) -> str:
        own = {"accuracy": {"metadataType": "MetadataDoubleValue", "double_value": 0.1 + 0.2}} | dict(properties or {})
        own |= {} if how == "modelSourceId" else {how: text(run)}
        version = self.registry.post("model_versions", {"name": name, "registeredModelId": self.model, "customProperties": own})["id"]
        artifact = {"artifactType": "model-artifact", "name": "model", "uri": f"s3://models/{run}"}
        artifact |= {"modelSourceId": run} if how == "modelSourceId" else {}
        self.registry.post(f"model_versions/{version}/artifacts", artifact)
        return version

    def version(self, name: str) -> dict[str, Any]:
        return self.registry.get("model_version", name=name, parentResourceId=self.model)

    @property
    def production(self) -> set[str]:
        """The versions that say so."""
        items = self.registry.get(f"registered_models/{self.model}/versions")["items"]
        return {item["name"] for item in items if item["customProperties"].get("stage", {}).get("string_value") == "production"}

    def give(self, name: str, stage: str | None) -> None:
        """What somebody else does."""
        version = self.version(name)
        properties = {key: value for key, value in version["customProperties"].items() if key != "stage"}
        body = {"customProperties": properties | ({"stage": text(stage)} if stage else {})}
        assert self.registry.ask("PATCH", f"model_versions/{version['id']}", body).status == 200

    def promote(self, *arguments: str, code: int | tuple[int, ...] = 0, proxy: faulty.Proxy | None = None) -> Any:
        """What it says as JSON; the finished program where it did not end with 0."""
        variables = {"MODEL_REGISTRY_ENDPOINT": proxy.url} if proxy else {}
        done = self.run(*arguments, "--format", "json", code=code, variables=variables)
        return strict(done.stdout) if done.returncode == 0 else done


def the_walk(world: World) -> None:
    """Dry run, promotion, once more, the way back, once more; everything is read back from the server itself."""
    with Shop(world) as shop, faulty.Proxy(shop.registry.url) as proxy:
        dry = shop.promote(*PROMOTE, "--dry-run", proxy=proxy)
        assert (dry["outcome"], dry["from"], dry["to"]) == ("dry-run", "v1", "v2"), dry
        assert not proxy.writes and shop.production == {"v1"}, proxy.writes

        done = shop.promote(*PROMOTE, proxy=proxy)
        assert (done["outcome"], done["from"], done["to"]) == ("done", "v1", "v2") and shop.production == {"v2"}, done
        kept = {name: value.get("string_value") for name, value in shop.version("v2")["customProperties"].items()}
        assert kept["proofmark.verdict"] == "pass" and kept["proofmark.commit"] == shop.commit("change"), kept
        assert kept["proofmark.report"].startswith("sha256:") and kept["kfp_run_id"] == shop.head, kept
        # What others wrote stays, to the last digit.
        assert shop.version("v2")["customProperties"]["accuracy"]["double_value"] == 0.1 + 0.2
        assert shop.registry.get("registered_model", name="churn-clf")["customProperties"]["team"] == text("growth")

        proxy.clear()
        again = shop.promote(*PROMOTE, proxy=proxy)
        assert again["outcome"] == "already" and not proxy.writes, (again, proxy.writes)

        back = shop.promote(*ROLLBACK, proxy=proxy)
        assert (back["outcome"], back["from"], back["to"]) == ("done", "v2", "v1") and shop.production == {"v1"}, back
        proxy.clear()
        for more in ((), ("--from", "v2")):
            once_more = shop.promote(*ROLLBACK, *more, proxy=proxy)
            assert once_more["outcome"] == "already" and shop.production == {"v1"}, once_more
        assert not proxy.writes, proxy.writes
        assert shop.promote(*PROMOTE)["to"] == "v2" and shop.production == {"v2"}


def a_version_says_its_run_in_several_ways(world: World) -> None:
    with Shop(world, how="modelSourceId") as shop:
        done = shop.promote(*PROMOTE)
        assert (done["from"], done["to"]) == ("v1", "v2") and shop.production == {"v2"}, done
        # Of two versions of one run the newer one, unless another is named.
        shop.register("v3", shop.head, "run_id")
        assert shop.promote(*PROMOTE)["to"] == "v3" and shop.production == {"v3"}


def production_is_a_baseline(world: World) -> None:
    with Shop(world, policy=SOURCE + PRODUCTION + TRIGGER) as shop:
        judged = shop.gate(0)
        assert "model-registry:/churn-clf@stage=production, version v1" in str(judged.report), judged.told
        shop.give("v1", "staging")
        judged = shop.gate((0, 1, NOT_JUDGED))
        assert judged.report["judgement"]["findings"][0]["verdict"] != "pass" and "leads to no version" in judged.told, judged.told
        # A registry that is not reached is not one without a version.
        judged = shop.gate((NOT_JUDGED, 3), MODEL_REGISTRY_ENDPOINT="http://127.0.0.1:9", PROOFMARK_NETWORK_SECONDS="1")
        assert "allowed" not in judged.told, judged.told


def what_does_not_pass_is_not_promoted(world: World) -> None:
    with Shop(world, 0.93, 0.90) as shop, faulty.Proxy(shop.registry.url) as proxy:
        assert "train.accuracy" in shop.promote(*PROMOTE, code=1, proxy=proxy).told
        shop.promote(*PROMOTE, "--version", "v1", code=(1, 2), proxy=proxy)
        shop.promote(*PROMOTE, "--version", "v9", code=(1, 2), proxy=proxy)
        assert not proxy.writes and shop.production == {"v1"}, proxy.writes
    with Shop(world_in(world, "beside")) as shop, faulty.Proxy(shop.registry.url) as proxy:
        told = shop.promote(*PROMOTE, "--version", "v1", code=2, proxy=proxy).told
        assert "none of the runs that were judged" in told, told
        told = shop.promote("promote", "nothing", *PROMOTE[2:], code=2, proxy=proxy).told
        assert "no registered model `nothing`" in told, told
        shop.repo.git("checkout", "-q", "change")
        shop.repo.commit("Not trained", {"README.md": "Words.\n"})
        assert "no run" in shop.promote(*PROMOTE, code=2, proxy=proxy).told
        assert not proxy.writes and shop.production == {"v1"}, proxy.writes


def a_run_without_a_version_is_not_promoted(world: World) -> None:
    with Shop(world) as shop:
        version = shop.version("v2")
        properties = {name: value for name, value in version["customProperties"].items() if name != "kfp_run_id"}
        shop.registry.ask("PATCH", f"model_versions/{version['id']}", {"customProperties": properties})
        told = shop.promote(*PROMOTE, code=2).told
        assert "no version of `churn-clf` is of a run that was judged" in told and "kfp_run_id" in told, told
        assert shop.production == {"v1"}


def archived_versions_are_not_promoted(world: World) -> None:
    with Shop(world) as shop:
        shop.registry.ask("PATCH", f"model_versions/{shop.version('v2')['id']}", {"state": "ARCHIVED"})
        told = shop.promote(*PROMOTE, code=2).told
        assert "archived" in told and shop.production == {"v1"}, told


def somebody_else_moves_it(world: World) -> None:
    """The registry has no compare-and-set: theirs stays beside ours, and that is said until somebody decides."""
    with Shop(world) as shop, faulty.Proxy(shop.registry.url) as proxy:
        shop.register("v0", "another-run", "kfp_run_id")

        def move() -> None:
            shop.give("v1", None)
            shop.give("v0", "production")

        # When all looking is done and the first thing is written.
        proxy.fault(faulty.after(move), 1, "PATCH")
        told = shop.promote(*PROMOTE, code=1, proxy=proxy).told
        assert "moved meanwhile" in told and "v0" in shop.production, (told, shop.production)
        told = shop.promote(*PROMOTE, code=2).told
        assert "several versions" in told and "`v0`" in told, told
        shop.give("v0", None)
        assert shop.promote(*PROMOTE)["to"] == "v2" and shop.production == {"v2"}
        # What moved before it looked is what it replaces.
        shop.promote(*ROLLBACK)
        shop.give("v1", None)
        shop.give("v0", "production")
        done = shop.promote(*PROMOTE)
        assert (done["from"], done["to"]) == ("v0", "v2") and shop.production == {"v2"}, done


def answers_that_are_lost(world: World) -> None:
    """What counts is what the registry says afterwards."""
    with Shop(world) as shop, faulty.Proxy(shop.registry.url) as proxy:
        proxy.fault(faulty.lost, 1, "PATCH")
        done = shop.promote(*PROMOTE, proxy=proxy)
        assert done["to"] == "v2" and shop.production == {"v2"}, (done, proxy.calls)
        shop.promote(*ROLLBACK)
        proxy.clear()
        proxy.fault(faulty.status(500), calls="PATCH")
        shop.promote(*PROMOTE, code=3, proxy=proxy)
        assert shop.production == {"v1"}
        # Half of it: the next try goes on from there.
        proxy.clear()
        writes = iter(range(100))
        proxy.fault(lambda _, real: real() if next(writes) < 1 else faulty.status(500)(_, real), calls="PATCH")
        shop.promote(*PROMOTE, code=(0, 3), proxy=proxy)
        assert shop.production <= {"v1", "v2"} and shop.production, shop.production
        proxy.clear()
        assert shop.promote(*PROMOTE, proxy=proxy)["to"] == "v2" and shop.production == {"v2"}


def by_a_stored_report(world: World) -> None:
    with Shop(world) as shop:
        report = world.folder / "report.json"
        text = shop.run("gate", "main", "change", "--format", "json").stdout
        forged = json.loads(text)
        forged["judgement"]["findings"] = []
        for content, code in [(text.replace("0.95", "0.99"), (1, 2)), (json.dumps(forged), (1, 2)), (text, 0)]:
            report.write_text(content)
            shop.promote(*PROMOTE, "--report", str(report), code=code)
            assert shop.production == ({"v2"} if code == 0 else {"v1"})


CASES = [
    the_walk,
    a_version_says_its_run_in_several_ways,
    production_is_a_baseline,
    what_does_not_pass_is_not_promoted,
    a_run_without_a_version_is_not_promoted,
    archived_versions_are_not_promoted,
    somebody_else_moves_it,
    answers_that_are_lost,
    by_a_stored_report,
]
