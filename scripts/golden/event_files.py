"""An event file as PyTorch's `SummaryWriter` writes it, and what TensorBoard reads from it."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from unittest import mock

from common import provenance, write_json

START = 1_700_000_000.25
PURGE_STEP = 3
# Step 0, more than seven bits, more than 32 bits; what single precision cannot hold; what is not finite.
SCALARS = [
    ("train/loss", 0.6931, 0, START),
    ("train/loss", 0.5, 1, START + 0.5),
    ("train/learning_rate", 4.9e-5, 300, START + 1),
    ("eval/loss", float("nan"), 2**40 + 5, START + 2),
    ("eval/mètrique, «x»", -1e300, 7, START + 3),
]
TEXT = ("args", '{\n  "epochs": 3\n}', 0, START + 4)


def write(out: Path) -> None:
    """Writes `tensorboard.tfevents` and `tensorboard.json`, which says what went in."""
    from torch.utils.tensorboard import SummaryWriter

    with tempfile.TemporaryDirectory() as folder:
        # Its first records carry the clock's time.
        with mock.patch("time.time", return_value=START):
            writer = SummaryWriter(folder, purge_step=PURGE_STEP)
            for tag, value, step, wall_time in SCALARS:
                writer.add_scalar(tag, value, step, walltime=wall_time)
            tag, text, step, wall_time = TEXT
            writer.add_text(tag, text, step, walltime=wall_time)
            writer.close()
        (file,) = Path(folder).iterdir()
        shutil.copyfile(file, out / "tensorboard.tfevents")
    head = provenance()
    head["versions"]["tensorboard"] = version("tensorboard")
    scalars = [
        # JSON has no NaN.
        {"tag": tag, "value": value if value == value else None, "step": step, "wallTime": wall_time}
        for tag, value, step, wall_time in SCALARS
    ]
    tag, text, step, wall_time = TEXT
    described = {"tag": tag, "text": text, "step": step, "wallTime": wall_time}
    start = {"purgeStep": PURGE_STEP, "wallTime": START}
    write_json(out / "tensorboard.json", {**head, "start": start, "scalars": scalars, "text": described})
