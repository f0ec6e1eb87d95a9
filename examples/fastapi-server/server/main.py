"""Turns sentences into vectors. It knows nothing of who starts it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel


class Sentences(BaseModel):
    sentences: list[str]


class Vectors(BaseModel):
    vectors: list[list[float]]


@asynccontextmanager
async def model(app: FastAPI) -> AsyncIterator[None]:
    from sentence_transformers import SentenceTransformer

    app.state.model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2", cache_folder="/data/models")
    yield


app = FastAPI(lifespan=model)


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/embed")
def embed(body: Sentences) -> Vectors:
    return Vectors(vectors=app.state.model.encode(body.sentences).tolist())
