"""Golden files for TorchScript checkpoints: what people export from Python, as files with their logits.

Writes `torchscript/*.pt` and `torchscript.json`. Scripted: a BERT in plain torch (transformers' own does not
compile) whose forward returns a tuple, a dictionary, or logits alone. Traced: transformers' BERT with the weights
of `bert/`, in eval mode, in train mode (dropout baked in), and one whose graph names a device that is not there; and a
module with a tensor in its graph.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import torch
from torch import Tensor, nn

from common import SEED, batch_to_json, provenance, random_batch, small_bert, write_json
from reference import Batch, ReferenceTrainer

VOCABULARY, POSITIONS, HIDDEN, HEADS, LABELS = 120, 40, 32, 4, 5
DROPOUT_SEED = 11
STEPS = 5
LR = 1e-3


class Attention(nn.Module):
    """Multi-head self-attention on `[batch, sequence, hidden]`."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(HIDDEN, HIDDEN)
        self.key = nn.Linear(HIDDEN, HIDDEN)
        self.value = nn.Linear(HIDDEN, HIDDEN)
        self.dense = nn.Linear(HIDDEN, HIDDEN)
        self.heads = HEADS
        self.dropout = 0.1

    def split(self, states: Tensor) -> Tensor:
        """`[batch, sequence, hidden]` to `[batch, heads, sequence, hidden / heads]`."""
        return states.view(states.size(0), states.size(1), self.heads, -1).transpose(1, 2)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        attended = nn.functional.scaled_dot_product_attention(
            self.split(self.query(states)),
            self.split(self.key(states)),
            self.split(self.value(states)),
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.dense(attended.transpose(1, 2).reshape(states.size()))


class Layer(nn.Module):
    """One post-norm transformer layer."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.attention_norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.intermediate = nn.Linear(HIDDEN, 2 * HIDDEN)
        self.output = nn.Linear(2 * HIDDEN, HIDDEN)
        self.output_norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(0.1)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        states = self.attention_norm(states + self.dropout(self.attention(states, mask)))
        widened = nn.functional.gelu(self.intermediate(states))
        return self.output_norm(states + self.dropout(self.output(widened)))


class Encoder(nn.Module):
    """Embeddings, one layer, pooler and head: `[batch, sequence]` ids to `[batch, labels]` logits."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, HIDDEN, padding_idx=0)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(0.1)
        self.layer = Layer()
        self.pooler = nn.Linear(HIDDEN, HIDDEN)
        self.classifier = nn.Linear(HIDDEN, LABELS)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        places = torch.arange(input_ids.size(1), device=input_ids.device)
        states = self.dropout(self.norm(self.words(input_ids) + self.positions(places)))
        states = self.layer(states, attention_mask[:, None, None, :] > 0)
        return self.classifier(self.dropout(torch.tanh(self.pooler(states[:, 0]))))


class ReturnsTuple(nn.Module):
    """`(loss, logits)` with labels, as Hugging Face without `return_dict`."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.bert = encoder

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None
    ) -> tuple[Tensor | None, Tensor]:
        logits = self.bert(input_ids, attention_mask)
        if labels is None:
            return None, logits
        return nn.functional.cross_entropy(logits, labels), logits


class ReturnsDict(nn.Module):
    """`{"loss", "logits"}`, the loss only with labels."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.bert = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        logits = self.bert(input_ids, attention_mask)
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class ReturnsLogits(nn.Module):
    """Logits alone: whoever trains it computes the loss. Takes the mask first, so that order cannot be guessed."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.bert = encoder

    def forward(self, attention_mask: Tensor, input_ids: Tensor) -> Tensor:
        return self.bert(input_ids, attention_mask)


class Traceable(nn.Module):
    """transformers' BERT with tensors in and a tuple out, as tracing wants it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor]:
        output = self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids, return_dict=False
        )
        return (output[0],)


class AddsConstant(nn.Module):
    """Tracing turns a tensor that is neither parameter nor buffer into a constant of the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.added = [torch.tensor([1.0, 2.0])]

    def forward(self, x: Tensor) -> Tensor:
        return x + self.added[0]


def encoder() -> Encoder:
    """The plain-torch BERT with its weights, drawn as `common.small_bert` draws them."""
    made = Encoder()
    generator = torch.Generator().manual_seed(SEED + 3)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.1 * noise if name.endswith("norm.weight") else 0.2 * noise)
    return made.eval()


def batches() -> dict[str, Batch]:
    """One to trace with and two others: a traced module must not be tied to the shape it saw."""
    generator = torch.Generator().manual_seed(SEED + 4)
    return {
        "traced shape": random_batch([11, 4], generator),
        "batch of 1": random_batch([6], generator),
        "batch of 7": random_batch([13, 2, 8, 1, 13, 5, 9], generator),
    }


def save(module: torch.jit.ScriptModule, path: Path, *, device_in_graph: str = "cpu") -> None:
    """Saves without the debug records, which are larger than the rest; optionally with another device in the code.

    A file that was traced on a GPU has `torch.device("cuda:0")` in its code. Writing that name over `cpu` gives the
    same code on a machine without a GPU.
    """
    whole = path.with_suffix(".whole")
    module.save(str(whole))
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for record in source.infolist():
            name = path.stem + record.filename[record.filename.index("/") :]
            if name.endswith(".debug_pkl"):
                continue
            content = source.read(record)
            if name.endswith(".py"):
                content = content.replace(b'torch.device("cpu")', f'torch.device("{device_in_graph}")'.encode())
            # A fixed date: the same weights give the same file. Code is deflated and tensors are not, as torch does it.
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, record.compress_type)
    whole.unlink()


def logits_of(call) -> dict[str, list[list[float]]]:
    """Logits for every batch; `call` takes a batch and returns `[batch, labels]`."""
    with torch.no_grad():
        return {name: call(batch).tolist() for name, batch in batches().items()}


def write_scripted(folder: Path) -> dict:
    """The three scripted files, and what five steps of training make of one."""
    for name, wrapper in (("tuple", ReturnsTuple), ("dict", ReturnsDict), ("logits", ReturnsLogits)):
        save(torch.jit.script(wrapper(encoder())), folder / f"scripted-{name}.pt")

    batch = batches()["batch of 7"]
    module = ReturnsTuple(encoder()).train()
    torch.manual_seed(DROPOUT_SEED)
    in_train_mode = module(batch.input_ids, batch.attention_mask)[1].tolist()

    torch.manual_seed(DROPOUT_SEED)
    optimizer = torch.optim.AdamW(module.parameters(), lr=LR, weight_decay=0.0, fused=True)
    losses = []
    for _ in range(STEPS):
        loss, _ = module(batch.input_ids, batch.attention_mask, batch.labels)
        assert loss is not None
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    plain = encoder()
    return {
        "logits": logits_of(lambda b: plain(b.input_ids, b.attention_mask)),
        "trainMode": {"batch": "batch of 7", "seed": DROPOUT_SEED, "logits": in_train_mode},
        "training": {"batch": "batch of 7", "seed": DROPOUT_SEED, "learningRate": LR, "loss": losses},
        "parameters": [f"bert.{name}" for name, _ in plain.named_parameters()],
    }


def write_traced(folder: Path) -> dict:
    """The traced files: with dropout off, with dropout on, and with a device of another machine in the graph."""
    example = batches()["traced shape"]
    arguments = (example.input_ids, example.attention_mask, example.token_type_ids)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every Python number that it turns into a constant
        in_eval = torch.jit.trace(Traceable(small_bert()), arguments, check_trace=False)
        in_train = torch.jit.trace(Traceable(small_bert().train()), arguments, check_trace=False)
        constant = torch.jit.trace(AddsConstant().eval(), (torch.zeros(2),), check_trace=False)
    save(in_eval, folder / "traced-eval.pt")
    save(in_eval, folder / "traced-cuda.pt", device_in_graph="cuda:0")
    save(in_train, folder / "traced-train.pt")
    save(constant, folder / "traced-constant.pt")

    model = small_bert()
    expected = logits_of(lambda b: model(b.input_ids, b.attention_mask, b.token_type_ids).logits)

    # Fine-tuned as it is, without dropout: the loss is computed outside, where the module gives logits only.
    trained = small_bert(dropout=0.0).train()
    trainer = ReferenceTrainer(trained, lr=LR, warmup_steps=0, total_steps=10**9, weight_decay=0.0, max_norm=1e9)
    losses = [trainer.step(batches()["batch of 7"]).loss.item() for _ in range(STEPS)]
    return {
        "logits": expected,
        "training": {"batch": "batch of 7", "learningRate": LR, "loss": losses},
        "parameters": [f"model.{name}" for name, _ in model.named_parameters()],
    }


def check(folder: Path, expected: dict) -> None:
    """Opens every file again and compares: a fixture that Python itself reads differently is no fixture."""
    for file in sorted(folder.glob("*.pt")):
        if file.stem in ("traced-train", "traced-constant"):
            continue  # dropout that is on for good; no classifier at all
        if file.stem == "traced-cuda":
            continue  # runs only where its device is, or where the loader moves it
        module = torch.jit.load(str(file)).eval()
        names = [argument.name for argument in module.forward.schema.arguments[1:]]
        for name, batch in batches().items():
            output = module(**{key: value for key, value in batch.inputs().items() if key in names})
            if isinstance(output, dict):
                output = output["logits"]
            elif isinstance(output, tuple):
                output = output[-1]
            wanted = torch.tensor(expected["traced" if "traced" in file.stem else "scripted"]["logits"][name])
            difference = (output.detach() - wanted).abs().max().item()
            assert difference < 2e-6, f"{file.name}, {name}: logits differ by {difference}"


def write(out: Path) -> None:
    """Writes the files into `out`."""
    folder = out / "torchscript"
    folder.mkdir(exist_ok=True)
    expected = {"scripted": write_scripted(folder), "traced": write_traced(folder)}
    check(folder, expected)
    write_json(
        out / "torchscript.json",
        {**provenance(), "batches": {name: batch_to_json(b) for name, b in batches().items()}, **expected},
    )
