"""Writes result.json of a run on a GPU host: what machine it was, and what each step ended with.

    python gpu_result.py <folder of results> <version of node>

It reads what scripts/gpu-host.sh left in the folder: summary.txt with each step's exit code, and tests.txt, mocha's output.
"""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import torch


def gpus() -> list[dict[str, str]]:
    """Name, driver and memory of every GPU, as the driver says; empty where it does not answer."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        text = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    rows = [line.split(", ") for line in text.splitlines() if line.strip()]
    return [dict(zip(("name", "driver", "memory"), row)) for row in rows]


def counts(output: str) -> dict[str, int]:
    """Mocha's closing lines: "  512 passing (3m)", "  7 pending", "  1 failing"."""
    found = re.findall(r"^\s+(\d+) (passing|pending|failing)\b", output, re.MULTILINE)
    return {"passing": 0, "pending": 0, "failing": 0} | {what: int(number) for number, what in found}


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    summary = (folder / "summary.txt").read_text()
    steps = {name: int(code) for name, code in re.findall(r"^(\w+): exit code (\d+)$", summary, re.MULTILINE)}
    tests = folder / "tests.txt"
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "gpus": gpus(),
        "libtorch": {"version": torch.__version__, "cuda": torch.version.cuda},
        "node": sys.argv[2],
        "cores": os.cpu_count(),
        "device": os.environ.get("TORCHWRIGHT_TEST_DEVICE", "cuda"),
        "exitCodes": steps,
        "tests": counts(tests.read_text()) if tests.exists() else None,
    }
    (folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


main()
