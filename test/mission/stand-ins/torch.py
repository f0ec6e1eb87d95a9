"""Stands in for PyTorch."""

from __future__ import annotations

float16 = "float16"
bfloat16 = "bfloat16"


class Generator:
    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.seed: int | None = None

    def manual_seed(self, seed: int) -> Generator:
        self.seed = seed
        return self


class cuda:  # noqa: N801 - a module in PyTorch
    class OutOfMemoryError(RuntimeError):
        pass

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def empty_cache() -> None:
        print("torch.cuda.empty_cache()")
