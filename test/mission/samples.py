"""Takes the Python samples out of the users' documents, letter by letter."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
STAND_INS = FOLDER / "stand-ins"

_FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)

# What a sample of an app or a function contains; the documents have other Python too (calls of deployed apps).
_SERVED = ("(fal.App", "@fal.function")


def document(number: str) -> str:
    [file] = (FOLDER / "documents").glob(f"{number}_*.txt")
    return file.read_text("utf-8")


def served_blocks(number: str) -> list[str]:
    """The fenced samples of a document that define something to serve."""
    return [block for block in _FENCE.findall(document(number)) if any(mark in block for mark in _SERVED)]


def block_with(number: str, *marks: str) -> str:
    """The one fenced sample that contains all of these."""
    [block] = [block for block in served_blocks(number) if all(mark in block for mark in marks)]
    return block


def passage(number: str, first: str, last: str) -> str:
    """What stands in a document from one line to another, both included, where no fence marks it."""
    text = document(number)
    start = text.index(f"{first}\n")
    end = text.index(f"{last}\n", start) + len(last)
    return text[start:end] + "\n"


def restored(name: str) -> str:
    """A sample whose line breaks the document lost."""
    return (FOLDER / "restored" / name).read_text("utf-8")


def without_white_space(text: str) -> str:
    return "".join(text.split())
