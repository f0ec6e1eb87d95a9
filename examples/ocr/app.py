"""Reads the text in an image. The model's weights come inside rapidocr: nothing is downloaded at run time."""

import base64
import binascii
import io
import tempfile
from pathlib import Path

import fal
from fal.toolkit import download_file
from pydantic import BaseModel, Field

SAMPLE = Path(__file__).with_name("sample.png")


class Input(BaseModel):
    image_url: str | None = Field(
        default=None,
        description="An http(s) or data: URL of the image. Left out, the sample beside this file is read.",
    )


class Line(BaseModel):
    text: str
    confidence: float
    box: list[tuple[float, float]] = Field(description="The four corners, in pixels.")


class Output(BaseModel):
    text: str
    lines: list[Line]


class Ocr(fal.App, keep_alive=30):
    machine_type = "CPU"
    requirements = ["rapidocr==3.10.0", "onnxruntime>=1.20,<2"]

    def setup(self) -> None:
        from rapidocr import RapidOCR

        self.engine = RapidOCR()
        self.engine(SAMPLE)  # The first image is slow; callers should not wait for it.

    @fal.endpoint("/")
    def read(self, input: Input) -> Output:
        found = self.engine(load(input.image_url))
        if found.txts is None:
            return Output(text="", lines=[])
        lines = [
            Line(text=text, confidence=float(score), box=[(float(x), float(y)) for x, y in box])
            for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
        ]
        print(f"Found {len(lines)} lines of text")
        return Output(text="\n".join(line.text for line in lines), lines=lines)


def load(url: str | None) -> bytes | Path:
    if url is None:
        return SAMPLE
    if url.startswith("data:"):
        return decoded(url)
    with tempfile.TemporaryDirectory() as directory:
        return readable(Path(download_file(url, target_dir=directory)).read_bytes())


def decoded(url: str) -> bytes:
    try:
        return readable(base64.b64decode(url.partition(",")[2], validate=True))
    except binascii.Error as error:
        raise fal.exceptions.FieldException("image_url", f"is no base64 data: URL: {error}") from error


def readable(content: bytes) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        Image.open(io.BytesIO(content)).verify()
    except UnidentifiedImageError as error:
        raise fal.exceptions.FieldException("image_url", "is no image that can be read") from error
    return content
