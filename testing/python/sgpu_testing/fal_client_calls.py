"""`fal_client`, where tests have it, calls a platform of the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch
from urllib.parse import urlsplit

from fal.app import AppClient

from sgpu_testing.platform import Platform


@contextmanager
def fal_client_calls(served: AppClient | Platform) -> Iterator[None]:
    """While the block runs, `fal_client` calls the platform of this app, whatever its environment says.

    with fal_client_calls(painter):
        fal_client.subscribe(painter.application, arguments={"prompt": "a cat"})

    Uploads and realtime connections go there, too. Clients made before the block keep the key that they had, which this
    platform does not look at.
    """
    import fal_client.client

    scheme, host, *_ = urlsplit(served.url)
    addresses = {
        "RUN_URL_FORMAT": f"{scheme}://{host}/run/",
        "QUEUE_URL_FORMAT": f"{scheme}://{host}/queue/",
        "REALTIME_URL_FORMAT": f"ws://{host}/run/",
        "REST_URL": f"{scheme}://{host}/rest",
        "CDN_URL": f"{scheme}://{host}/cdn",
    }
    key = os.environ.get("FAL_KEY") or "local:local"
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, FAL_KEY=key))
        for name, address in addresses.items():
            stack.enter_context(patch.object(fal_client.client, name, address))
        yield
