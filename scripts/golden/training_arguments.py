"""Names of Hugging Face's `TrainingArguments`, so that the table in `docs/training.md` can be checked to have them all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import transformers
from common import write_json
from transformers import TrainingArguments


def write(out: Path) -> None:
    """Writes `training_arguments.json`."""
    names = [field.name for field in dataclasses.fields(TrainingArguments)]
    write_json(out / "training_arguments.json", {"transformers": transformers.__version__, "names": names})
