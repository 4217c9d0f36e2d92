"""The peer's end of a duel: one request per line on stdin, one reply per line on stdout.

A request is `{"task": "…", "count": n}`; the reply `{"values": {"ms": […]}, "peakBytes": n}`. The process waits,
using no CPU, while the other side has its turn. `bench/ours/serve.ts` is the counterpart.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

Values = dict[str, list[float]]
Task = Callable[[int], Values]


def peak_bytes() -> int:
    """Peak resident memory of this process.

    Not `ru_maxrss`: after fork and exec that starts from the parent's.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def threads() -> int:
    """How many threads both sides were told to use."""
    return int(os.environ["OMP_NUM_THREADS"])


def reply(message: dict) -> None:
    """One line on stdout."""
    print(json.dumps(message), flush=True)


def serve(tasks: dict[str, Task], versions: dict[str, str]) -> None:
    """Says that it is ready, then does what it is asked until stdin ends."""
    reply({"ready": True, "versions": versions})
    for line in sys.stdin:
        request = json.loads(line)
        reply({"values": tasks[request["task"]](request["count"]), "peakBytes": peak_bytes()})
