"""Checks in Python that Python opens what Torchwright saved, and computes the same from it.

    python scripts/verify_saved.py <folder> [--adapter <folder>] [--expected logits.json] [--text "…" …] [--torchscript model.pt]

`<folder>` is opened with `AutoModelForSequenceClassification.from_pretrained` and `AutoTokenizer.from_pretrained`, an
adapter over it with `PeftModel.from_pretrained`; all results are then the adapted model's.
`--expected` is a file of Torchwright's own results:

    {
      "inputs":  { "inputIds": [[…]], "attentionMask": [[…]], "tokenTypeIds": [[…]] },
      "logits":  [[…]],                                   eval mode
      "train":   { "seed": 7, "logits": [[…]] },          optional: train mode under that seed
      "texts":   [{ "text": "…", "pair": "…", "ids": […], "typeIds": […] }],   optional: what our tokenizer made
      "labels":  ["…"]                                    optional: names by class
    }

The model card, README.md, is read by `huggingface_hub`, which parses its head. With `--torchscript` the logits are those of `torch.jit.load(model.pt)` in eval mode and, with "train", in train mode
under the seed. Prints one JSON object with every difference; exit code 0 where all are within `--tolerance`, else 1.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import ModelCard, metadata_load
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from reference import batch_from_json, versions


def largest_difference(ours: list[list[float]], theirs: torch.Tensor) -> float:
    """Largest absolute difference; infinite where the shapes differ or something is not a number."""
    wanted = torch.tensor(ours, dtype=torch.float64)
    if wanted.shape != theirs.shape:
        return float("inf")
    difference = (wanted - theirs.double()).abs().max().item()
    return difference if difference == difference else float("inf")


def script_logits(output: Any) -> torch.Tensor:
    """Logits from what a TorchScript module returns: a dictionary, a tuple that ends in them, or they alone."""
    if isinstance(output, dict):
        return output["logits"]
    return output[-1] if isinstance(output, (tuple, list)) else output


def run_script(module: torch.jit.ScriptModule, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Calls forward with the inputs that it has arguments for."""
    names = {argument.name for argument in module.forward.schema.arguments}
    with torch.no_grad():
        return script_logits(module(**{name: value for name, value in inputs.items() if name in names}))


def compare_modes(expected: dict, inputs: dict[str, torch.Tensor], module: torch.nn.Module, call) -> dict[str, float]:
    """Differences in eval mode, and in train mode under the seed where one is given."""
    module.eval()
    differences = {"eval": largest_difference(expected["logits"], call(inputs))}
    if "train" in expected:
        module.train()
        torch.manual_seed(expected["train"]["seed"])
        differences["train"] = largest_difference(expected["train"]["logits"], call(inputs))
        module.eval()
    return differences


def compare_texts(texts: list[dict], tokenizer: Any, max_length: int) -> list[dict]:
    """Texts that Python's tokenizer turns into other ids than ours did."""
    different = []
    for entry in texts:
        encoded = tokenizer(entry["text"], entry.get("pair"), truncation=True, max_length=max_length)
        types = encoded.get("token_type_ids", [0] * len(encoded["input_ids"]))
        if encoded["input_ids"] != entry["ids"] or types != entry.get("typeIds", types):
            different.append({"text": entry["text"], "ours": entry["ids"], "theirs": encoded["input_ids"]})
    return different


def read_card(folder: Path) -> dict[str, Any]:
    """The head of the model card, as the Hub's own library reads it; raises where it cannot."""
    data = ModelCard.load(str(folder / "README.md")).data  # parses the model-index
    if data.library_name != "transformers" or data.pipeline_tag != "text-classification":
        raise ValueError(f"library_name {data.library_name!r}, pipeline_tag {data.pipeline_tag!r}")
    if metadata_load(folder / "README.md") != data.to_dict():
        raise ValueError("the metadata changes when it is written again")
    wrong = [result.metric_name for result in data.eval_results or [] if not isinstance(result.metric_value, (int, float))]
    if wrong:
        raise ValueError(f"metrics that are no numbers: {wrong}")
    return {"name": data.model_name, "metrics": {result.metric_name: result.metric_value for result in data.eval_results or []}}


def main() -> int:
    """Opens, compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--adapter", type=Path, help="a folder that saveAdapter wrote")
    parser.add_argument("--expected", type=Path, help="JSON file of Torchwright's logits and token ids")
    parser.add_argument("--text", nargs="+", default=[], help="texts to classify, with the labels printed")
    parser.add_argument("--torchscript", type=Path, help="a model.pt that saveTorchScript wrote")
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    options = parser.parse_args()
    if options.threads > 0:
        torch.set_num_threads(options.threads)

    report: dict[str, Any] = {"versions": versions(), "folder": str(options.folder)}
    problems: list[str] = []

    model, info = AutoModelForSequenceClassification.from_pretrained(
        str(options.folder), output_loading_info=True, attn_implementation="sdpa"
    )
    model = model.float()  # compared in float32, whatever the file holds
    tokenizer = AutoTokenizer.from_pretrained(str(options.folder))
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        keys = sorted(str(key) for key in info.get(kind) or [])
        report[kind] = keys
        if keys:
            problems.append(f"{kind}: {', '.join(keys[:5])}")

    if (options.folder / "training.json").exists() and (options.folder / "README.md").exists():
        try:
            report["card"] = read_card(options.folder)
        except Exception as error:  # whatever the library throws at what it cannot read
            problems.append(f"model card: {error}")

    if options.adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(options.adapter))
        report["adapter"] = model.peft_config["default"].to_dict()

    if options.expected is not None:
        expected = json.loads(options.expected.read_text(encoding="utf-8"))
        inputs = batch_from_json(expected["inputs"]).inputs()
        differences = {}
        with torch.no_grad():
            differences["folder"] = compare_modes(expected, inputs, model, lambda given: model(**given).logits)
        if options.torchscript is not None:
            script = torch.jit.load(str(options.torchscript))
            call = functools.partial(run_script, script)
            differences["torchscript"] = compare_modes(expected, inputs, script, call)
        report["differences"] = differences
        for where, modes in differences.items():
            problems += [
                f"{where}, {mode} mode: logits differ by {value:.3g}"
                for mode, value in modes.items()
                if not value <= options.tolerance
            ]
        report["tokens"] = compare_texts(expected.get("texts", []), tokenizer, options.max_length)
        problems += [f"token ids of {json.dumps(entry['text'][:40])} differ" for entry in report["tokens"]]
        labels = expected.get("labels")
        if labels is not None:
            theirs = [model.config.id2label[index] for index in range(model.config.num_labels)]
            if theirs != labels:
                problems.append(f"labels: ours {labels}, Python's {theirs}")

    if options.text:
        limits = {"padding": True, "truncation": True, "max_length": options.max_length}
        encoded = tokenizer(options.text, return_tensors="pt", **limits)
        with torch.no_grad():
            probabilities = model.eval()(**encoded).logits.softmax(-1)
        report["texts"] = [
            {"text": text, "label": model.config.id2label[int(row.argmax())], "probability": row.max().item()}
            for text, row in zip(options.text, probabilities, strict=True)
        ]

    report["ok"] = not problems
    report["problems"] = problems
    print(json.dumps(report, default=list))  # PEFT keeps names in sets
    return 0 if not problems else 1


if __name__ == "__main__":
    sys.exit(main())
