"""What Hugging Face's Trainer writes into a model card, so that ours can be checked to have the same keys, names and headings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from common import provenance, write_json
from transformers import TrainingArguments
from transformers.modelcard import TrainingSummary, extract_hyperparameters_from_trainer

RUN = {
    "learning_rate": 2e-5,
    "per_device_train_batch_size": 16,
    "per_device_eval_batch_size": 32,
    "gradient_accumulation_steps": 2,
    "seed": 7,
    "optim": "adamw_torch",
    "warmup_steps": 10,
    "num_train_epochs": 3,
    "label_smoothing_factor": 0.1,
}
RESULTS = {"Loss": 0.5, "Accuracy": 0.75, "F1": 0.7}


def write(out: Path) -> None:
    """Writes `model_card.json`."""
    arguments = TrainingArguments(output_dir="unused", use_cpu=True, **RUN)
    summary = TrainingSummary(
        model_name="tickets",
        language=["en", "no"],
        license="mit",
        tags=["torchwright", "generated_from_trainer"],
        tasks=["text-classification"],
        dataset=["held-out data"],
        dataset_tags=["unknown"],
        dataset_metadata=[{}],
        eval_results=RESULTS,
        eval_lines=[{"Training Loss": 0.6, "Epoch": 1.0, "Step": 10, "Validation Loss": 0.5, "Accuracy": 0.75}],
        hyperparameters=extract_hyperparameters_from_trainer(SimpleNamespace(args=arguments)),
    )
    card = summary.to_model_card()
    lines = card.split("\n")
    write_json(
        out / "model_card.json",
        {
            **provenance(),
            "run": RUN,
            "metadata": summary.create_metadata(),
            "headings": [line for line in lines if line.startswith("#")],
            "hyperparameters": [[name, str(value)] for name, value in summary.hyperparameters.items()],
            "columns": [cell.strip() for cell in next(line for line in lines if line.startswith("|")).strip("|").split("|")],
        },
    )
