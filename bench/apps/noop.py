"""A fal app that does nothing: what a request costs with it is what the platform and its Python side cost."""

import fal
from fastapi import Request
from pydantic import BaseModel


class Input(BaseModel):
    prompt: str


class Output(BaseModel):
    text: str


class Noop(fal.App):
    requirements = []
    machine_type = "XS"
    min_concurrency = 1
    max_concurrency = 1
    max_multiplexing = 64

    @fal.endpoint("/")
    async def run(self, input: Input) -> Output:
        return Output(text=input.prompt)

    @fal.endpoint("/address")
    async def address(self, request: Request) -> dict:
        """Where the app itself listens, so that it can be called without the platform."""
        return {"url": str(request.base_url)}
