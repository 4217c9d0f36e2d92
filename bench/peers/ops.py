"""The peer's side of the boundary's costs: `python bench/peers/ops.py`.

A task is `<setting>/<operator>`, of whose settings Python knows only whether autograd records, or `copy/<way>`,
which is `memmove` between two buffers that were touched before, whatever the way.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable

from serve import SCRIPTS, Task, Values, serve, threads

sys.path.insert(0, str(SCRIPTS))

import torch  # noqa: E402  (needs the path above)
from torch.nn import functional  # noqa: E402

from reference import versions  # noqa: E402

CALLS = 2000
COPIED_BYTES = 100_000_000

Loop = Callable[[int], None]


def loops(requires_grad: bool) -> dict[str, Loop]:
    """Each operator in a loop of its own, as a program would have it."""

    def numbers(rows: int, columns: int) -> list[list[float]]:
        return [[(row + 1) / (column + 1) for column in range(columns)] for row in range(rows)]

    a = torch.tensor(numbers(2, 2), requires_grad=requires_grad)
    b = torch.tensor(numbers(2, 2), requires_grad=requires_grad)
    x = torch.tensor(numbers(4, 4), requires_grad=requires_grad)
    rows = torch.tensor(numbers(4, 16), requires_grad=requires_grad)
    weight = torch.tensor(numbers(1, 16)[0], requires_grad=requires_grad)
    bias = torch.tensor(numbers(1, 16)[0], requires_grad=requires_grad)

    def add(calls: int) -> None:
        for _ in range(calls):
            torch.add(a, b)

    def mm(calls: int) -> None:
        for _ in range(calls):
            torch.mm(a, b)

    def select(calls: int) -> None:
        for _ in range(calls):
            x.select(0, 1)

    def view(calls: int) -> None:
        for _ in range(calls):
            x.view(16)

    def layer_norm(calls: int) -> None:
        for _ in range(calls):
            functional.layer_norm(rows, (16,), weight, bias)

    return {"add": add, "mm": mm, "select": select, "view": view, "layerNorm": layer_norm}


def per_call(loop: Loop) -> Task:
    """Nanoseconds of a call: `count` means over `CALLS` calls each."""

    def task(count: int) -> Values:
        nanoseconds = []
        for _ in range(count):
            started = time.perf_counter()
            loop(CALLS)
            nanoseconds.append((time.perf_counter() - started) * 1e9 / CALLS)
        return {"ns": nanoseconds}

    return task


class Copy:
    """`memmove` of 100 MB; the buffers are made, and their pages touched, at the first use."""

    def __init__(self) -> None:
        self.buffers: list[ctypes.Array] = []

    def __call__(self, count: int) -> Values:
        if not self.buffers:
            self.buffers = [ctypes.create_string_buffer(b"\1" * COPIED_BYTES, COPIED_BYTES) for _ in range(2)]
        source, target = self.buffers
        milliseconds = []
        for _ in range(count):
            started = time.perf_counter()
            ctypes.memmove(target, source, COPIED_BYTES)
            milliseconds.append(1000 * (time.perf_counter() - started))
        return {"ms": milliseconds}


def main() -> None:
    """Serves."""
    torch.set_num_threads(threads())
    plain, recording = loops(False), loops(True)
    tasks: dict[str, Task] = {}
    for name in plain:
        for setting in ("scope", "collected"):
            tasks[f"{setting}/{name}"] = per_call(plain[name])
        for setting in ("recordingScope", "recordingCollected"):
            tasks[f"{setting}/{name}"] = per_call(recording[name])
    copy = Copy()
    serve(tasks | {f"copy/{way}": copy for way in ("from", "toTypedArray", "read")}, versions())


if __name__ == "__main__":
    main()
