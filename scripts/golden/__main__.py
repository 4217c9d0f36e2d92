"""Writes the golden files that the tests compare with: `python scripts/golden [--out test/golden] [--only bert …]`.

Each part is a module with `write(out: Path)`. The versions are pinned in `requirements.txt` beside this file, and
stand, with the seed, in every file that is written. `CONTRIBUTING.md` says when to run it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = (
    "bert", "training", "torchscript", "metrics", "tokens", "generators",
    "operators", "functional", "printing", "indexing", "nn", "wordpiece", "schedules", "optimizers", "torch_files", "training_arguments", "metrics_streaming", "losses", "lora",
    "event_files", "search", "predict", "model_card",
)


def main() -> int:
    """Runs the parts that were asked for and prints what they weigh."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "test" / "golden")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # TorchScript writes a class's constants in the order of Python's string hashes: fix it, so that files
        # differ only where content does.
        os.execve(sys.executable, [sys.executable, str(HERE), *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})
    options.out.mkdir(parents=True, exist_ok=True)

    sys.path.insert(0, str(HERE))
    import torch

    # One thread: sums are then added up in one order, whatever machine writes the files.
    torch.set_num_threads(1)
    for part in options.only:
        print(f"{part} …", file=sys.stderr)
        importlib.import_module(part).write(options.out)
    total = sum(file.stat().st_size for file in options.out.rglob("*") if file.is_file())
    print(f"{options.out}: {total / 1e6:.2f} MB in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
