"""PyTorch's results of the operators for the cases that `scripts/write-operator-cases.ts` generates.

The generator is TypeScript's and uses no random numbers of libtorch, so that the tests make the same cases again.
"""

from __future__ import annotations

import gzip
import json
import math
import subprocess
import warnings
from pathlib import Path

import torch

from common import provenance

ROOT = Path(__file__).resolve().parents[2]


def generate() -> dict:
    """The cases by qualified operator."""
    command = ["node", "-r", "ts-node/register/transpile-only", "scripts/write-operator-cases.ts"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def to_tensor(data: dict) -> torch.Tensor:
    """As `toTensor` in `test/support/operators/case.ts`."""
    dtype = getattr(torch, data["tensor"])
    shape = data["shape"]
    values = torch.tensor(data["values"], dtype=torch.float64)
    if dtype.is_complex:
        real = torch.float32 if dtype == torch.complex64 else torch.float64
        made = torch.view_as_complex(values.to(real).reshape([*shape, 2]))
    else:
        made = values.to(dtype).reshape(shape)
    if data["layout"] == "contiguous" or not shape:
        return made
    if data["layout"] == "strided":
        return torch.stack([made, torch.zeros_like(made)], -1).select(-1, 0)
    return made.transpose(0, -1).contiguous().transpose(0, -1)


def build(argument: object) -> object:
    """An argument as PyTorch takes it."""
    if isinstance(argument, list):
        return [build(item) for item in argument]
    if isinstance(argument, dict):
        return to_tensor(argument) if "tensor" in argument else getattr(torch, argument["dtype"])
    if argument in ("contiguous", "preserve"):
        return getattr(torch, f"{argument}_format")
    return argument


def number(value: float | int | bool, digits: int) -> float | int | str:
    """JSON has no names for what is not finite."""
    if isinstance(value, (bool, int)):
        return int(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


def describe(result: object) -> list:
    """Results one after the other: dtype, shape and elements of tensors, other values as they are."""
    if isinstance(result, torch.Tensor):
        if result.layout != torch.strided or result.is_quantized:
            raise TypeError("no dense tensor")
        dense = result.detach().resolve_conj().resolve_neg()
        digits = 12 if dense.dtype in (torch.float64, torch.complex128) else 8
        parts = torch.view_as_real(dense) if dense.is_complex() else dense
        elements = [number(value, digits) for value in parts.contiguous().flatten().tolist()]
        return [[str(dense.dtype).removeprefix("torch."), list(dense.shape), elements]]
    if isinstance(result, (list, tuple)):
        if result and all(isinstance(item, int) for item in result):
            return [list(result)]
        return [entry for item in result for entry in describe(item)]
    if isinstance(result, bool) or result is None:
        return [result]
    if isinstance(result, (int, float)):
        return [number(result, 12)]
    raise TypeError(f"no form for {type(result).__name__}")


def compute(operator: str, case: dict) -> list | str:
    """The results of one case, or "error" where PyTorch refuses it."""
    name, _, overload = operator.partition(".")
    function = getattr(getattr(torch.ops.aten, name), overload or "default")
    try:
        return describe(function(*map(build, case["args"]), **{key: build(value) for key, value in case["named"].items()}))
    except (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError):
        return "error"


def write(out: Path) -> None:
    """Writes `operators.json.gz`: a line for each operator, with the digest of its cases."""
    warnings.simplefilter("ignore")
    entries = {"provenance": provenance()}
    for operator, entry in generate().items():
        results = {case["label"]: compute(operator, case) for case in entry["cases"]}
        if any(result != "error" for result in results.values()):
            entries[operator] = {"digest": entry["digest"], "results": results}
    lines = [f"{json.dumps(key)}:{json.dumps(entry, separators=(',', ':'))}" for key, entry in entries.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    # Without the time of writing, so that the same results are the same file.
    (out / "operators.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
