"""Checks in Python that its optimizers go on from the states that Torchwright saved.

    python scripts/verify_optimizers.py <folder>

`<folder>` has, for each case of `scripts/golden/optimizers.py`, `<name>.pt`: what `saveOptimizerState` wrote after
STATE_STEPS steps. PyTorch's optimizer is made with its defaults and given that file by `torch.load(weights_only=True)`;
it goes on from the golden weights to the last step, where the golden weights must be met. So the file has to hold the
options too. The keys of the dictionaries must be those of Python's own. Prints one JSON object; exit code 0 where all
is well.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "golden"))

import optimizers as golden  # noqa: E402  (needs the line above)

TOLERANCE = 1e-6


def state_keys(state: dict) -> dict:
    """Names of the states by parameter, of those that hold something; `RMS` is only for looking at."""
    return {
        number: sorted(set(entry) - {"RMS"})
        for number, entry in state["state"].items()
        if any(not torch.is_tensor(value) or value.count_nonzero() > 0 for value in entry.values())
    }


def check(case: tuple, known: dict, file: Path) -> dict:
    """One optimizer's way from the file."""
    name, make, options, second = case
    if zipfile.ZipFile(file).testzip() is not None:
        raise ValueError(f"{file}: a checksum does not fit")
    ours = torch.load(file, weights_only=True)
    theirs = torch.load(HERE.parent / "test" / "golden" / "optimizers" / f"{name}.pt", weights_only=True)
    problems = []
    if state_keys(ours) != state_keys(theirs):
        problems.append(f"states: ours {state_keys(ours)}, Python's {state_keys(theirs)}")
    keys = [[list(group) for group in one["param_groups"]] for one in (ours, theirs)]
    if [sorted(group) for group in keys[0]] != [sorted(group) for group in keys[1]]:
        problems.append(f"options: ours {keys[0]}, Python's {keys[1]}")

    mark = golden.MARKS.index(golden.STATE_STEPS)
    weights = known["weights"][mark]
    params = [torch.nn.Parameter(torch.tensor(weights[i]).reshape(shape)) for i, shape in enumerate(golden.SHAPES)]
    groups = [params[: golden.FIRST_GROUP], params[golden.FIRST_GROUP :]]
    fixed = {"relative_step": False, "lr": 1.0} if options.get("relative_step") is False else {}
    optimizer = make([{"params": group} for group in groups], **fixed)
    optimizer.load_state_dict(ours)
    rates = [options.get("lr"), second.get("lr", options.get("lr"))]
    for step in range(golden.STATE_STEPS, golden.STEPS):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = None if rate is None else rate * golden.FACTORS[step]
        for parameter, grad in zip(params, known["gradients"][step], strict=True):
            parameter.grad = None if grad is None else torch.tensor(grad).reshape(parameter.shape)
        optimizer.step()
    difference = max(
        ((parameter - torch.tensor(wanted).reshape(parameter.shape)).abs() / parameter.abs().clamp(min=1)).max().item()
        for parameter, wanted in zip(params, known["weights"][-1], strict=True)
    )
    if not difference <= TOLERANCE:
        problems.append(f"weights differ by {difference:.3g}")
    return {"difference": difference, "problems": problems}


def main() -> int:
    """Checks all and prints."""
    folder = Path(sys.argv[1])
    file = json.loads((HERE.parent / "test" / "golden" / "optimizers.json").read_text(encoding="utf-8"))
    cases = {case["name"]: {**case, "gradients": file["gradients"]} for case in file["cases"]}
    report = {case[0]: check(case, cases[case[0]], folder / f"{case[0]}.pt") for case in golden.CASES}
    ok = not any(entry["problems"] for entry in report.values())
    print(json.dumps({"ok": ok, "torch": torch.__version__, "cases": report}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
