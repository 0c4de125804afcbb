"""Cases: servers, and what stands in front of them, on a bad day. What was not seen is never a pass."""

from __future__ import annotations

import time

import faulty
from rig import Rig, gate, source
from server import free_port

#: What the two questions are that every judgement asks.
CALLS = ("experiments/get-by-name", "runs/search")
#: How long nobody waits.
SOON = 15.0


def few_requests(rig: Rig) -> None:
    """The experiment, and the runs of each side."""
    for store in (rig.newest, rig.stores["2.22 over sqlite"]):
        with rig.proxy(store) as (proxy, through):
            gate(through, rig.project, "main", "better", 0)
            assert len(proxy.requests) <= 4 and not proxy.writes, proxy.calls


def a_hiccup_is_waited_out(rig: Rig) -> None:
    for fault in (faulty.status(503), faulty.status(500), faulty.status(429, Retry_After="0"), faulty.reset, faulty.broken_off):
        for call in CALLS:
            with rig.proxy(rig.newest) as (proxy, through):
                proxy.fault(fault, 2, call)
                gate(through, rig.project, "main", "better", 0)
                assert sum(call in made for made in proxy.calls) >= 3, proxy.calls


def an_outage_is_no_pass(rig: Rig) -> None:
    for fault, said in ((faulty.status(500), "500"), (faulty.status(503), "503"), (faulty.reset, ""), (faulty.broken_off, "")):
        for call in CALLS:
            with rig.proxy(rig.newest) as (proxy, through):
                proxy.fault(fault, calls=call)
                judged = gate(through, rig.project, "main", "better", (2, 3))
                assert said in judged.told and len(proxy.requests) < 20, (judged.told, proxy.calls)


def a_slow_server_is_not_waited_for_without_end(rig: Rig) -> None:
    for call in CALLS:
        with rig.proxy(rig.newest) as (proxy, through):
            proxy.fault(faulty.slow(0.5), calls=call)
            gate(through, rig.project, "main", "better", 0)
            proxy.clear()
            proxy.fault(faulty.slow(30), calls=call)
            began = time.monotonic()
            impatient = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "1", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
            gate(through, rig.project, "main", "better", (2, 3), variables=impatient)
            assert time.monotonic() - began < SOON, "it waited on"
            began = time.monotonic()
            gate(through, rig.project, "main", "better", (2, 3), variables={"PROOFMARK_NETWORK_SECONDS": "2"})
            assert time.monotonic() - began < SOON, "it waited on"


def what_is_not_mlflow_is_no_pass(rig: Rig) -> None:
    """With status 200, as a login page has it; an empty object is MLflow's own answer to many wrong questions."""
    pages = [faulty.page(), faulty.page(b"", "application/json"), faulty.page(b'{"status": "ok"}', "application/json")]
    pages += [faulty.page(body, "application/json") for body in (b"{}", b"[]", b"null", b'"runs"', b'{"runs": 3}', b'{"runs": [{}]}')]
    pages += [faulty.page(b'{"runs": [' + b"[" * 100_000, "application/json"), faulty.truncated, faulty.redirect("/login")]
    for number, fault in enumerate(pages):
        for call in CALLS:
            with rig.proxy(rig.newest) as (proxy, through):
                proxy.fault(fault, calls=call)
                judged = gate(through, rig.project, "main", "better", (2, 3))
                assert judged.told and "panicked" not in judged.told, (number, call, judged.told)
                assert "auc" not in judged.findings or judged.findings["auc"]["verdict"] != "pass", (number, call, judged.told)


def a_login_page_is_named(rig: Rig) -> None:
    with rig.proxy(rig.newest) as (proxy, through):
        proxy.fault(faulty.page())
        judged = gate(through, rig.project, "main", "better", (2, 3))
        assert "not MLflow's" in judged.told and "MLFLOW_TRACKING_URI" in judged.told, judged.told


def credentials_stay_with_their_server(rig: Rig) -> None:
    """A redirect to another place takes none along."""
    with faulty.Proxy(rig.newest.uri) as elsewhere, rig.proxy(rig.stores["3.17 with users"]) as (proxy, through):
        proxy.fault(faulty.redirect(f"{elsewhere.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=churn"))
        gate(through, rig.project, "main", "better", (2, 3))
        assert proxy.requests and all("authorization" in request.headers for request in proxy.requests), proxy.requests
        assert not any("authorization" in request.headers for request in elsewhere.requests), elsewhere.requests


def more_than_is_read(rig: Rig) -> None:
    """An answer without end is cut off, in bounded time."""
    with rig.proxy(rig.newest) as (proxy, through):
        proxy.fault(faulty.page(b'{"runs": [' + b" " * 200_000_000 + b"]}", "application/json"), calls="runs/search")
        began = time.monotonic()
        gate(through, rig.project, "main", "better", (2, 3))
        assert time.monotonic() - began < SOON


def the_first_page_is_not_all(rig: Rig) -> None:
    """A token that never ends, and a page that comes again."""
    for body in (b'{"runs": [], "next_page_token": "bm8="}', b'{"next_page_token": "bm8="}'):
        with rig.proxy(rig.newest) as (proxy, through):
            proxy.fault(faulty.page(body, "application/json"), calls="runs/search")
            gate(through, rig.project, "main", "better", (2, 3))
            assert len(proxy.requests) < 500, len(proxy.requests)


def one_of_two_sources_is_down(rig: Rig) -> None:
    """What the other one says does not stand in for it."""
    down = f'[[mlflow]]\nexperiment = "churn"\nname = "other"\ntracking_uri = "http://127.0.0.1:{free_port()}"\n'
    judged = gate(rig.newest, rig.variant(source(down)), "main", "better", (1, 2, 3))
    assert "mlflow:other" in judged.told, judged.told


CASES = [
    few_requests,
    a_hiccup_is_waited_out,
    an_outage_is_no_pass,
    a_slow_server_is_not_waited_for_without_end,
    what_is_not_mlflow_is_no_pass,
    a_login_page_is_named,
    credentials_stay_with_their_server,
    more_than_is_read,
    the_first_page_is_not_all,
    one_of_two_sources_is_down,
]
