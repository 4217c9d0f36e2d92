"""Golden files of `torch.save`: `torch_files/values.pt` with everything that is read, and files that are refused.

Writes `torch_files.json` with what `values.pt` holds, and into `torch_files/`: `values.pt`, the same in pickle protocol
4 (`protocol4.pt`), the format before PyTorch 1.6 (`legacy.pt`), and a pickle that calls a function (`call.pt`).
"""

from __future__ import annotations

import collections
import os
from pathlib import Path

import torch

from common import provenance, write_json

DTYPES = (
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
    "complex64", "complex128",
)


class Call:
    """Its pickle runs a command when it is loaded by Python's own unpickler."""

    def __reduce__(self):
        return os.system, ("echo called",)


def values() -> dict:
    """Plain values, and tensors of every dtype and layout in memory."""
    base = torch.arange(24, dtype=torch.float32)
    return {
        "plain": [None, True, False, 0.1, -1e300, "", "é☕"],
        "integers": [0, 255, 256, 65536, -1, -(2**31), 2**31, 2**53 - 1, 2**53, -(2**63)],
        "nested": collections.OrderedDict([("tuple", (1, (2, [3]), ())), (7, {True: {}})]),
        "dtypes": {name: torch.tensor([0, 1, 1, 0, 1]).to(getattr(torch, name)) for name in DTYPES},
        "views": {
            "matrix": base.view(4, 6),
            "transposed": base.view(4, 6).t(),
            "part": base.view(2, 3, 4)[1, 1:, ::2],
            "expanded": base[3:4].expand(2, 5),
            "scalar": base[5],
            "empty": torch.zeros(0, 3),
        },
    }


def plain(value: object) -> object:
    """As JSON: dictionaries as lists of pairs, integers beyond 2^53 as text, tensors as shape and numbers."""
    if isinstance(value, torch.Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        numbers = torch.view_as_real(value) if value.is_complex() else value
        elements = [float(one) for one in numbers.flatten().tolist()]
        return {"dtype": dtype, "shape": list(value.shape), "numbers": elements}
    if isinstance(value, dict):
        return {"pairs": [[plain(key), plain(entry)] for key, entry in value.items()]}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {"integer": str(value)}
    return value


def write(out: Path) -> None:
    """Writes the files into `out`."""
    folder = out / "torch_files"
    folder.mkdir(exist_ok=True)
    torch.save(values(), folder / "values.pt")
    torch.save(values(), folder / "protocol4.pt", pickle_protocol=4)
    torch.save({"a": torch.ones(2)}, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"a": Call()}, folder / "call.pt")
    write_json(out / "torch_files.json", {**provenance(), "values": plain(values())})
