"""A handler for RunPod: prime numbers. `app.py` serves it as it is."""

from collections.abc import Iterator
from typing import Any


def handler(job: dict[str, Any]) -> dict[str, Any]:
    limit = job["input"].get("limit")
    if not isinstance(limit, int):
        return {"error": "limit must be a whole number"}
    print(f"looking for primes below {limit}")
    return {"job": job["id"], "primes": list(primes(limit))}


def streaming_handler(job: dict[str, Any]) -> Iterator[dict[str, int]]:
    for prime in primes(job["input"]["limit"]):
        yield {"prime": prime}


def primes(limit: int) -> Iterator[int]:
    return (number for number in range(2, limit) if all(number % divisor for divisor in range(2, number)))


if __name__ == "__main__":
    import runpod

    runpod.serverless.start({"handler": handler})
