"""Why an app cannot be served, said in one line and with the part of the traceback that its author wrote."""

from __future__ import annotations

import functools
import os
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType


class Failure(Exception):
    """Ends the runner. `stage` is one of those named in the package's documentation."""

    def __init__(self, stage: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.stage = stage
        self.message = message
        self.details = details

    @classmethod
    def caused_by(cls, stage: str, what: str, error: BaseException) -> Failure:
        """`what` names the step: "setup()", "app.py"."""
        return cls(stage, f"{what} {_what_happened(error)}", readable_traceback(error))


def readable_traceback(error: BaseException) -> str:
    """The traceback from the first frame outside libraries on; the whole one when every frame is a library's."""
    tracebacks = traceback.TracebackException(type(error), error, _from_first_own_frame(error.__traceback__))
    return "".join(tracebacks.format()).rstrip()


def _what_happened(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        return f"called sys.exit({'' if error.code is None else repr(error.code)})"
    if isinstance(error, SyntaxError):
        return f"cannot be read: {Path(error.filename or '').name} line {error.lineno}: {error.msg}"
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        package = error.name.partition(".")[0]
        return f"imports {package}, which is not installed: add it to the app's requirements"
    return f"raised {type(error).__name__}{f': {text}' if text else ''}"


def _from_first_own_frame(trace: TracebackType | None) -> TracebackType | None:
    own = trace
    while own is not None and _is_library(own.tb_frame.f_code.co_filename):
        own = own.tb_next
    return own or trace


def _is_library(file: str) -> bool:
    return file.startswith(("<frozen", *_library_directories()))


@functools.cache
def _library_directories() -> tuple[str, ...]:
    directories = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    directories.add(str(Path(__file__).resolve().parent.parent))
    if closure := os.environ.get("SGPU_FAL_CLOSURE"):
        directories.add(str(Path(closure).resolve()))
    return tuple(directory + os.sep for directory in sorted(directories))
