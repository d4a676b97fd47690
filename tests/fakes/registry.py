"""A schema registry in memory, with Confluent's HTTP interface as far as the client uses it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from schemas.compatibility import evolution_problems

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class RefusalError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class MemoryRegistry:
    """Subjects, their versions and levels. Ids begin at 101, so that no test mistakes them for the committed ones."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.subjects: dict[str, list[str]] = {}
        self.levels: dict[str, str] = {}

    def answer(self, method: str, path: str, body: Any) -> Any:
        match method, [unquote(part) for part in path.strip("/").split("/")]:
            case "GET", ["subjects"]:
                return list(self.subjects)
            case "GET", ["subjects", subject, "versions"]:
                return list(range(1, len(self._known(subject)) + 1))
            case "GET", ["schemas", "ids", schema_id]:
                return {"schema": self._schema(int(schema_id))}
            case "POST", ["subjects", subject, "versions"]:
                return {"id": self._register(subject, body["schema"])}
            case "POST", ["subjects", subject]:
                return self._found(subject, body["schema"])
            case "GET", ["config"]:
                return {"compatibilityLevel": "BACKWARD"}
            case "GET", ["config", subject]:
                return {"compatibilityLevel": self._level(subject)}
            case "PUT", ["config", subject]:
                self.levels[subject] = body["compatibility"]
                return body
            case "POST", ["compatibility", "subjects", subject, "versions"]:
                return {"is_compatible": not self._problems(subject, body["schema"])}
        raise RefusalError(404, 404, f"{method} {path} not found")

    def _known(self, subject: str) -> list[str]:
        if subject not in self.subjects:
            raise RefusalError(404, 40401, f"Subject '{subject}' not found.")
        return self.subjects[subject]

    def _schema(self, schema_id: int) -> str:
        for text, known in self.ids.items():
            if known == schema_id:
                return text
        raise RefusalError(404, 40403, f"Schema {schema_id} not found.")

    def _level(self, subject: str) -> str:
        if subject not in self.levels:
            raise RefusalError(404, 40408, f"Subject '{subject}' does not have subject-level compatibility configured")
        return self.levels[subject]

    def _found(self, subject: str, schema: str) -> Any:
        if schema not in self._known(subject):
            raise RefusalError(404, 40403, "Schema not found.")
        return {"subject": subject, "version": self.subjects[subject].index(schema) + 1, "id": self.ids[schema], "schema": schema}

    def _register(self, subject: str, schema: str) -> int:
        try:
            json.loads(schema)
        except ValueError as error:
            raise RefusalError(422, 42201, "Invalid schema") from error
        if schema not in self.subjects.get(subject, ()):
            if problems := self._problems(subject, schema):
                raise RefusalError(409, 409, f"Schema being registered is incompatible with an earlier schema: {problems[0]}")
            self.subjects.setdefault(subject, []).append(schema)
        return self.ids.setdefault(schema, 101 + len(self.ids))

    def _problems(self, subject: str, schema: str) -> list[str]:
        if self.levels.get(subject) != "FULL_TRANSITIVE":
            return []
        older = self.subjects.get(subject, ())
        return [problem for text in older for problem in evolution_problems(json.loads(text), json.loads(schema))]


@contextmanager
def serving(registry: MemoryRegistry) -> Iterator[str]:
    """Serve a registry on a free loopback port; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            try:
                status, content = 200, registry.answer(self.command, self.path, body)
            except RefusalError as refusal:
                status, content = refusal.status, {"error_code": refusal.code, "message": str(refusal)}
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815  # the names that http.server looks for

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
