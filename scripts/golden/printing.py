"""Golden file for `toString`: str(tensor) of PyTorch, with "torch." taken out.

Writes `printing.json`: each entry says how to make the tensor (dtype, shape, elements or an arithmetic sequence, then
methods to call) and what PyTorch prints.
"""

from __future__ import annotations

from pathlib import Path

import torch
from common import provenance, write_json

NAN, INF = float("nan"), float("inf")


def plain(value: complex | float | bool) -> object:
    """A value as JSON can hold it: what it cannot as a string, complex numbers as pairs."""
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float) and (value != value or value in (INF, -INF)):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value


class Entries:
    """What the file holds."""

    def __init__(self) -> None:
        self.entries: list[dict] = []

    def add(self, dtype: str, values: list, shape: list[int] | None = None, then: tuple[str, ...] = ()) -> None:
        """Elements, row by row."""
        made = torch.tensor(values, dtype=getattr(torch, dtype))
        shape = [len(values)] if shape is None else shape
        self.note({"dtype": dtype, "shape": shape, "values": [plain(value) for value in values]}, made.reshape(shape), then)

    def sequence(self, dtype: str, start: float, step: float, shape: list[int], then: tuple[str, ...] = ()) -> None:
        """start, start + step, …"""
        count = torch.Size(shape).numel()
        made = torch.tensor([start + step * i for i in range(count)], dtype=torch.float64)
        made = made.to(getattr(torch, dtype)).reshape(shape)
        self.note({"dtype": dtype, "shape": shape, "start": start, "step": step}, made, then)

    def note(self, entry: dict, made: torch.Tensor, then: tuple[str, ...]) -> None:
        """Calls the methods and writes down what PyTorch prints."""
        for method in then:
            if method == "requiresGrad":
                made.requires_grad_()
            elif method == "mulSelf":
                made = made * made
            elif method == "meta":
                made = made.to("meta")
            elif method == "transpose":
                made = made.transpose(0, 1)
            else:
                made = getattr(made, {"toSparse": "to_sparse", "toSparseCsr": "to_sparse_csr"}.get(method, method))()
        self.entries.append({**entry, "then": list(then), "text": str(made).replace("torch.", "")})


def floats(to: Entries) -> None:
    """Floating-point numbers of all sizes."""
    for values in (
        [1.0, 2, 3], [0.0], [-0.0, 1], [-0.0, 0.5], [1.5, -2.25], [0.1, 0.2, 0.3], [1e-4, 1], [9e-5, 1], [1e8, 1e8], [1.1e8], [1, 1000], [1, 1001],
        [0.5, 500], [0.5, 501], [NAN], [NAN, 1], [INF, -INF, NAN, 1], [INF, -INF, NAN, 0.5], [INF, 1e10], [1e10, NAN, 1, -3], [1e-10, -1e-10],
        [0.03125, 0.09375, -0.03125], [100005.0, 1], [100015.0, 1], [100025.0, 0.5], [3e38, 1e-38], [123456.789], [99999.99999], [0.99999, 0.5],
        [16777216, 1], [1e-45], [5e-324], [2.5, 1e5],
    ):
        to.add("float32", values)
        to.add("float64", values)
    to.add("float64", [1e300, 1e-300, 1.7976931348623157e308])
    to.add("float16", [0.1, 1, 65504])
    to.add("float16", [0.1, 0.2])
    to.add("bfloat16", [0.1, 1, -3.140625])
    to.add("float32", [3.14159], [])
    to.add("float64", [-3], [])
    to.add("float32", [1e-7], [])
    to.add("float32", [NAN], [])
    to.add("float32", [1, 2, 3, 4, 5.5, -6], [2, 3])
    to.add("float32", [1, 2, 3, 4, 5.5, -6], [1, 2, 1, 3])
    to.sequence("float32", -1, 0.37, [2, 3, 4])
    to.sequence("float32", 0, 1, [20])
    to.sequence("float32", 0, 1.25, [50])
    to.sequence("float32", 1, 100.5, [3, 15])
    to.sequence("float64", 0.001, 0.5, [40])
    to.sequence("float32", 0, 1, [2, 3], ("transpose",))


def others(to: Entries) -> None:
    """Integers, booleans, complex numbers, nothing."""
    for dtype in ("int64", "int32", "int16", "int8"):
        to.add(dtype, [1, -20, 100])
    for dtype in ("uint8", "uint16", "uint32", "uint64"):
        to.add(dtype, [1, 20, 200])
    to.add("int64", [2**63 - 1, -(2**63), 0])
    to.add("uint64", [2**63 - 1])
    to.add("int64", [7], [])
    to.add("bool", [True, False, True, True], [2, 2])
    to.add("bool", [True, True])
    to.add("bool", [False], [])
    to.add("complex64", [1 + 2j, -1.5 - 0.25j])
    to.add("complex64", [1 + 2j, 3 + 0j, complex(-0.0, -0.0)])
    to.add("complex128", [1e10 + 1e-10j, 1 - 2j])
    to.add("complex64", [complex(INF, NAN), 1 - 100j])
    to.add("complex64", [1.5 - 2j], [])
    to.add("complex128", [complex(i, -i / 3) for i in range(12)], [3, 4])
    to.add("complex64", [complex(i * 3, i / 7) for i in range(14)])
    to.add("complex64", [1 + 2j, 3 - 4j], None, ("conj",))
    for dtype in ("float32", "int64", "bool", "float64", "complex64"):
        to.add(dtype, [])
        to.add(dtype, [], [2, 0, 3])


def large(to: Entries) -> None:
    """Above 1,000 elements the middle is left out."""
    to.sequence("float32", 0, 1, [1000])
    to.sequence("float32", 0, 1, [1001])
    to.sequence("float64", 0, 0.01, [2000])
    to.sequence("int64", 0, 1, [1000, 3])
    to.sequence("int64", -50, 1, [3, 1000])
    to.sequence("float32", 0.5, 3, [7, 6, 50])
    to.sequence("float32", 0, 1, [8, 8, 4, 8])
    to.sequence("int32", 0, 7, [2, 600])
    to.sequence("float32", 0, 1, [6, 200])
    to.sequence("bool", 0, 1, [1100])
    to.sequence("uint8", 0, 0.1, [1200])
    to.sequence("complex64", 0, 0.5, [1100])
    to.sequence("float16", 0, 0.25, [40, 40])


def notes(to: Entries) -> None:
    """What stands behind the elements."""
    to.sequence("float32", 0, 1, [3], ("requiresGrad",))
    to.sequence("float64", 0, 1, [3], ("requiresGrad",))
    to.sequence("float32", 0, 1, [2, 2], ("requiresGrad", "mulSelf"))
    to.sequence("float32", 0, 1, [2, 2], ("requiresGrad", "mulSelf", "sum"))
    to.sequence("float64", 0, 1.5, [9], ("requiresGrad", "exp"))
    to.sequence("float64", 0, 1.5, [10], ("requiresGrad", "mulSelf"))
    to.sequence("float64", 0, 1, [14], ("requiresGrad",))
    to.sequence("float64", 0, 1, [13], ("requiresGrad", "detach"))
    for count in range(15, 20):
        to.sequence("float64", 0, 1, [count])
    to.sequence("float32", 0, 1, [2, 3], ("meta",))
    to.sequence("int64", 0, 1, [2, 3], ("meta",))
    to.sequence("float32", 0, 1, [2, 3], ("toSparse",))
    to.sequence("float64", 0, 1, [2, 3], ("toSparse",))
    to.sequence("float32", 0, 1, [2, 3], ("toSparseCsr",))
    to.sequence("int64", 0, 1, [3, 2], ("toSparse",))


def write(out: Path) -> None:
    """Writes `printing.json`."""
    entries = Entries()
    for part in (floats, others, large, notes):
        part(entries)
    write_json(out / "printing.json", {**provenance(), "entries": entries.entries})
