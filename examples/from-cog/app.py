"""The model of `predict.py`, rewritten as a fal.App."""

from collections import Counter
from collections.abc import Iterator

import fal
from pydantic import BaseModel, Field


class Request(BaseModel):
    text: str = Field(description="What to read")
    limit: int = Field(description="How many words", default=3, ge=1, le=10)


class Words(BaseModel):
    output: list[str]


class CommonWords(fal.App, keep_alive=60):
    machine_type = "CPU"

    def setup(self) -> None:
        self.ignored = {"a", "an", "and", "is", "of", "the", "to"}

    @fal.endpoint("/")
    def predict(self, request: Request) -> Words:
        return Words(output=list(self.words(request)))

    @fal.endpoint("/stream")
    def stream(self, request: Request) -> Iterator[Words]:
        for word in self.words(request):
            yield Words(output=[word])

    def words(self, request: Request) -> Iterator[str]:
        words = Counter(word for word in request.text.lower().split() if word not in self.ignored)
        for word, _ in words.most_common(request.limit):
            print(f"found {word}")
            yield word
