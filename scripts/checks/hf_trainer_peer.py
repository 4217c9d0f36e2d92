"""Python's side of `npm run check:hf-trainer`: one run of Hugging Face's Trainer.

    python scripts/checks/hf_trainer_peer.py <model folder> <train.jsonl> <test.jsonl> <settings as JSON>

Prints `{ accuracy, macroF1, loss, seconds }` as its last line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from sklearn.metrics import accuracy_score, f1_score
from transformers import AutoTokenizer, BertForSequenceClassification, DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments


def main() -> None:
    """Trains, evaluates, prints."""
    folder, train_file, test_file = (Path(argument) for argument in sys.argv[1:4])
    settings = json.loads(sys.argv[4])
    torch.set_num_threads(settings["threads"])
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = BertForSequenceClassification.from_pretrained(str(folder), attn_implementation="sdpa")

    def read(file: Path) -> list[dict]:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=settings["maxLength"], return_token_type_ids=True)
        return [
            {**{name: values[i] for name, values in encoded.items()}, "labels": model.config.label2id[row["label"]]}
            for i, row in enumerate(rows)
        ]

    def metrics(prediction) -> dict:
        classes = prediction.predictions.argmax(-1)
        return {
            "accuracy": accuracy_score(prediction.label_ids, classes),
            "macroF1": f1_score(prediction.label_ids, classes, average="macro"),
        }

    with tempfile.TemporaryDirectory() as output:
        args = TrainingArguments(
            output_dir=output, per_device_train_batch_size=settings["batchSize"], per_device_eval_batch_size=64, num_train_epochs=1,
            learning_rate=settings["learningRate"], warmup_steps=settings["warmupRatio"], weight_decay=settings["weightDecay"],
            optim="adamw_torch_fused", logging_steps=10, save_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True, seed=settings["seed"],
        )
        train_rows, test_rows = read(train_file), read(test_file)
        trainer = Trainer(model, args, train_dataset=train_rows, eval_dataset=test_rows, data_collator=DataCollatorWithPadding(tokenizer), compute_metrics=metrics)
        trainer.remove_callback(PrinterCallback)
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        result = trainer.evaluate()
    print(json.dumps({"accuracy": result["eval_accuracy"], "macroF1": result["eval_macroF1"], "loss": result["eval_loss"], "seconds": seconds}))


if __name__ == "__main__":
    main()
