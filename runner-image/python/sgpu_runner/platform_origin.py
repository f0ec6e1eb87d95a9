"""Where the platform is, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit


@dataclass(frozen=True)
class PlatformOrigin:
    """The platform's endpoints without a trailing slash; None where the runner was not told."""

    rest: str | None = None
    run: str | None = None
    queue: str | None = None
    cdn: str | None = None

    @classmethod
    def from_environment(cls) -> PlatformOrigin:
        def url(name: str) -> str | None:
            return os.environ.get(name, "").rstrip("/") or None

        rest = url("SGPU_REST_URL")
        cdn = url("SGPU_CDN_URL")
        if cdn is None and rest is not None and rest.endswith("/rest"):
            cdn = rest.removesuffix("/rest") + "/cdn"
        return cls(rest, url("SGPU_RUN_URL"), url("SGPU_QUEUE_URL"), cdn)

    def has_file(self, url: SplitResult) -> bool:
        """True for a URL of a file that the platform keeps; its other endpoints are none of them."""
        if self.cdn is None:
            return False
        cdn = urlsplit(self.cdn)
        inside = url.path.startswith(f"{cdn.path}/") and ".." not in unquote(unquote(url.path)).split("/")
        return inside and _address(url) == _address(cdn)

    def bypass_proxies(self) -> None:
        """The platform is reached directly: a proxy of the machine's network does not know it."""
        urls = [self.rest, self.run, self.queue, self.cdn]
        hosts = {host for url in urls if url is not None and (host := urlsplit(url).hostname)}
        for name in ("no_proxy", "NO_PROXY"):
            known = [entry for entry in os.environ.get(name, "").split(",") if entry]
            if hosts:
                os.environ[name] = ",".join([*known, *sorted(hosts.difference(known))])


def _address(url: SplitResult) -> tuple[str | None, int]:
    """One port of a platform speaks http and https, and a caller may know this machine by another of its names."""
    host = "localhost" if _is_loopback(url.hostname) else url.hostname
    return host, url.port or (443 if url.scheme == "https" else 80)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
