#!/usr/bin/env python
"""The fake Jenkins of the testkit against two clients that people use, python-jenkins and api4jenkins, and against what is known of
Jenkins' remote API, row by row. PROOFMARK_FAKE_JENKINS is the fake."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.dont_write_bytecode = True

import api4jenkins  # noqa: E402
import jenkins  # noqa: E402

USER, PASSWORD, TOKEN = "ada", "lovelace", "11token"
PARAMETERS = [
    {"name": "DATA", "type": "StringParameterDefinition", "default": "all"},
    {"name": "SIZE", "type": "ChoiceParameterDefinition", "default": "small", "choices": ["small", "large"]},
    {"name": "DRY", "type": "BooleanParameterDefinition", "default": "false"},
    {"name": "SECRET", "type": "PasswordParameterDefinition"},
]
JOBS = {
    "plain": {},
    "off": {"buildable": False},
    "ml/nlp team/train": {"parameters": PARAMETERS, "duration": 300, "log": ["première ligne", "zweite Zeile"], "artifacts": {"out/a b.txt": "x"}},
    "slow": {"duration": 60_000, "concurrent": False},
    "repo/feature%2Fx": {"duration": 0, "result": "UNSTABLE"},
    "remote": {"remote_token": "sesame"},
    "waits": {"input_at": 0},
}


@contextmanager
def fake(**options: Any) -> Iterator[str]:
    program = os.environ.get("PROOFMARK_FAKE_JENKINS") or sys.exit("PROOFMARK_FAKE_JENKINS must name the fake (`bash tests/run.sh jenkins` does)")
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.json"
        seed.write_text(json.dumps({"options": options, "jobs": JOBS}))
        with subprocess.Popen([program, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout and process.stdin
            try:
                yield process.stdout.readline().strip()
            finally:
                process.stdin.close()
                process.wait(10)


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.text = status, headers, body.decode(errors="replace")


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(url: str, method: str = "GET", *, secret: str | None = TOKEN, user: str = USER, body: bytes | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if secret:
        named["Authorization"] = "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
    request = urllib.request.Request(url, method=method, headers=named, data=body if method == "POST" else None)
    try:
        with urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({})).open(request, timeout=20) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def until(what: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def python_jenkins(secret: str) -> None:
    with fake(context="/jenkins", quiet=200) as url:
        server = jenkins.Jenkins(url, username=USER, password=secret, timeout=20)
        assert server.get_whoami()["id"] == USER
        assert server.get_version() == "2.516.3"
        names = {job["fullname"] for job in server.get_all_jobs()}
        assert {"plain", "ml/nlp team/train", "repo/feature%2Fx"} <= names, names
        assert server.job_exists("ml/nlp team/train") and not server.job_exists("ml/none")
        number = server.build_job("ml/nlp team/train", {"DATA": "a b&ü", "SIZE": "large", "UNKNOWN": "x"})
        assert number > 2**32, number
        item = server.get_queue_item(number)
        assert item["id"] == number and item["why"].startswith("In the quiet period"), item
        assert [one["id"] for one in server.get_queue_info()] == [number]
        build = until(lambda: server.get_queue_item(number).get("executable"))
        info = server.get_build_info("ml/nlp team/train", build["number"])
        assert info["building"] and info["result"] is None and info["queueId"] == number, info
        values = {one["name"]: one.get("value") for action in info["actions"] for one in action.get("parameters", [])}
        assert values == {"DATA": "a b&ü", "SIZE": "large", "DRY": False, "SECRET": None}, values
        info = until(lambda: (found := server.get_build_info("ml/nlp team/train", build["number"]))["building"] or found)
        info = until(lambda: not server.get_build_info("ml/nlp team/train", build["number"])["building"]) and server.get_build_info("ml/nlp team/train", build["number"])
        assert info["result"] == "SUCCESS", info
        assert "première ligne" in server.get_build_console_output("ml/nlp team/train", build["number"])
        try:
            server.build_job("ml/nlp team/train", {"SIZE": "huge"})
            raise AssertionError("a wrong choice was taken")
        except jenkins.JenkinsException as error:
            assert "500" in str(error), error
        # Stopping and cancelling.
        first = server.build_job("slow")
        running = until(lambda: server.get_queue_item(first).get("executable"))
        second = server.build_job("slow")
        assert until(lambda: "already in progress" in (server.get_queue_item(second)["why"] or ""))
        server.cancel_queue(second)
        assert server.get_queue_item(second)["cancelled"]
        server.stop_build("slow", running["number"])
        assert server.get_build_info("slow", running["number"])["result"] == "ABORTED"


def built(item: Any) -> Any:
    """This client trips over an `executable` that is null for a moment, as it is in Jenkins itself."""
    try:
        return item.get_build()
    except TypeError:
        return None


def api_4_jenkins(secret: str) -> None:
    with fake(context="/jenkins") as url:
        client = api4jenkins.Jenkins(url, auth=(USER, secret))
        assert client.version == "2.516.3"
        assert client.user.id == USER
        job = client.get_job("ml/nlp team/train")
        assert job.full_name == "ml/nlp team/train", job.full_name
        item = job.build(DATA="x", SIZE="large")
        build = until(lambda: built(item))
        until(lambda: not build.building)
        assert build.result == "SUCCESS" and build.number == 1
        assert "zweite Zeile" in "\n".join(build.progressive_output())
        assert {one.name: getattr(one, "value", None) for one in build.get_parameters()}["DATA"] == "x"
        child = client.get_job("repo/feature%2Fx")
        started = child.build()
        assert until(lambda: built(started)).number == 1
        waiting = client.get_job("slow").build()
        slow = until(lambda: built(waiting))
        slow.stop()
        assert until(lambda: slow.result == "ABORTED")


def rows_of_the_trigger() -> None:
    with fake(quiet=60_000) as url:
        train = f"{url}/job/ml/job/nlp%20team/job/train"
        answer = ask(f"{url}/job/plain/build", "POST")
        assert answer.status == 201 and "/queue/item/" in answer.headers["Location"]
        assert answer.headers["X-Jenkins"] == "2.516.3"
        item = answer.headers["Location"]
        assert ask(item).status == 404 and ask(item + "api/json").status == 200
        assert ask(f"{train}/build", "POST").status == 400
        assert ask(f"{url}/job/plain/buildWithParameters", "POST").status == 400
        first = ask(f"{train}/buildWithParameters?DATA=a", "POST")
        assert first.status == 201
        again = ask(f"{train}/buildWithParameters", "POST", body=b"DATA=a", Content_Type="application/x-www-form-urlencoded")
        assert again.status == 303 and again.headers["Location"] == first.headers["Location"]
        assert ask(f"{train}/buildWithParameters", "POST", body=b'{"DATA": "b"}', Content_Type="application/json").headers["Location"] != first.headers["Location"]
        boundary = b'--x\r\nContent-Disposition: form-data; name="DATA"\r\n\r\na\r\n--x--\r\n'
        assert ask(f"{train}/buildWithParameters", "POST", body=boundary, Content_Type="multipart/form-data; boundary=x").status == 303
        assert ask(f"{train}/buildWithParameters?SIZE=huge", "POST").status == 500
        assert ask(f"{train}/buildWithParameters?DATA=a&DATA=b", "POST").status == 500
        assert ask(f"{url}/job/off/build", "POST").status == 409
        refused = ask(f"{url}/job/plain/build")
        assert refused.status == 405 and refused.headers["Allow"] == "POST"
        assert ask(f"{url}/job/remote/build?token=sesame&cause=nightly").status == 201
        assert ask(f"{url}/job/remote/build?token=wrong").status == 405
        assert ask(f"{url}/job/none/build", "POST").status == 404
        assert ask(f"{url}/job/repo/job/feature%252Fx/api/json").status == 200
        assert ask(f"{url}/job/repo/job/feature%2Fx/api/json").status == 404
        number = item.rstrip("/").rsplit("/", 1)[1]
        assert ask(f"{url}/queue/cancelItem?id={number}", "POST").status == 204
        assert ask(f"{url}/queue/cancelItem?id={number}", "POST").status == 404
        assert ask(f"{train}/buildWithParameters?DATA=d&delay=0sec", "POST").status == 201


def rows_of_sessions_and_rights() -> None:
    users = [{"name": USER, "password": PASSWORD, "token": TOKEN}, {"name": "bob", "password": "p", "token": "t", "lacks": ["JobBuild", "JobCancel"]},
             {"name": "eve", "password": "p", "token": "e", "lacks": ["JobRead"]}]
    with fake(users=users) as url:
        build = f"{url}/job/plain/build"
        assert ask(build, "POST").status == 201, "an API token needs no crumb"
        assert "No valid crumb" in ask(build, "POST", secret=PASSWORD).text
        issued = ask(f"{url}/crumbIssuer/api/json", secret=PASSWORD)
        crumb, cookie = json.loads(issued.text)["crumb"], issued.headers["Set-Cookie"].split(";")[0]
        assert ask(build, "POST", secret=PASSWORD, Jenkins_Crumb=crumb).status == 403, "a crumb without its session"
        assert ask(build, "POST", secret=PASSWORD, Jenkins_Crumb=crumb, Cookie=cookie).status == 201
        assert ask(build, "POST", secret=PASSWORD, Jenkins_Crumb="0" * 64, Cookie=cookie).status == 403
        assert ask(build, "POST", secret="wrong").status == 401
        refused = ask(build, "POST", user="bob", secret="t")
        assert refused.status == 403 and refused.headers["X-Required-Permission"] == "hudson.model.Item.Build"
        assert refused.headers["X-You-Are-Authenticated-As"] == "bob"
        assert ask(build, "POST", user="eve", secret="e").status == 404
        assert ask(f"{url}/api/json", secret=None).status == 403
    with fake(crumbs=False) as url:
        assert ask(f"{url}/crumbIssuer/api/json", secret=PASSWORD).status == 404
        assert ask(f"{url}/job/plain/build", "POST", secret=PASSWORD).status == 201
    with fake(old=True, quiet=60_000, public_url="https://other.example.org/ci/") as url:
        first = ask(f"{url}/job/plain/build", "POST")
        assert first.headers["Location"].startswith("https://other.example.org/ci/queue/item/")
        assert ask(f"{url}/job/plain/build", "POST").status == 201
        assert ask(f"{url}/queue/cancelItem?id={first.headers['Location'].split('/')[-2]}", "POST").status == 302


def rows_of_builds() -> None:
    with fake(speed=100) as url:
        item = ask(f"{url}/job/ml/job/nlp%20team/job/train/buildWithParameters", "POST").headers["Location"]
        build = until(lambda: json.loads(ask(item + "api/json").text).get("executable"))["url"]
        until(lambda: not json.loads(ask(build + "api/json?tree=building").text)["building"])
        shown = json.loads(ask(build + "api/json?tree=number,result,queueId,artifacts[relativePath]").text)
        assert set(shown) == {"_class", "number", "result", "queueId", "artifacts"} and shown["artifacts"] == [{"relativePath": "out/a b.txt"}], shown
        log = ask(build + "logText/progressiveText?start=0")
        assert log.headers["X-More-Data"] is None and int(log.headers["X-Text-Size"]) == len(log.text.encode())
        assert ask(build + "logText/progressiveText?start=9").text == log.text.encode()[9:].decode(errors="replace")
        assert ask(build + "logText/progressiveText?start=99999").text == log.text
        assert ask(build + "artifact/" + quote("out/a b.txt")).text == "x" and ask(build + "artifact/none").status == 404
        rows = json.loads(ask(f"{url}/job/ml/job/nlp%20team/job/train/api/json?tree=builds[number,queueId,result,building]{{0,50}}").text)["builds"]
        assert [row["number"] for row in rows] == [1]
        assert ask(f"{url}/job/ml/api/json?tree=[").status == 400
        # Left items are forgotten after 300 seconds, which take three here.
        assert until(lambda: ask(item + "api/json").status == 404)
        ask(f"{url}/job/waits/build", "POST")
        stages = until(lambda: ask(f"{url}/job/waits/1/wfapi/describe").status == 200 and json.loads(ask(f"{url}/job/waits/1/wfapi/describe").text))
        assert stages["status"] == "PAUSED_PENDING_INPUT", stages
        assert ask(f"{url}/job/waits/1/stop", "POST").status == 302


def main() -> int:
    failed = 0
    cases: list[tuple[str, Callable[[], None]]] = [
        ("python-jenkins by token", lambda: python_jenkins(TOKEN)),
        ("python-jenkins by password", lambda: python_jenkins(PASSWORD)),
        ("api4jenkins by token", lambda: api_4_jenkins(TOKEN)),
        ("api4jenkins by password", lambda: api_4_jenkins(PASSWORD)),
        ("rows of the trigger", rows_of_the_trigger),
        ("rows of sessions and rights", rows_of_sessions_and_rights),
        ("rows of builds", rows_of_builds),
    ]
    for name, case in cases:
        began = time.monotonic()
        try:
            case()
            told = "ok"
        except Exception:  # noqa: BLE001 - every case runs, whatever becomes of the others
            failed += 1
            told = "FAILED\n" + traceback.format_exc()
        print(f"{name:<45} {time.monotonic() - began:6.1f} s  {told}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
