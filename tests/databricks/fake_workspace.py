"""A Databricks workspace of our own: the Jobs API and OIDC, over real HTTP on loopback.

It keeps to what is public of the API: one run per idempotency token, arrays in pages of 100, errors
as JSON. Faults are told to it beforehand, each for the next request to an endpoint.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAT = "dapi0123456789abcdef0123456789abcdef"
PAGE = 100
LOST, HANG, HTML = "lost", "hang", "html"
"""Faults: the effect without a reply; neither, for as long as the test lasts; a page for people."""

RUN_NOW, GET_RUN, CANCEL = "jobs/run-now", "jobs/runs/get", "jobs/runs/cancel"
OUTPUT, GET_JOB, LIST_JOBS = "jobs/runs/get-output", "jobs/get", "jobs/list"
TOKEN, ID_TOKEN = "oidc/v1/token", "id-token"
Reply = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    endpoint: str
    query: dict[str, str]
    body: dict[str, Any]
    authorization: str


@dataclass
class FakeWorkspace:
    """What the workspace holds, what it is to do wrong, and what was asked of it.

    Attributes:
        names: The jobs.
        states: What the run says of itself, one reply after the other; the last one stays.
        tasks: The run's tasks.
        outputs: What they left, by the number of the task's run.
        faults: For an endpoint, what happens to its next requests: a status, or one of the above.
        hooks: For an endpoint, what is called with each request before it is answered.
    """

    names: dict[int, str] = field(default_factory=lambda: {7: "tests"})
    parameters: tuple[str, ...] = ("commit",)
    states: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, list[int | str]] = field(default_factory=lambda: defaultdict(list))
    hooks: dict[str, Callable[[int], None]] = field(default_factory=dict)
    bearers: set[str] = field(default_factory=lambda: {PAT})
    requests: list[Request] = field(default_factory=list)
    runs: dict[str, int] = field(default_factory=dict)
    cancelled: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Listens; `close` ends that."""
        fake = self

        class Handler(_Handler):
            workspace = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def close(self) -> None:
        """Ends what hangs, and the listening."""
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def asked(self, endpoint: str) -> list[Request]:
        """The requests to an endpoint."""
        return [request for request in self.requests if request.endpoint == endpoint]

    def ends(self, *, life_cycle: str = "TERMINATED", result: str | None = "SUCCESS") -> None:
        """The run is at its end when it is first looked at."""
        self.states = [state(life_cycle, result)]

    def answer(self, request: Request) -> Reply:
        """What the API replies."""
        if request.endpoint in (TOKEN, ID_TOKEN, "databricks-config", "oauth-authorization-server"):
            return self._identity(request)
        if request.authorization.removeprefix("Bearer ") not in self.bearers:
            return _error(401, "UNAUTHENTICATED", f"Invalid token: {request.authorization}")
        return self._jobs(request)

    def _identity(self, request: Request) -> Reply:
        if request.endpoint == "databricks-config":
            return 200, {"oidc_endpoint": f"{self.host}/oidc", "workspace_id": "42"}
        if request.endpoint == ID_TOKEN:
            return 200, {"value": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyZXBvIn0.c2lnbmF0dXJl"}
        if request.endpoint == TOKEN:
            granted = "granted-access-token-1"
            self.bearers = {granted}
            return 200, {"access_token": granted, "token_type": "Bearer", "expires_in": 3600}
        return 200, {
            "authorization_endpoint": f"{self.host}/oidc/v1/authorize",
            "token_endpoint": f"{self.host}/oidc/v1/token",
        }

    def _jobs(self, request: Request) -> Reply:
        query, body = request.query, request.body
        match request.endpoint:
            case "jobs/get":
                return self._job(int(query["job_id"]))
            case "jobs/list":
                jobs = [self._job(number)[1] for number in self._named(query.get("name"))]
                return 200, {"jobs": jobs}
            case "jobs/run-now":
                number = self.runs.setdefault(body["idempotency_token"], 900 + len(self.runs))
                return 200, {"run_id": number, "number_in_job": number}
            case "jobs/runs/get":
                return self._run(int(query["run_id"]), int(query.get("page_token") or 0))
            case "jobs/runs/get-output":
                return 200, self.outputs.get(int(query["run_id"]), {})
            case "jobs/runs/cancel":
                self.cancelled.append(int(body["run_id"]))
                return 200, {}
        return _error(404, "ENDPOINT_NOT_FOUND", f"No API for {request.endpoint}")

    def _named(self, name: str | None) -> list[int]:
        wanted = (name or "").casefold()
        return [key for key, name in self.names.items() if wanted in ("", name.casefold())]

    def _job(self, number: int) -> Reply:
        if number not in self.names:
            return _error(400, "INVALID_PARAMETER_VALUE", f"Job {number} does not exist.")
        declared = [{"name": name, "default": ""} for name in self.parameters]
        settings = {"name": self.names[number], "parameters": declared}
        return 200, {"job_id": number, "settings": settings}

    def _run(self, number: int, begin: int) -> Reply:
        if number not in self.runs.values():
            return _error(400, "INVALID_PARAMETER_VALUE", f"Run {number} does not exist.")
        current = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        page = f"{self.host}/?o=42#job/7/run/{number}"
        more = {"next_page_token": str(begin + PAGE)} if len(self.tasks) > begin + PAGE else {}
        tasks = self.tasks[begin : begin + PAGE]
        return 200, {"run_id": number, "job_id": 7, "run_page_url": page, "tasks": tasks} | (
            current | more
        )


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, does what the faults say, and writes the reply."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # a reply in one piece, which the network does not hold back
    workspace: FakeWorkspace

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def _serve(self) -> None:
        fake, request = self.workspace, self._read()
        fake.requests.append(request)
        if hook := fake.hooks.get(request.endpoint):
            hook(len(fake.asked(request.endpoint)))
        waiting = fake.faults[request.endpoint]
        fault = waiting.pop(0) if waiting else None
        if fault == HANG:
            fake.over.wait()
        elif fault == LOST:
            fake.answer(request)
        elif fault == HTML:
            self._write(200, b"<html><title>Sign in</title></html>")
        elif isinstance(fault, int):
            self._write(
                *_as_json(_error(fault, "FAULT", f"fault {fault}, {request.authorization}"))
            )
        else:
            self._write(*_as_json(fake.answer(request)))
        self.close_connection = fault in (HANG, LOST)

    def _read(self) -> Request:
        url = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        is_json = "json" in (self.headers.get("Content-Type") or "")
        flat = {key: values[0] for key, values in parse_qs(url.query).items()}
        form = {key: values[0] for key, values in parse_qs(text).items()}
        endpoint = url.path.removeprefix("/api/2.2/").removeprefix("/")
        return Request(
            endpoint if endpoint in (TOKEN, ID_TOKEN) or "jobs/" in endpoint else _last(endpoint),
            flat,
            json.loads(text) if is_json and text else form,
            self.headers.get("Authorization") or "",
        )

    def _write(self, status: int, content: bytes) -> None:
        self.send_response(status)
        is_page = content.startswith(b"<")
        self.send_header("Content-Type", "text/html" if is_page else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _as_json(reply: Reply) -> tuple[int, bytes]:
    return reply[0], json.dumps(reply[1]).encode()


def _error(status: int, code: str, message: str) -> Reply:
    return status, {"error_code": code, "message": message}


def state(
    life_cycle: str, result: str | None = None, code: str | None = None, message: str = ""
) -> dict[str, Any]:
    """The state of a run or a task, as the API gives it."""
    given = {"life_cycle_state": life_cycle, "result_state": result, "state_message": message}
    reply: dict[str, Any] = {"state": {key: value for key, value in given.items() if value}}
    if code:
        code_type = "SUCCESS" if code == "SUCCESS" else "CLIENT_ERROR"
        details = {"code": code, "type": code_type, "message": message}
        reply["status"] = {"state": "TERMINATED", "termination_details": details}
    return reply


def task(number: int, key: str, **told: Any) -> dict[str, Any]:
    """A task of the run; without a state of its own it succeeded."""
    return {"run_id": number, "task_key": key} | (told or state("TERMINATED", "SUCCESS"))
