"""Writes a BERT with a new head of five classes as TorchScript, for torchscript.mts and a notebook.

`python export.py [<model folder> <file>]`, without arguments from ./minilm to model.pt.

Tracing writes down what happened once, and dropout as it was: traced in train mode, predictions would be random
as well. So the dropout is taken out. The names of forward's arguments decide which columns of a batch the module
is given.
"""

import sys

import torch
from transformers import BertForSequenceClassification

torch.manual_seed(42)  # the head is random
source, target = sys.argv[1:] if len(sys.argv) > 2 else ("./minilm", "model.pt")
model = BertForSequenceClassification.from_pretrained(source, num_labels=5, return_dict=False).eval()
for module in list(model.modules()):
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Dropout):
            setattr(module, name, torch.nn.Identity())
ids = torch.ones(2, 8, dtype=torch.long)
torch.jit.trace(model, (ids, torch.ones_like(ids), torch.zeros_like(ids)), check_trace=False).save(target)
