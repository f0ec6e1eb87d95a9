"""Makes of an unhandled exception one log message that starts at the app's own code.

fal prints it as a line of JSON with its frames reversed, for its cloud to read, and uvicorn logs it again with every
library frame.
"""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request, Response

from sgpu_runner.failure import readable_traceback
from sgpu_runner.output import muted

logger = logging.getLogger("fal.app")


def report_errors_once(application: FastAPI) -> None:
    answer: Any = application.exception_handlers[Exception]

    async def report(request: Request, error: Exception) -> Response:
        logger.error("%s", readable_traceback(error))
        error._sgpu_reported = True  # type: ignore[attr-defined]
        was_muted = muted.set(True)
        try:
            response: Response = await answer(request, error)
            return response
        finally:
            muted.reset(was_muted)

    application.exception_handlers[Exception] = report
    logging.getLogger("uvicorn.error").addFilter(_says_something_new)


def is_reported(error: BaseException | None) -> bool:
    return getattr(error, "_sgpu_reported", False)


def _says_something_new(record: logging.LogRecord) -> bool:
    return not is_reported(record.exc_info[1] if record.exc_info else None)
