"""Apps that the end-to-end tests call: what fal's clients can meet, each on an endpoint of its own."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fal
from fal.exceptions import FieldException, RequestCancelledException
from fal.toolkit import File, download_file
from fastapi import HTTPException
from pydantic import BaseModel, Field


class Prompt(BaseModel):
    prompt: str = Field(min_length=1)


class Studio(fal.App, name="studio", max_concurrency=1, max_multiplexing=8, keep_alive=600):
    machine_type = "CPU"

    @fal.endpoint("/")
    def paint(self, input: Prompt) -> dict[str, Any]:
        print(f"painting {input.prompt}")
        return {"painted": input.prompt}

    @fal.endpoint("/predict")
    def predict(self, input: Prompt) -> dict[str, Any]:
        return {"predicted": input.prompt}

    @fal.endpoint("/stream")
    def sketch(self, input: Prompt) -> Iterator[dict[str, Any]]:
        for stroke in range(1, 4):
            yield {"prompt": input.prompt, "stroke": stroke}

    @fal.endpoint("/read")
    def read(self, input: dict[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as directory:
            return {"content": download_file(input["file"], target_dir=directory).read_text()}

    @fal.endpoint("/frame")
    def frame(self, input: Prompt) -> dict[str, Any]:
        return {"file": File.from_bytes(input.prompt.encode(), "text/plain", file_name="frame.txt")}

    @fal.endpoint("/raise")
    def raise_exception(self) -> None:
        raise ValueError("no idea")

    @fal.endpoint("/refuse")
    def refuse(self) -> None:
        raise HTTPException(status_code=418, detail="The canvas is taken")

    @fal.endpoint("/field")
    def refuse_field(self, input: Prompt) -> None:
        raise FieldException("prompt", f"{input.prompt} can't be painted")


class Job(BaseModel):
    name: str
    journal: Path
    """Gets a line with the name when the work begins."""
    gate: Path
    """The work ends when this file is there."""


class Worker(fal.App, name="worker", max_concurrency=1, keep_alive=600):
    """Takes one job at a time."""

    machine_type = "CPU"

    def setup(self) -> None:
        self.cancelled: set[str] = set()

    @fal.endpoint("/")
    def work(self, job: Job) -> dict[str, Any]:
        request_id = self.current_request.request_id
        with job.journal.open("a") as journal:
            journal.write(f"{job.name}\n")
        while not job.gate.exists():
            if request_id in self.cancelled:
                raise RequestCancelledException("laid down")
            time.sleep(0.02)
        return {"name": job.name, "runner": os.environ["FAL_JOB_ID"]}

    @fal.endpoint("/cancel")
    def cancel(self) -> None:
        self.cancelled.add(self.current_request.request_id)


class Giant(fal.App, name="giant", max_concurrency=1, keep_alive=600):
    """Runs out of GPU memory once for each marker."""

    machine_type = "CPU"

    @fal.endpoint("/")
    def load(self, marker: Path) -> dict[str, Any]:
        runner = os.environ["FAL_JOB_ID"]
        try:
            with marker.open("x") as file:
                file.write(runner)
        except FileExistsError:
            return {"first": marker.read_text(), "then": runner}
        raise RuntimeError("CUDA error: out of memory")
