"""Points fal's toolkit and clients at the platform: uploads, downloads, values, calls to other apps."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any
from urllib.parse import SplitResult
from urllib.request import Request

from sgpu_runner.platform_origin import PlatformOrigin


def use_platform(origin: PlatformOrigin) -> None:
    origin.bypass_proxies()
    if origin.rest is not None:
        # Without a key the SDK would ask a person to log in.
        os.environ.setdefault("FAL_KEY", "local:local")
        _upload_to(origin.rest)
        _keep_values_at(f"{origin.rest}/kv")
    if origin.cdn is not None:
        _allow_downloads_from(origin)
    _call_apps_at(origin)


def _upload_to(rest_url: str) -> None:
    """The SDK writes `https://` before its REST host; ours may be plain HTTP and may have a path."""
    from fal import flags
    from fal.toolkit.file.providers import fal as provider

    fal_rest = f"https://{flags.REST_HOST}/"

    class PlatformRequest(Request):
        def __init__(self, url: str, *args: Any, **kwargs: Any) -> None:
            if url.startswith(fal_rest):
                url = f"{rest_url}/{url.removeprefix(fal_rest)}"
            super().__init__(url, *args, **kwargs)

    provider.Request = PlatformRequest  # type: ignore[attr-defined]
    flags.REST_URL = rest_url


def _keep_values_at(url: str) -> None:
    """The host of `KVStore` is a constant of its module."""
    from fal.toolkit import kv

    _set(kv, "FAL_KV_HOST", url)


def _allow_downloads_from(origin: PlatformOrigin) -> None:
    """`download_file` refuses private addresses. The platform's files may be on one; nothing else gets through."""
    try:
        from fal.toolkit.utils import ssrf
    except ImportError:
        return
    request_public_url = ssrf._request_resolved_url

    def request(parsed: SplitResult, **options: Any) -> Any:
        if origin.has_file(parsed):
            return ssrf._request_one_hop(parsed, target_ip=None, **options)
        return request_public_url(parsed, **options)

    ssrf._request_resolved_url = request


def _call_apps_at(origin: PlatformOrigin) -> None:
    from fal import apps

    _point(apps, origin, app="{app_id}")
    try:
        from fal_client import client
    except ImportError:
        return
    _point(client, origin, app="")
    for name, url in (("REST_URL", origin.rest), ("CDN_URL", origin.cdn)):
        if url is not None:
            _set(client, name, url)


def _point(module: ModuleType, origin: PlatformOrigin, app: str) -> None:
    if origin.run is not None:
        websocket = "ws" + origin.run.removeprefix("http")
        for name in ("RUN_URL_FORMAT", "_STREAM_URL_FORMAT"):
            _set(module, name, f"{origin.run}/{app}")
        for name in ("REALTIME_URL_FORMAT", "_REALTIME_URL_FORMAT", "_WS_URL_FORMAT"):
            _set(module, name, f"{websocket}/{app}")
    if origin.queue is not None:
        for name in ("QUEUE_URL_FORMAT", "_QUEUE_URL_FORMAT"):
            _set(module, name, f"{origin.queue}/{app}")


def _set(module: ModuleType, name: str, value: str) -> None:
    """Sets a constant that this version of the library has."""
    if hasattr(module, name):
        setattr(module, name, value)
