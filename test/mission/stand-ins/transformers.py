"""Stands in for Hugging Face Transformers: tokens are words, and the model repeats them in upper case."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from typing import Any

Tokens = list[str]


class BatchEncoding(dict[str, Any]):
    def to(self, device: str) -> BatchEncoding:
        return BatchEncoding(self, device=device)


class AutoTokenizer:
    @classmethod
    def from_pretrained(cls, model: str) -> AutoTokenizer:
        return cls()

    def __call__(self, text: str, return_tensors: str) -> BatchEncoding:
        assert return_tensors == "pt"
        return BatchEncoding(input_ids=[text.split()])

    def decode(self, tokens: Tokens, skip_special_tokens: bool = False) -> str:
        return " ".join(token for token in tokens if not (skip_special_tokens and token == "<eos>"))


class TextIteratorStreamer:
    def __init__(self, tokenizer: AutoTokenizer, skip_prompt: bool = False) -> None:
        self.words: queue.Queue[str | None] = queue.Queue()

    def __iter__(self) -> Iterator[str]:
        return iter(self.words.get, None)


class AutoModel:
    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self.options = options
        self.device = "cpu"

    @classmethod
    def from_pretrained(cls, name: str, **options: Any) -> AutoModel:
        return cls(name, options)

    def to(self, device: str) -> AutoModel:
        self.device = device
        return self


class AutoModelForCausalLM(AutoModel):
    def generate(
        self,
        input_ids: list[Tokens],
        max_new_tokens: int,
        device: str | None = None,
        streamer: TextIteratorStreamer | None = None,
    ) -> list[Tokens]:
        generated = [token.upper() for token in input_ids[0]][:max_new_tokens]
        if streamer is not None:
            for word in generated:
                streamer.words.put(word)
            streamer.words.put(None)
        return [[*generated, "<eos>"]]


def pipeline(task: str, model: str, device: str) -> Callable[..., list[dict[str, str]]]:
    assert (task, device) == ("text-generation", "cuda")

    def generate(prompt: str, max_length: int) -> list[dict[str, str]]:
        return [{"generated_text": f"{prompt} … by {model}"[:max_length]}]

    return generate
