"""The server of `server/`, rewritten as a fal.App: what was a route is an endpoint."""

from collections.abc import Iterator

import fal
from pydantic import BaseModel


class Text(BaseModel):
    text: str


class Score(BaseModel):
    score: float


def letters_per_word(sentence: str) -> float:
    words = sentence.split()
    return round(sum(map(len, words)) / len(words), 2) if words else 0.0


class Readability(fal.App, keep_alive=60, max_multiplexing=8):
    machine_type = "CPU"

    @fal.endpoint("/score")
    def score(self, body: Text) -> Score:
        return Score(score=letters_per_word(body.text))

    @fal.endpoint("/score/stream")
    def score_by_sentence(self, body: Text) -> Iterator[Score]:
        for sentence in body.text.split("."):
            yield Score(score=letters_per_word(sentence))
