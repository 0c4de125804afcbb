"""Cases: `proofmark kubeflow deploy`, `promote`, `rollback` and `service`, and the trigger of the same, at the real API server with
KServe's definition and webhooks. What KServe's controller would say of a service, the test says.
"""

from __future__ import annotations

import functools
import itertools
import subprocess
import time
from typing import Any

from judging import Project, world_in
from rig import Kubernetes, start_kubernetes

# `judging` makes these importable.
import faulty  # isort: skip
from support import TIMEOUT, World, strict  # isort: skip

MERGE = {"Content-Type": "application/merge-patch+json"}
TRIGGERS = """\
[[trigger]]
name = "deploy"
on = "push"

[[trigger.step]]
name = "try"
timeout = "20s"
[trigger.step.start.kserve]
service = "churn"
namespace = "NAMESPACE"
storage_uri = "s3://models/{{ event.head.commit }}"
canary = 10

[[trigger.step]]
name = "all"
timeout = "20s"
[trigger.step.start.kserve]
service = "churn"
namespace = "NAMESPACE"
promote = true

[[trigger.step]]
name = "back"
after = "failed"
[trigger.step.start.kserve]
service = "churn"
namespace = "NAMESPACE"
rollback = true
"""


NUMBERS = itertools.count(1)


@functools.cache
def kubernetes() -> Kubernetes:
    return start_kubernetes(tokens={"of-a-reader": "reader"}, denials={"reader": ["patch"]})


class Cluster(Project):
    """A service `churn` that serves `s3://models/1` to all, as KServe has it with Knative or without."""

    def __init__(self, world: World, *, standard: bool = False) -> None:
        # Each case has a namespace of its own, since the server takes seconds to start.
        self.namespace = f"models-{next(NUMBERS)}"
        super().__init__(world, "", {"proofmark.toml": TRIGGERS.replace("NAMESPACE", self.namespace)})
        self.kubernetes, self.services = kubernetes(), f"namespaces/{self.namespace}/inferenceservices"
        self.standard = standard
        config = world.folder / "kubeconfig"
        config.write_text(self.kubernetes.kubeconfig(namespace=self.namespace))
        self.variables["KUBECONFIG"] = str(config)
        mode = {"serving.kserve.io/deploymentMode": "Standard" if standard else "Knative"}
        about = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "churn", "annotations": mode}}
        model = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/1"}
        self.kubernetes.post(self.services, {**about, "spec": {"predictor": {"minReplicas": 2, "model": model}}})
        self.revision = 1
        self.ready()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        """The server ends with the program."""

    @property
    def service(self) -> dict[str, Any]:
        return self.kubernetes.get(f"{self.services}/churn")

    @property
    def predictor(self) -> dict[str, Any]:
        return self.service["spec"]["predictor"]

    @property
    def uri(self) -> str:
        return self.predictor["model"]["storageUri"]

    def ready(self, failed: str = "") -> None:
        """What the controller says once it has seen what is there: a new revision answers, or why it does not."""
        found = self.service
        percent = found["spec"]["predictor"].get("canaryTrafficPercent", 100)
        latest = f"churn-{self.revision}"
        states = {"activeModelState": "Loaded", "targetModelState": "FailedToLoad" if failed else "Loaded"}
        model = {"transitionStatus": "BlockedByFailedLoad" if failed else "UpToDate", "states": states}
        if failed:
            model["lastFailureInfo"] = {"reason": "ModelLoadFailed", "message": failed, "exitCode": 1}
        status: dict[str, Any] = {
            "deploymentMode": "Standard" if self.standard else "Knative",
            "observedGeneration": found["metadata"]["generation"],
            # A failed revision leaves the old one ready.
            "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "PredictorReady", "IngressReady")],
            "modelStatus": model,
        }
        if self.standard:
            canaries = found["spec"].get("canary", [])
            status["canaryStatuses"] = [
                {"name": one["predictor"]["name"], "ready": not failed, "trafficPercent": one.get("trafficPercent", 0)} for one in canaries
            ]
        else:
            rolled = latest if percent == 100 else f"churn-{self.revision - 1}"
            traffic = [{"latestRevision": True, "revisionName": latest, "percent": percent}]
            traffic += [{"revisionName": rolled, "percent": 100 - percent, "tag": "prev"}] if percent < 100 else []
            parts = {"latestCreatedRevision": latest, "latestReadyRevision": latest, "latestRolledoutRevision": rolled, "traffic": traffic}
            if failed:
                parts["latestReadyRevision"] = f"churn-{self.revision - 1}"
            status["components"] = {"predictor": parts}
        self.kubernetes.set_status("churn", status, self.namespace)

    @property
    def generation(self) -> int:
        return self.service["metadata"]["generation"]

    def wait_for_a_change(self, generation: int) -> None:
        deadline = time.monotonic() + 20
        while self.generation == generation:
            assert time.monotonic() < deadline, "nothing changes"
            time.sleep(0.02)

    def follow(self, *arguments: str, failed: str = "", code: int = 0, times: int = 1) -> str:
        """Runs the binary, and is the controller meanwhile."""
        generation = self.generation
        program = subprocess.Popen(**self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            for _ in range(times):
                self.wait_for_a_change(generation)
                generation, self.revision = self.generation, self.revision + 1
                time.sleep(0.3)
                self.ready(failed)
        finally:
            output, told = program.communicate(timeout=TIMEOUT)
        assert program.returncode == code, f"ended with {program.returncode}, not {code}\n{output}{told}"
        return output + told

    def document_of(self, *arguments: str, **variables: str) -> dict[str, Any]:
        return strict(self.run("kubeflow", *arguments, "--format", "json", variables=variables).stdout)


def the_walk_with_knative(world: World) -> None:
    """A look, a canary, all requests, and the way back."""
    with Cluster(world) as cluster:
        assert cluster.document_of("service", "churn")["storage_uri"] == "s3://models/1"
        arguments = ("deploy", "churn", "--storage-uri", "s3://models/2", "--canary", "10")
        looked = cluster.document_of(*arguments, "--dry-run")
        assert looked["changed"] and looked["patch"] and cluster.uri == "s3://models/1", looked

        told = cluster.follow("kubeflow", *arguments, "--wait")
        assert "s3://models/2" in told and "10 %" in told and cluster.uri == "s3://models/2", told
        assert cluster.predictor["canaryTrafficPercent"] == 10 and cluster.predictor["minReplicas"] == 2, cluster.predictor
        generation = cluster.generation
        again = cluster.document_of(*arguments)
        assert again["changed"] is False and cluster.generation == generation, again

        assert "s3://models/2" in cluster.follow("kubeflow", "promote", "churn", "--wait")
        assert cluster.predictor.get("canaryTrafficPercent", 100) == 100 and cluster.uri == "s3://models/2", cluster.predictor
        shown = cluster.document_of("service", "churn")
        assert (shown["storage_uri"], shown["previous"]) == ("s3://models/2", "s3://models/1"), shown

        looked = cluster.document_of("rollback", "churn", "--dry-run")
        assert looked["changed"] and cluster.uri == "s3://models/2", looked
        cluster.follow("kubeflow", "rollback", "churn", "--wait")
        assert cluster.uri == "s3://models/1", cluster.predictor
        # A second try goes back no further.
        again = cluster.run("kubeflow", "rollback", "churn", code=(0, 2))
        assert cluster.uri == "s3://models/1", again.told


def a_canary_that_goes_back(world: World) -> None:
    with Cluster(world) as cluster:
        cluster.follow("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", "--canary", "10", "--wait")
        cluster.run("kubeflow", "rollback", "churn")
        assert cluster.uri == "s3://models/1" or cluster.predictor["canaryTrafficPercent"] == 0, cluster.predictor


def the_walk_without_knative(world: World) -> None:
    """Canaries are a list of predictors there."""
    with Cluster(world, standard=True) as cluster:
        told = cluster.follow("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", "--canary", "10", "--wait")
        (canary,) = cluster.service["spec"]["canary"]
        assert canary["trafficPercent"] == 10 and canary["predictor"]["model"]["storageUri"] == "s3://models/2", (canary, told)
        assert cluster.uri == "s3://models/1" and "canaryTrafficPercent" not in cluster.predictor, cluster.predictor
        cluster.follow("kubeflow", "promote", "churn", "--wait")
        assert cluster.uri == "s3://models/2" and not cluster.service["spec"].get("canary"), cluster.service["spec"]
        assert cluster.predictor["minReplicas"] == 2, cluster.predictor
        cluster.follow("kubeflow", "rollback", "churn", "--wait")
        assert cluster.uri == "s3://models/1", cluster.service["spec"]


def all_requests_at_once(world: World) -> None:
    with Cluster(world) as cluster:
        cluster.follow("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", "--wait")
        assert cluster.uri == "s3://models/2" and cluster.predictor.get("canaryTrafficPercent", 100) == 100
        cluster.follow("kubeflow", "rollback", "churn", "--wait")
        assert cluster.uri == "s3://models/1"


def a_model_that_does_not_load_is_no_success(world: World) -> None:
    """The service goes on being ready with the old one, which says nothing of the new one."""
    with Cluster(world) as cluster:
        told = cluster.follow("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", "--wait", failed="no such bucket", code=1)
        assert "no such bucket" in told and "does not answer" in told, told


def old_answers_of_the_controller_do_not_count(world: World) -> None:
    """Until it has seen the change, what it says is of what was there before."""
    with Cluster(world) as cluster:
        arguments = ("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", "--wait", "--timeout", "2")
        done = cluster.run(*arguments, code=1)
        assert cluster.uri == "s3://models/2" and "does not answer" in done.told, done.told


def who_may_not_is_told_so(world: World) -> None:
    with Cluster(world) as cluster:
        config = world.folder / "kubeconfig"
        arguments = ("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2")
        config.write_text(cluster.kubernetes.kubeconfig("of-a-reader", cluster.namespace))
        done = cluster.run(*arguments, code=(2, 3))
        assert "patch" in done.told and cluster.uri == "s3://models/1", done.told
        config.write_text(cluster.kubernetes.kubeconfig("of-nobody", cluster.namespace))
        done = cluster.run(*arguments, code=(2, 3))
        assert "401" in done.told and "of-nobody" not in done.told and cluster.uri == "s3://models/1", done.told
        # Another authority than the server's.
        foreign = cluster.kubernetes.kubeconfig(namespace=cluster.namespace).replace(cluster.kubernetes.secure, "https://127.0.0.1:9")
        config.write_text(foreign)
        assert cluster.run(*arguments, code=(2, 3), variables={"PROOFMARK_NETWORK_SECONDS": "1"}).told
        config.write_text(cluster.kubernetes.kubeconfig(namespace=cluster.namespace))
        for wrong, word in [
            (("kubeflow", "deploy", "none", "--storage-uri", "s3://models/2"), "no InferenceService `none`"),
            (("kubeflow", "deploy", "churn", "--storage-uri", "nowhere"), "nowhere"),
            (("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", "--namespace", "elsewhere"), "elsewhere"),
            (("kubeflow", "rollback", "churn"), "churn"),
        ]:
            done = cluster.run(*wrong, code=2)
            assert word in done.told and cluster.uri == "s3://models/1", (wrong, done.told)
        assert cluster.run("kubeflow", "service", "churn", code=2, variables={"KUBECONFIG": ""}).told


def every_way_to_the_cluster(world: World) -> None:
    with Cluster(world) as cluster:
        (file := world.folder / "token").write_text(cluster.kubernetes.token)
        (certificate := world.folder / "ca.crt").write_bytes(cluster.kubernetes.certificate)
        plain = {
            "KUBECONFIG": "",
            "KUBE_API_SERVER": cluster.kubernetes.secure,
            "KUBE_CA_CERT": str(certificate),
            "KUBE_NAMESPACE": cluster.namespace,
        }
        for more in ({"KUBE_TOKEN": cluster.kubernetes.token}, {"KUBE_TOKEN_FILE": str(file)}):
            assert cluster.document_of("service", "churn", **plain, **more)["storage_uri"] == "s3://models/1"
        # Without its authority the server is not believed, and no token is sent.
        told = cluster.run("kubeflow", "service", "churn", code=(2, 3), variables=plain | {"KUBE_CA_CERT": "", "KUBE_TOKEN": "x"}).told
        assert "certificate" in told.lower(), told


def somebody_else_changes_it(world: World) -> None:
    """Between the look and the write: what the controller says is no matter, and what people write is not written over."""
    with Cluster(world) as cluster, faulty.Proxy(cluster.kubernetes.url) as proxy:
        plain = {
            "KUBECONFIG": "",
            "KUBE_API_SERVER": proxy.url,
            "KUBE_TOKEN": cluster.kubernetes.token,
            "KUBE_NAMESPACE": cluster.namespace,
        }
        deploy = ("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2")

        def scale() -> None:
            patch = {"spec": {"predictor": {"minReplicas": 3}}}
            cluster.kubernetes.ask("PATCH", f"{cluster.services}/churn", patch, MERGE)

        proxy.fault(faulty.after(scale), 1, "PATCH")
        told = cluster.run(*deploy, code=1, variables=plain).told
        assert "somebody else changed" in told and cluster.uri == "s3://models/1" and cluster.predictor["minReplicas"] == 3, told
        proxy.clear()
        proxy.fault(
            faulty.after(lambda: cluster.kubernetes.set_status("churn", {"url": "http://churn.example.org"}, cluster.namespace)), 1, "PATCH"
        )
        cluster.run(*deploy, variables=plain)
        assert cluster.uri == "s3://models/2" and cluster.predictor["minReplicas"] == 3, cluster.predictor
        assert 409 in [request.answered for request in proxy.requests], proxy.calls
        # Somebody else's model is not rolled back with ours.
        cluster.kubernetes.ask(
            "PATCH", f"{cluster.services}/churn", {"spec": {"predictor": {"model": {"storageUri": "s3://models/9"}}}}, MERGE
        )
        told = cluster.run("kubeflow", "rollback", "churn", code=1).told
        assert cluster.uri == "s3://models/9" and "somebody changed" in told, told
        cluster.run("kubeflow", "rollback", "churn", "--force")
        assert cluster.uri == "s3://models/1"


def what_a_lost_answer_did_is_found(world: World) -> None:
    with Cluster(world) as cluster, faulty.Proxy(cluster.kubernetes.url) as proxy:
        plain = {
            "KUBECONFIG": "",
            "KUBE_API_SERVER": proxy.url,
            "KUBE_TOKEN": cluster.kubernetes.token,
            "KUBE_NAMESPACE": cluster.namespace,
        }
        # The trial, and then the change itself.
        seen = iter(range(100))
        proxy.fault(lambda request, real: faulty.lost(request, real) if next(seen) == 1 else real(), calls="PATCH")
        done = cluster.run("kubeflow", "deploy", "churn", "--storage-uri", "s3://models/2", variables=plain)
        assert cluster.uri == "s3://models/2" and cluster.generation == 2, done.told
        proxy.clear()
        proxy.fault(faulty.status(503), calls="PATCH")
        cluster.run(
            "kubeflow", "deploy", "churn", "--storage-uri", "s3://models/3", code=3, variables=plain | {"PROOFMARK_NETWORK_SECONDS": "1"}
        )
        assert cluster.uri == "s3://models/2"


def a_push_tries_and_takes(world: World) -> None:
    with Cluster(world) as cluster:
        push = ("trigger", "--event", "push", "--from", "change~1", "--to", "change", "--branch", "change")
        looked = cluster.run(*push, "--dry-run").stdout
        assert "churn" in looked and cluster.uri == "s3://models/1", looked
        wanted = f"s3://models/{cluster.commit('change')}"
        told = cluster.follow(*push, times=2)
        assert cluster.uri == wanted and cluster.predictor.get("canaryTrafficPercent", 100) == 100, told
        generation = cluster.generation
        again = cluster.run(*push).stdout
        assert "was started before" in again and cluster.generation == generation, again


def a_push_goes_back_where_it_fails(world: World) -> None:
    with Cluster(world_in(world, "failing")) as cluster:
        push = ("trigger", "--event", "push", "--from", "change~1", "--to", "change", "--branch", "change")
        told = cluster.follow(*push, failed="no such bucket", code=1)
        assert "no such bucket" in told and "back" in told, told
        assert cluster.uri == "s3://models/1" or cluster.predictor["canaryTrafficPercent"] == 0, cluster.predictor


CASES = [
    the_walk_with_knative,
    a_canary_that_goes_back,
    the_walk_without_knative,
    all_requests_at_once,
    a_model_that_does_not_load_is_no_success,
    old_answers_of_the_controller_do_not_count,
    who_may_not_is_told_so,
    every_way_to_the_cluster,
    somebody_else_changes_it,
    what_a_lost_answer_did_is_found,
    a_push_tries_and_takes,
    a_push_goes_back_where_it_fails,
]
