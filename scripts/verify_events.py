"""Checks in Python that TensorBoard reads the event files that Torchwright wrote.

    python scripts/verify_events.py <folder> --expected events.json

`--expected` says what was logged:

    {
      "scalars": { "train/loss": [[step, value], …], … },
      "text":    { "args": { … } }                        JSON that was written as a text
    }

Prints one JSON object with every difference; exit code 0 where there is none, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main() -> int:
    """Reads, compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--expected", type=Path, required=True)
    options = parser.parse_args()
    expected = json.loads(options.expected.read_text(encoding="utf-8"))

    # 0: all of them, where the reader otherwise keeps a sample.
    accumulator = EventAccumulator(str(options.folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    problems: list[str] = []

    tags = set(accumulator.Tags()["scalars"])
    if tags != set(expected["scalars"]):
        problems.append(f"tags: ours {sorted(expected['scalars'])}, read {sorted(tags)}")
    for tag in sorted(tags & set(expected["scalars"])):
        read = [[event.step, event.value] for event in accumulator.Scalars(tag)]
        wrote = [[step, float(numpy.float32(value))] for step, value in expected["scalars"][tag]]
        if read != wrote:
            problems.append(f"{tag}: wrote {wrote}, read {read}")
    times = [event.wall_time for tag in tags for event in accumulator.Scalars(tag)]
    if any(not accumulator.FirstEventTimestamp() <= time <= accumulator.FirstEventTimestamp() + 3600 for time in times):
        problems.append("wall times are not those of the last hour")
    for tag, value in expected["text"].items():
        (event,) = accumulator.Tensors(f"{tag}/text_summary")
        (text,) = event.tensor_proto.string_val
        # The options that the second part of a run changes are not compared.
        read = json.loads(text.decode("utf-8"))
        if {**read, "maxSteps": None} != {**value, "maxSteps": None}:
            problems.append(f"{tag}: wrote {value}, read {read}")

    points = {tag: len(accumulator.Scalars(tag)) for tag in sorted(tags)}
    print(json.dumps({"tensorboard": version("tensorboard"), "points": points, "ok": not problems, "problems": problems}))
    return 0 if not problems else 1


if __name__ == "__main__":
    sys.exit(main())
