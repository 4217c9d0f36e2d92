"""The peer's runs: Hugging Face's Trainer over the same texts, tokenized beforehand.

    python bench/peers/trainer.py <folder with model/, texts.jsonl> <settings as JSON>
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from serve import SCRIPTS, Values, serve, threads

sys.path.insert(0, str(SCRIPTS))

import torch  # noqa: E402  (needs the path above)
from transformers import (  # noqa: E402
    AutoTokenizer,
    BertForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from reference import versions  # noqa: E402

JOINED = 16
"""Texts joined to one: more tokens than any batch is wide."""


class StepEnds(TrainerCallback):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, args, state, control, **kwargs) -> None:
        self.ends.append(time.perf_counter())


def main() -> None:
    """Opens the model and serves."""
    folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
    torch.set_num_threads(threads())
    model = BertForSequenceClassification.from_pretrained(str(folder / "model"), attn_implementation="sdpa")
    tokenizer = AutoTokenizer.from_pretrained(str(folder / "model"))
    lines = [json.loads(line) for line in (folder / "texts.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [" ".join(lines[(i + j) % len(lines)]["text"] for j in range(JOINED)) for i in range(len(lines))]
    encoded = tokenizer(texts, truncation=True, max_length=settings["width"], return_token_type_ids=True)
    classes = model.config.label2id
    rows = [
        {**{name: values[i] for name, values in encoded.items()}, "labels": classes[line["label"]]} for i, line in enumerate(lines)
    ]

    def fit(count: int) -> Values:
        clock = StepEnds()
        with tempfile.TemporaryDirectory() as output:
            args = TrainingArguments(
                output_dir=output, per_device_train_batch_size=settings["rows"], num_train_epochs=1, learning_rate=settings["learningRate"], weight_decay=0.01,
                optim="adamw_torch_fused", logging_steps=10, save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True, seed=settings["seed"],
            )
            data = [rows[i % len(rows)] for i in range(count * settings["rows"])]
            trainer = Trainer(model, args, train_dataset=data, data_collator=DataCollatorWithPadding(tokenizer), callbacks=[clock])
            trainer.remove_callback(PrinterCallback)
            started = time.perf_counter()
            trainer.train()
            ended = time.perf_counter()
        steps = [1000 * (after - before) for before, after in zip(clock.ends, clock.ends[1:])]
        return {"run": [1000 * (ended - started)], "step": steps}

    serve({"fit": fit}, versions())


if __name__ == "__main__":
    main()
