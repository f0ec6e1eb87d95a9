"""Stands in for Hugging Face Diffusers: images of one colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PIL import Image


@dataclass(frozen=True)
class PipelineOutput:
    images: list[Image.Image]


class StableDiffusionXLPipeline:
    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self.options = options
        self.device = "cpu"

    @classmethod
    def from_pretrained(cls, name: str, **options: Any) -> Any:
        return cls(name, options)

    def to(self, device: str) -> Any:
        self.device = device
        return self

    def enable_model_cpu_offload(self) -> None:
        pass

    def __call__(
        self,
        prompt: str,
        negative_prompt: str | None = None,
        width: int = 16,
        height: int = 16,
        num_inference_steps: int = 50,
        generator: Any = None,
    ) -> PipelineOutput:
        assert self.device == "cuda"
        print(f"{num_inference_steps} steps for {prompt!r}")
        return PipelineOutput([Image.new("RGB", (width, height), "orange")])


class AutoPipelineForText2Image(StableDiffusionXLPipeline):
    pass
