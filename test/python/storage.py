"""A stand-in for the platform's storage endpoints: what the toolkit and `fal_client` upload is kept in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Storage:
    """`files` has the content by path below the origin; `requests` has (method, path with query, headers)."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.files: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.lock = threading.Lock()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SGPU_REST_URL": f"{self.origin}/rest",
            "SGPU_RUN_URL": f"{self.origin}/run",
            "SGPU_QUEUE_URL": f"{self.origin}/queue",
            "SGPU_CDN_URL": f"{self.origin}/cdn",
            "FAL_KEY": "key-id:key-secret",
        }

    def content(self, url: str) -> bytes:
        assert url.startswith(f"{self.origin}/"), url
        return self.files[urlsplit(url).path]

    def headers_of(self, method: str, path: str) -> dict[str, str]:
        """Headers of the first request whose path begins so."""
        with self.lock:
            return next(headers for verb, url, headers in self.requests if verb == method and url.startswith(path))

    def initiate(self, file_name: str) -> dict[str, str]:
        path = f"/cdn/files/{len(self.requests)}/{file_name}"
        return {"upload_url": f"{self.origin}/upload{path}?signature=s", "file_url": self.origin + path}


@contextmanager
def storage() -> Iterator[Storage]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    kept = Storage(f"http://127.0.0.1:{server.server_address[1]}")
    server.storage = kept  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def storage(self) -> Storage:
        kept: Storage = self.server.storage  # type: ignore[attr-defined]
        return kept

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with self.storage.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.storage.requests.append((self.command, self.path, headers))
        return body

    def _answer(self, value: Any = None, status: int = 200, **headers: str) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        if path in ("/rest/storage/upload/initiate", "/rest/storage/upload/initiate-multipart"):
            if not self.headers.get("authorization", "").startswith("Key "):
                self._answer({"detail": "no key"}, 401)
                return
            with self.storage.lock:
                self._answer(self.storage.initiate(json.loads(body)["file_name"]))
        elif path == "/rest/storage/auth/token":
            expires = "2999-01-01T00:00:00+00:00"
            token = {"token": "t", "token_type": "Bearer", "base_url": f"{self.storage.origin}/cdn"}
            self._answer({**token, "expires_at": expires})
        elif path == "/cdn/files/upload":
            with self.storage.lock:
                url = self.storage.initiate(self.headers.get("x-fal-file-name") or "file")["file_url"]
                self.storage.files[urlsplit(url).path] = body
            self._answer({"access_url": url})
        elif path.endswith("/complete"):
            target = path.removesuffix("/complete").removeprefix("/upload")
            with self.storage.lock:
                parts = self.storage.parts.pop(target)
                self.storage.files[target] = b"".join(parts[number] for number in sorted(parts))
            self._answer({})
        else:
            self._answer({"path": self.path, "body": body.decode()})

    def do_PUT(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path.removeprefix("/upload")
        head, _, last = path.rpartition("/")
        with self.storage.lock:
            if last.isdigit():
                self.storage.parts.setdefault(head, {})[int(last)] = body
            else:
                self.storage.files[path] = body
        self._answer({}, etag=f'"{last}"')

    def do_GET(self) -> None:
        self._body()
        content = self.storage.files.get(urlsplit(self.path).path)
        if content is None:
            self._answer({"path": self.path})
        else:
            self._answer(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing of this belongs into the output of a test."""
