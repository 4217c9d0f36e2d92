"""Writes `descriptions.json`: for each public ATen operator that PyTorch documents, its first sentence as plain text.

`npm run generate -- --descriptions` runs it with the pinned Python. The sentences are PyTorch's (BSD-3-Clause); roles,
links and formulas are stripped, and a sentence that does not survive this is left out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch

OUTPUT = Path(__file__).resolve().with_suffix(".json")
LONGEST = 200

# Operators whose first sentence says something else than what they do.
UNHELPFUL = {"diag", "diagflat", "floor_divide", "is_leaf", "item", "ldexp", "mH"}

# Operators that PyTorch documents under another name.
RENAMED = {
    "binary_cross_entropy_with_logits": torch.nn.functional.binary_cross_entropy_with_logits,
    "cross_entropy_loss": torch.nn.functional.cross_entropy,
    "cosine_embedding_loss": torch.nn.functional.cosine_embedding_loss,
    "glu": torch.nn.functional.glu,
    "grid_sampler": torch.nn.functional.grid_sample,
    "nll_loss_nd": torch.nn.functional.nll_loss,
    "pad": torch.nn.functional.pad,
}


def operators() -> list[str]:
    """Names of public operators, without overloads."""
    names = {name.split(".")[0].removeprefix("aten::") for name in torch._C._dispatch_get_all_op_names() if name.startswith("aten::")}
    return sorted(name for name in names if not name.startswith("_"))


def documentation(name: str) -> list[str]:
    """Every docstring that may describe the operator, the likeliest first."""
    found = [RENAMED[name]] if name in RENAMED else [getattr(torch, name, None)]
    for prefix, module in (("special_", torch.special), ("linalg_", torch.linalg), ("fft_", torch.fft), ("sparse_", torch.sparse)):
        if name.startswith(prefix):
            found.insert(0, getattr(module, name.removeprefix(prefix), None))
    found += [getattr(torch.nn.functional, name, None), getattr(torch.Tensor, name, None)]
    return [entry.__doc__ for entry in found if getattr(entry, "__doc__", None)]


def plain(text: str) -> str:
    """reStructuredText without its marks."""
    text = re.sub(r":math:`([^`]*)`", lambda match: formula(match[1]), text)
    text = re.sub(r":\w+(?::\w+)*:`~?!?([^`<]*?)\s*(?:<[^`]*>)?`", r"\1", text)
    text = re.sub(r"`([^`<]+?)\s*<[^`]*>`_{1,2}", r"\1", text)
    text = re.sub(r"\[[^\]]*\]_|\|[^|]*\|", "", text)
    text = re.sub(r"``?([^`]*)``?_*", r"\1", text)
    text = text.replace("attr:", "").replace("**", "").replace("\\_", "_").replace("*n*", "n")
    return re.sub(r" +([.,])(?= |$)", r"\1", re.sub(r"\s+", " ", text)).strip()


def formula(text: str) -> str:
    """The simplest formulas as text; others keep their backslash and are refused later."""
    text = re.sub(r"\\(?:text|mathrm|texttt|operatorname|mathbf|mathit)\{([^{}]*)\}", r"\1", text)
    for mark, word in ((r"\times", "×"), (r"\leq", "≤"), (r"\geq", "≥"), (r"\neq", "≠"), (r"\cdot", "·"), (r"\log", "log"), (r"\exp", "exp"), (r"\_", "_"), (r"\pi", "π")):
        text = text.replace(mark, word)
    return re.sub(r"\^\{th\}", "th", re.sub(r"_\{(\w)\}", r"_\1", text))


def first_sentence(doc: str) -> str | None:
    """The first sentence of the first paragraph of prose, or nothing where it is none."""
    paragraphs = re.split(r"\n\s*\n", doc.strip())
    for paragraph in paragraphs:
        paragraph = paragraph.strip()
        lines = paragraph.splitlines()
        while lines and (re.match(r"^\s*[\w.]+\(.*", lines[0]) and ("->" in lines[0] or lines[0].rstrip().endswith((")", ",")))):
            lines = lines[1:]
        paragraph = "\n".join(lines).strip()
        if not paragraph or paragraph.startswith((".. ", "Args:", ":")):
            if paragraph.startswith("Args:"):
                return None
            continue
        return sentence(plain(paragraph))
    return None


def sentence(text: str) -> str | None:
    """Up to the first full stop that ends a sentence, without references to what follows it."""
    match = re.match(r"(.+?(?<!e\.g)(?<!i\.e)(?<!etc)[.:])(?:\s|$)", text)
    text = (match[1] if match else text).strip().rstrip(".:")
    text = re.sub(r" ?\(as defined below\)|,? (?:given by|with the following cases|as follows)$", "", text) + "."
    refused = any(mark in text for mark in ("\\", "`", "http", "*/")) or not 12 <= len(text) <= LONGEST
    empty = re.match(r"See |In-?place version|Out-?(?:of-?)?place version", text) or re.search(r"\b(condition|if|is|by)\.$", text)
    if refused or empty:
        return None
    return text if re.match(r"self\b", text) else text[0].upper() + text[1:]


def main() -> None:
    """Collects and writes, one operator per line."""
    sentences = {}
    for name in operators():
        found = next((text for text in map(first_sentence, documentation(name)) if text), None)
        if found and name not in UNHELPFUL:
            sentences[name] = found
    head = f'"torch": {json.dumps(torch.__version__.split("+")[0])}'
    lines = [f"{json.dumps(name)}: {json.dumps(text, ensure_ascii=False)}" for name, text in sentences.items()]
    OUTPUT.write_text(f'{{\n{head},\n"descriptions": {{\n' + ",\n".join(lines) + "\n}\n}\n", encoding="utf-8")
    print(f"{OUTPUT.name}: {len(sentences)} of {len(operators())} operators, {OUTPUT.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
