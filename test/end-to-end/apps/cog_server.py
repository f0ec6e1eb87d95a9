"""A stand-in for the server in an image of Cog's: the part of its documented HTTP API that callers use.

https://github.com/replicate/cog/blob/main/docs/http.md
"""

import json
import os
import sys
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: What a model imports of Cog's package.
cog = types.ModuleType("cog")
cog.BasePredictor = object  # type: ignore[attr-defined]
cog.Input = lambda default=None, **_: default  # type: ignore[attr-defined]
cog.streaming = lambda method: method  # type: ignore[attr-defined]
sys.modules["cog"] = cog

sys.path.insert(0, str(Path(sys.argv[1]).parent))
from predict import Predictor  # noqa: E402

predictor = Predictor()
predictor.setup()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(200, {"status": "READY"} if self.path == "/health-check" else {"docs_url": "/docs"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.path.startswith("/predictions"):
            self.answer(404, {"detail": "Not Found"})
        elif "text/event-stream" in self.headers.get("accept", ""):
            self.stream(predictor.predict(**body["input"]))
        else:
            self.answer(200, self.prediction(body["input"]))

    def do_PUT(self) -> None:
        self.do_POST()

    def prediction(self, given: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"status": "succeeded", "output": list(predictor.predict(**given)), "metrics": {"predict_time": 0}}
        except Exception as error:
            return {"status": "failed", "error": str(error)}

    def answer(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, output: Iterator[str]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.event("start", {"status": "processing"})
        for index, chunk in enumerate(output):
            self.event("output", {"chunk": chunk, "index": index})
        self.event("completed", {"status": "succeeded"})
        self.close_connection = True

    def event(self, name: str, data: dict[str, Any]) -> None:
        self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
