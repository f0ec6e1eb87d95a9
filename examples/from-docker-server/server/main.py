"""Says how hard a text is to read. It knows nothing of who starts it."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()


class Text(BaseModel):
    text: str


def letters_per_word(sentence: str) -> float:
    words = sentence.split()
    return round(sum(map(len, words)) / len(words), 2) if words else 0.0


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/score")
def score(body: Text) -> dict[str, float]:
    return {"score": letters_per_word(body.text)}


@app.post("/score/stream")
def score_by_sentence(body: Text) -> StreamingResponse:
    def events() -> Iterator[str]:
        for sentence in body.text.split("."):
            yield f'data: {{"score": {letters_per_word(sentence)}}}\n\n'

    return StreamingResponse(events(), media_type="text/event-stream")
