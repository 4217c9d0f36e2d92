"""Golden file for `at`, `assign` and broadcasting: what PyTorch gives, and what it refuses.

Writes `indexing.json`. An index is a list of places: numbers, null, true, "...", ":", {"slice": [start, end, step]},
{"list": …} for a list of positions or a mask, {"tensor": …, "dtype": …} for a tensor.
"""

from __future__ import annotations

from pathlib import Path

import torch
from common import provenance, write_json

SHAPES = {"cube": [2, 3, 4], "row": [5], "scalar": [], "empty": [0, 3], "four": [2, 3, 4, 5]}
MASK = [[True, False, True], [False, False, True]]


def part(*bounds: int | None) -> dict:
    """A slice."""
    return {"slice": [*bounds, None, None, None][:3]}


def positions(values: object, dtype: str = "int64") -> dict:
    """An index tensor."""
    return {"tensor": values, "dtype": dtype}


def mask(values: object) -> dict:
    """A mask."""
    return {"tensor": values, "dtype": "bool"}


INDICES = [
    ("cube", [0]), ("cube", [-1]), ("cube", [0, 1]), ("cube", [1, -1, 2]), ("cube", []), ("cube", ["..."]), ("cube", ["...", 0]), ("cube", [0, "..."]),
    ("cube", [0, "...", 1]), ("cube", [":", 1]), ("cube", [":", ":", part(1, 3)]), ("cube", [part(None, None, 2)]), ("cube", ["...", part(None, None, 2)]),
    ("cube", ["...", part(-3, -1)]), ("cube", [part(5)]), ("cube", [part(1, 1)]), ("cube", [part(-100, 100)]), ("cube", ["...", part(1, 4, 2)]),
    ("cube", [None]), ("cube", [None, 0, None]), ("cube", ["...", None]), ("cube", [0, None, ":", None, 1]), ("cube", [True]), ("cube", [False]),
    ("cube", [0, True, 1]), ("cube", [positions([0, 1, 1])]), ("cube", [positions([[0, 1], [1, 0]])]), ("cube", [positions([-1, 0], "int32")]),
    ("cube", [positions([])]), ("cube", [positions(1)]), ("cube", [positions([0, 1]), positions([2, 0])]), ("cube", [positions([[0], [1]]), positions([[0, 2]])]),
    ("cube", [":", positions([2, 0])]), ("cube", [positions([0, 1]), ":", positions([3, 1])]), ("cube", [":", positions([0, 1]), positions([3, 1])]),
    ("cube", [0, ":", positions([1, 2])]), ("cube", ["...", positions([0, 3])]), ("cube", [positions([1]), "...", part(0, 2)]), ("cube", [positions([0, 1]), None]),
    ("cube", [None, positions([0, 1]), 2]), ("cube", [mask(MASK)]), ("cube", [mask(MASK), 0]), ("cube", [mask(MASK), part(1, 3)]), ("cube", [mask([True, False])]),
    ("cube", [mask([False, False])]), ("cube", [0, mask([True, False, True])]), ("cube", [":", mask([True, False, True]), 1]), ("cube", [mask(True)]),
    ("cube", [mask([True, True]), positions([0, 2])]), ("cube", [{"list": [1, 0]}]), ("cube", [{"list": [[0], [1]]}, {"list": [0, 2]}]),
    ("cube", [{"list": [True, False]}]), ("four", [mask(MASK), part(0, 2), positions([1, 0, 4])]), ("four", [1, mask([True, False, True]), "...", positions([0, 4])]),
    ("four", [":", positions([0, 2]), 1]), ("row", [part(None, -1)]), ("row", [part(1, None, 3)]), ("row", [positions([4, 4, 0])]), ("row", [None, ":"]),
    ("scalar", []), ("scalar", ["..."]), ("scalar", [None]), ("scalar", [True]), ("scalar", [mask(False)]), ("empty", [part(0, 5)]), ("empty", [":", 1]),
    ("empty", [positions([])]), ("empty", [":", positions([2, 0])]), ("empty", [mask([])]), ("empty", ["...", None]),
]

REFUSED = [
    ("cube", [2]), ("cube", [-3]), ("cube", [0, 3]), ("cube", ["...", 4]), ("cube", [0, 0, 0, 0]), ("scalar", [0]), ("empty", [0]), ("cube", [part(0, 1, -1)]),
    ("cube", [part(0, 1, 0)]), ("cube", [positions([0, 2])]), ("cube", [positions([0, -3])]), ("cube", [":", positions([3])]), ("cube", [mask([True, False, True])]),
    ("cube", [mask([[True, False], [True, True]])]), ("cube", [positions([0, 1]), positions([0, 1, 2])]), ("cube", [1.5]), ("cube", [positions([0.5], "float32")]),
    ("cube", [mask(MASK), 4]),
]

ASSIGNED = [
    ("cube", [0], 7), ("cube", [0, 1, 2], 7.5), ("cube", ["..."], -1), ("cube", [":", 1], [1, 2, 3, 4]), ("cube", [0], [[1], [2], [3]]), ("cube", ["...", 0], [[1, 2, 3]]),
    ("cube", [part(1)], 0), ("cube", [part(1, 1)], 9), ("cube", ["...", part(None, None, 2)], [1, 2]), ("cube", [0, None], [[5, 6, 7, 8]]),
    ("cube", [positions([0, 1]), positions([2, 0])], 3), ("cube", [positions([1, 0])], [[1, 2, 3, 4]]), ("cube", [":", positions([2, 0]), 1], [[1, 2], [3, 4]]),
    ("cube", [mask(MASK)], 5), ("cube", [mask(MASK)], [1, 2, 3, 4]), ("cube", [mask(MASK), 0], [1, 2, 3]), ("cube", [mask([False, False])], 5), ("cube", [True], 2),
    ("cube", [False], 2), ("cube", [0, ":", positions([1, 2])], [[9], [8], [7]]), ("cube", [{"list": [1]}, 0], 6), ("cube", [1], [[[[4]]]]), ("scalar", [], 4),
    ("scalar", ["..."], [[3]]), ("empty", [":", 0], 1), ("row", [positions([0, 4, 2])], [1, 2, 3]), ("row", [part(1, None, 2)], [[1, 2]]),
]

NOT_ASSIGNED = [("cube", [0], [1, 2]), ("cube", [mask(MASK)], [1, 2]), ("cube", [positions([0, 1])], [[1, 2], [3, 4]]), ("cube", [2], 1), ("row", [part(0, 2)], [1, 2, 3])]

BROADCAST = [
    ([2, 3], [3]), ([2, 3], [2, 1]), ([2, 3], []), ([1], [4]), ([4, 1, 3], [2, 1]), ([0, 3], [3]), ([0, 3], [1, 3]), ([1, 0], [2, 1]), ([2, 1, 4], [3, 1]), ([5], [5]),
    ([2, 3], [2]), ([2, 3], [4, 3]), ([0, 3], [2, 3]), ([2, 3], [3, 2]), ([0], [2]), ([4, 1, 3], [2, 2]), ([3, 1], [1, 4, 2, 5]), ([2, 3], [1, 2, 4]),
]


def made(name: str) -> torch.Tensor:
    """0, 1, 2, … in a shape."""
    shape = SHAPES[name]
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


def index_of(places: list) -> tuple:
    """The index as Python has it."""

    def one(place: object) -> object:
        if place == "...":
            return ...
        if place == ":":
            return slice(None)
        if isinstance(place, dict) and "slice" in place:
            return slice(*place["slice"])
        if isinstance(place, dict) and "list" in place:
            return place["list"]
        if isinstance(place, dict):
            return torch.tensor(place["tensor"], dtype=getattr(torch, place["dtype"]))
        return place

    return tuple(one(place) for place in places)


def refusal(attempt: object) -> str:
    """The class of the error that PyTorch raises."""
    try:
        attempt()
    except (IndexError, ValueError, RuntimeError, TypeError) as error:
        return type(error).__name__
    raise AssertionError("PyTorch does not refuse this")


def assigned(name: str, places: list, value: object) -> torch.Tensor:
    """The tensor after `t[index] = value`."""
    result = made(name)
    result[index_of(places)] = torch.tensor(value, dtype=torch.float32) if isinstance(value, list) else value
    return result


def broadcast(left: list[int], right: list[int]) -> dict:
    """The shape of a sum, or null."""
    try:
        return {"shapes": [left, right], "shape": list((torch.zeros(left) + torch.zeros(right)).shape)}
    except RuntimeError:
        return {"shapes": [left, right], "shape": None}


def write(out: Path) -> None:
    """Writes `indexing.json`."""
    results = [(name, places, made(name)[index_of(places)]) for name, places in INDICES]
    changed = [(name, places, value, assigned(name, places, value)) for name, places, value in ASSIGNED]
    content = {
        "shapes": SHAPES,
        "at": [{"on": name, "index": places, "shape": list(r.shape), "values": r.tolist()} for name, places, r in results],
        "refused": [{"on": name, "index": i, "error": refusal(lambda n=name, i=i: made(n)[index_of(i)])} for name, i in REFUSED],
        "assign": [{"on": name, "index": i, "value": value, "values": r.tolist()} for name, i, value, r in changed],
        "notAssigned": [
            {"on": n, "index": i, "value": v, "error": refusal(lambda n=n, i=i, v=v: assigned(n, i, v))} for n, i, v in NOT_ASSIGNED
        ],
        "broadcast": [broadcast(left, right) for left, right in BROADCAST],
    }
    write_json(out / "indexing.json", {**provenance(), **content})
