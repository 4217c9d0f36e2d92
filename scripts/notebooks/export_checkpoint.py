"""What the notebook of TorchScript begins with: a classifier of five classes around a pretrained BERT, traced in Python.

`python export_checkpoint.py <model folder> <file.pt>`; the classes have no weights yet, so the head is random.
"""

import sys
import warnings

import torch
from transformers import BertForSequenceClassification, BertTokenizerFast
from transformers.utils import logging

warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)
logging.set_verbosity_error()


class Logits(torch.nn.Module):
    """The logits alone: TorchScript has no use for transformers' output classes."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=False)[0]


def without_dropout(module):
    """Tracing would fix it as it is: off, also in training. What is not there cannot surprise."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Dropout):
            setattr(module, name, torch.nn.Identity())
        else:
            without_dropout(child)


def main(folder: str, target: str) -> None:
    torch.manual_seed(42)
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=5, attn_implementation="sdpa").eval()
    without_dropout(model)
    example = tokenizer(["a small furry animal", "walk slowly"], return_tensors="pt", padding=True)
    with torch.no_grad():
        traced = torch.jit.trace(Logits(model), (example["input_ids"], example["attention_mask"]))
    traced.save(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
