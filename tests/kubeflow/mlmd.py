"""ML Metadata's own store behind gRPC-web over plain HTTP/1.1, as Kubeflow's UI passes it on.

    python mlmd.py [--port PORT] [--database FILE] [--apis URL]

It needs the Python that has `ml-metadata`. It prints `GRPC host:port`, which is the store without the web, and then where it listens; it
ends when its input does. `--apis` is the address of an API
server that it passes `/apis/` on to, as the UI does. All paths may begin with `/pipeline`. Beside that there is

    POST /_test/runs/{run}    fills the store with what Kubeflow's driver and launcher write for a run (see `Filler`)
    POST /_test/replies       {"count": N, "status": S, "message": M}: the next N calls fail with this gRPC status

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import os
import struct
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2
from ml_metadata.metadata_store.pywrap.metadata_store_extension import metadata_store as real
from ml_metadata.proto import metadata_store_pb2 as proto
from ml_metadata.proto import metadata_store_service_pb2 as service

SERVICE = "/ml_metadata.MetadataStoreService/"
BINARY = {"application/grpc-web", "application/grpc-web+proto"}
TEXT = {"application/grpc-web-text", "application/grpc-web-text+proto"}
UNIMPLEMENTED, INVALID, OK = 12, 3, 0
#: What the module has beside the calls.
NO_CALLS = {"CreateMetadataStore", "LoadSimpleTypes", "MetadataStore"}


class Failed(Exception):
    """What the store said instead of an answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Store:
    """The real store: messages go in and out as bytes."""

    def __init__(self, database: str | None) -> None:
        config = proto.ConnectionConfig()
        if database:
            config.sqlite.filename_uri = database
            config.sqlite.connection_mode = proto.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        else:
            config.fake_database.SetInParent()
        options = proto.MigrationOptions().SerializeToString()
        made, message, status = self._unpack(real.CreateMetadataStore(config.SerializeToString(), options))
        if status:
            raise Failed(status, message)
        self.store = made
        self.lock = threading.Lock()

    @staticmethod
    def _unpack(result: Any) -> tuple[Any, str, int]:
        if not isinstance(result, list | tuple):
            return result, "", OK
        answer, message, status = result
        return answer, message.decode("utf-8", "replace") if isinstance(message, bytes) else message, status

    def call(self, method: str, request: bytes) -> bytes:
        function = None if method in NO_CALLS or method.startswith("_") else getattr(real, method, None)
        if function is None:
            raise Failed(UNIMPLEMENTED, f"unknown method {method}")
        with self.lock:
            answer, message, status = self._unpack(function(self.store, request))
        if status:
            raise Failed(status, message)
        return answer

    def __getattr__(self, method: str) -> Any:
        """The same with messages: `store.PutExecution(execution=...)`."""

        def call(**fields: Any) -> Any:
            answer = getattr(service, f"{method}Response")()
            answer.ParseFromString(self.call(method, getattr(service, f"{method}Request")(**fields).SerializeToString()))
            return answer

        return call


# What Kubeflow writes. Names and order are those of its driver and launcher.


class Filler:
    """Writes runs as the driver and launcher of Kubeflow Pipelines 2 do.

    A run is `{"pipeline", "namespace"?, "tasks": [task]}`. A task is `{"name", "state"?: COMPLETE, "parameters"?, "results"?, "outputs"?,
    "inputs"?, "cached"?, "iteration"?, "tasks"?}`: `outputs` maps an output's name to `{"type"?: "system.Metrics", "uri"?, "values"?, "name"?}`;
    `inputs` maps an input's name to `[task, output]` of this run; `cached` is `[run, task]`, whose outputs are used again; with `tasks` it is a
    part of a pipeline, or one turn of a loop.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        #: Executions by run and task, and artifacts by those and the output.
        self.executions: dict[tuple[str, str], int] = {}
        self.artifacts: dict[tuple[str, str, str], int] = {}

    def fill(self, run: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        pipeline, namespace = asked.get("pipeline", "pipeline"), asked.get("namespace", "kubeflow")
        root = f"minio://mlpipeline/v2/artifacts/{pipeline}/{run}"
        about = {"namespace": text(namespace), "resource_name": text("run-resource"), "pipeline_root": text(root)}
        if asked.get("store_session_info", True):
            about["store_session_info"] = text(SESSION)
        contexts = [self._context("system.Pipeline", pipeline, {}), self._context("system.PipelineRun", run, about)]
        if not self.store.GetParentContextsByContext(context_id=contexts[1].id).contexts:
            link = proto.ParentContext(child_id=contexts[1].id, parent_id=contexts[0].id)
            self.store.PutParentContexts(parent_contexts=[link])
        whole = self._execution(f"run/{run}", "system.DAGExecution", {"display_name": text(""), "task_name": text("")}, asked, contexts)
        # Nothing ever ends the execution of the whole.
        for task in asked.get("tasks", []):
            self._task(run, root, task, whole.id, contexts)
        executions = {task: identity for (of, task), identity in self.executions.items() if of == run}
        return {"context": contexts[1].id, "execution": whole.id, "executions": executions}

    def _task(self, run: str, root: str, task: Mapping[str, Any], parent: int, contexts: list[Any]) -> None:
        name = task["name"]
        properties = {"display_name": text(name), "task_name": text(name), "parent_dag_id": number(parent)}
        if "iteration" in task:
            properties["iteration_index"] = number(task["iteration"])
        if "tasks" in task:
            part = self._execution(None, "system.DAGExecution", properties, task, contexts)
            for inner in task["tasks"]:
                self._task(run, root, inner, part.id, contexts)
            return
        state = task.get("state", "CACHED" if "cached" in task else "COMPLETE")
        properties |= {"pod_name": text(""), "pod_uid": text(""), "namespace": text(""), "image": text("")}
        if state != "CANCELED":
            properties["cache_fingerprint"] = text(f"fingerprint-of-{name}")
        if "cached" in task:
            properties["cached_execution_id"] = text(str(self.executions[tuple(task["cached"])]))
        taken = [self._event(self.artifacts[run, *where], slot, proto.Event.INPUT) for slot, where in task.get("inputs", {}).items()]
        # One whose condition does not hold is not more than noted down.
        begun = proto.Execution.CANCELED if state == "CANCELED" else proto.Execution.RUNNING
        execution = self._execution(None, "system.ContainerExecution", properties, task, contexts, taken, begun)
        self.executions[run, name] = execution.id
        if state == "CANCELED":
            return
        if "cached" in task:
            of = tuple(task["cached"])
            made = {output: identity for (*where, output), identity in self.artifacts.items() if tuple(where) == of}
        else:
            for key, value in {"pod_name": f"{name}-pod", "pod_uid": f"{run}-{name}", "namespace": "kubeflow"}.items():
                execution.custom_properties[key].CopyFrom(text(value))
            if state == "RUNNING":
                self.store.PutExecution(execution=execution)
                return
            made = {output: self._artifact(root, name, output, about) for output, about in task.get("outputs", {}).items()}
        self.artifacts |= {(run, name, output): identity for output, identity in made.items()}
        execution.last_known_state = proto.Execution.State.Value(state)
        if "results" in task:
            execution.custom_properties["outputs"].CopyFrom(struct_value(task["results"]))
        elif "cached" in task:
            (earlier,) = self.store.GetExecutionsByID(execution_ids=[self.executions[of]]).executions
            if "outputs" in earlier.custom_properties:
                execution.custom_properties["outputs"].CopyFrom(earlier.custom_properties["outputs"])
        given = [self._event(identity, output, proto.Event.OUTPUT) for output, identity in made.items()]
        self.store.PutExecution(execution=execution, artifact_event_pairs=given, contexts=contexts)

    def _context(self, kind: str, name: str, properties: dict[str, Any]) -> Any:
        found = self.store.GetContextByTypeAndName(type_name=kind, context_name=name)
        if found.HasField("context"):
            return found.context
        known = self.store.PutContextType(context_type=proto.ContextType(name=kind)).type_id
        self.store.PutContexts(contexts=[proto.Context(name=name, type_id=known, custom_properties=properties)])
        return self.store.GetContextByTypeAndName(type_name=kind, context_name=name).context

    def _execution(
        self,
        name: str | None,
        kind: str,
        properties: dict[str, Any],
        asked: Mapping[str, Any],
        contexts: list[Any],
        events: Any = (),
        state: Any = proto.Execution.RUNNING,
    ) -> Any:
        known = self.store.PutExecutionType(execution_type=proto.ExecutionType(name=kind)).type_id
        properties = {**properties, "inputs": struct_value(asked.get("parameters", {}))}
        execution = proto.Execution(type_id=known, name=name, custom_properties=properties, last_known_state=state)
        identity = self.store.PutExecution(execution=execution, artifact_event_pairs=events, contexts=contexts).execution_id
        return self.store.GetExecutionsByID(execution_ids=[identity]).executions[0]

    def _artifact(self, root: str, task: str, output: str, about: Mapping[str, Any]) -> int:
        known = self.store.PutArtifactType(artifact_type=proto.ArtifactType(name=about.get("type", "system.Metrics"))).type_id
        properties = {key: value_of(value) for key, value in about.get("values", {}).items()}
        properties.setdefault("display_name", text(output))
        if about.get("store_session_info", True):
            properties.setdefault("store_session_info", text(SESSION))
        uri = about.get("uri", f"{root}/{task}/{output}")
        artifact = proto.Artifact(type_id=known, uri=uri, custom_properties=properties, state=proto.Artifact.LIVE, name=about.get("name"))
        return self.store.PutArtifacts(artifacts=[artifact]).artifact_ids[0]

    @staticmethod
    def _event(artifact: int, slot: str, kind: Any) -> Any:
        event = proto.Event(artifact_id=artifact, type=kind)
        event.path.steps.add().key = slot
        return service.PutExecutionRequest.ArtifactAndEvent(event=event)


#: How the launcher remembers where artifacts lie.
SESSION = '{"Provider":"minio","Params":{"endpoint":"minio-service.kubeflow:9000","fromEnv":"true"}}'


def text(value: str) -> Any:
    return proto.Value(string_value=value)


def number(value: int) -> Any:
    return proto.Value(int_value=value)


def struct_value(fields: Mapping[str, Any]) -> Any:
    held = struct_pb2.Struct()
    json_format.ParseDict(dict(fields), held)
    value = proto.Value()
    value.struct_value.CopyFrom(held)
    return value


def value_of(value: Any) -> Any:
    """A value of an artifact's metadata, as the launcher turns JSON into a property."""
    if isinstance(value, bool):
        return number(int(value))
    if isinstance(value, int | float):
        return proto.Value(double_value=value)
    if isinstance(value, str):
        return text(value)
    return struct_value({"list" if isinstance(value, list) else "struct": value})


# Serving.


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Two small writes an answer otherwise wait for each other's acknowledgement.
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.removeprefix("/pipeline") if self.path.startswith("/pipeline/") else self.path
        bare = urllib.parse.urlsplit(path).path
        if bare.startswith(SERVICE) and self.command == "POST":
            self._call(bare.removeprefix(SERVICE), body)
        elif bare.startswith("/_test/") and self.command == "POST":
            self._control(bare.removeprefix("/_test/"), body)
        elif bare.startswith("/apis/") and self.server.apis:
            self._pass_on(path, body)
        else:
            # The UI gives its page for everything that it does not know.
            self._send(200, b"<!doctype html><title>Kubeflow Pipelines</title>", "text/html; charset=utf-8")

    def _call(self, method: str, body: bytes) -> None:
        kind = (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()
        if kind not in BINARY | TEXT:
            self._send(415, b"", "text/plain")
            return
        as_text = kind in TEXT
        try:
            planned = self.server.next_failure()
            if planned:
                raise planned
            answer = self.server.store.call(method, message_of(base64.b64decode(body) if as_text else body))
        except Failed as failed:
            # Without a message there is no body: the status is in the headers alone.
            status = {"grpc-status": str(failed.status), "grpc-message": urllib.parse.quote(failed.message)}
            self._send(200, b"", kind, status)
            return
        except (ValueError, binascii.Error) as error:
            self._send(200, b"", kind, {"grpc-status": str(INVALID), "grpc-message": urllib.parse.quote(str(error))})
            return
        frames = [frame(0, answer), frame(0x80, b"grpc-status:0\r\n")]
        # In text each frame is encoded for itself, so there may be padding in the middle.
        self._send(200, b"".join(base64.b64encode(part) for part in frames) if as_text else b"".join(frames), kind)

    def _control(self, path: str, body: bytes) -> None:
        try:
            asked = json.loads(body or b"{}")
            if path.startswith("runs/"):
                with self.server.filling:
                    answer = self.server.filler.fill(urllib.parse.unquote(path.removeprefix("runs/")), asked)
            elif path == "replies":
                self.server.plan(asked)
                answer = {}
            else:
                self._send(404, b"no such control", "text/plain")
                return
        except Exception as error:  # noqa: BLE001 (the test wants to see it)
            self._send(500, f"{type(error).__name__}: {error}".encode(), "text/plain")
            return
        self._send(200, json.dumps(answer).encode(), "application/json")

    def _pass_on(self, path: str, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection", "content-length"}}
        request = urllib.request.Request(self.server.apis + path, data=body or None, method=self.command, headers=headers)
        if self.command == "POST" and not body:
            request.data = b""
        try:
            with self.server.opener.open(request, timeout=60) as answer:
                self._send(answer.status, answer.read(), answer.headers.get("Content-Type", ""))
        except urllib.error.HTTPError as error:
            self._send(error.code, error.read(), error.headers.get("Content-Type", ""))

    def _send(self, status: int, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Unwrapped(grpc.GenericRpcHandler):
    """The same store for programs that speak gRPC itself."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def service(self, details: Any) -> Any:
        if not details.method.startswith(SERVICE):
            return None
        method = details.method.removeprefix(SERVICE)

        def answer(request: bytes, context: Any) -> bytes:
            try:
                return self.store.call(method, request)
            except Failed as failed:
                codes = {code.value[0]: code for code in grpc.StatusCode}
                return context.abort(codes[failed.status], failed.message)

        return grpc.unary_unary_rpc_method_handler(answer)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, store: Store, apis: str) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store, self.filler, self.apis = store, Filler(store), apis.rstrip("/")
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.filling = threading.Lock()
        self.failures: list[Failed] = []

    def plan(self, asked: Mapping[str, Any]) -> None:
        with self.filling:
            self.failures = [Failed(asked["status"], asked.get("message", ""))] * asked.get("count", 1)

    def next_failure(self) -> Failed | None:
        with self.filling:
            return self.failures.pop() if self.failures else None


def frame(kind: int, content: bytes) -> bytes:
    return struct.pack(">BI", kind, len(content)) + content


def message_of(body: bytes) -> bytes:
    """The message in the only frame of a request."""
    if len(body) < 5:
        raise ValueError("there is no frame")
    kind, length = struct.unpack(">BI", body[:5])
    if kind or len(body) != 5 + length:
        raise ValueError(f"a frame of kind {kind} says {length} bytes, and {len(body) - 5} are there")
    return body[5:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--database", help="a file to keep the store in; without it, it is in memory")
    parser.add_argument("--apis", default="", help="the API server behind `/apis/`")
    given = parser.parse_args()
    store = Store(given.database)
    direct = grpc.server(ThreadPoolExecutor(4))
    direct.add_generic_rpc_handlers((Unwrapped(store),))
    address = f"127.0.0.1:{direct.add_insecure_port('127.0.0.1:0')}"
    direct.start()
    server = Server(given.port, store, given.apis)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"GRPC {address}")
    print(f"LISTENING http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
