"""Run by test_processes.py: trains in two processes and writes down what happened."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from qgac.models.qgac import QGAC
from qgac.training import machine
from qgac.training.recipe import Recipe
from qgac.training.run import Run
from qgac.training.train import train


def main() -> None:
    bank, out, recipe = Path(sys.argv[1]), Path(sys.argv[2]), Recipe.from_dict(json.loads(sys.argv[3]))
    torch.set_num_threads(1)
    fabric = machine.start(recipe.optimization.precision, device="cpu", processes=2)
    rank = fabric.global_rank

    # Only the second process wants to stop, and both do.
    asked = iter(range(100))
    events = list(train(recipe, bank, out, fabric=fabric, stop=lambda: next(asked) >= 6 and rank == 1))
    stopped = torch.load(out / "run.pt", weights_only=True)["step"]
    events += train(recipe, bank, out, resume=True, fabric=fabric)

    refusal = ""
    try:
        train(replace(recipe, data=replace(recipe.data, batch=3)), bank, out / "odd", fabric=fabric)
    except machine.TrainingError as error:
        refusal = str(error)

    # The gradient is not finite in the second process alone: neither takes the step.
    model = QGAC(recipe.model)
    run = Run(recipe, model, model.y_network, out / "guard", fabric=fabric, resume=False)
    before = [p.detach().clone() for p in model.y_network.parameters()]
    factor = float("nan") if rank else 1.0
    run.update(factor * sum(p.sum() for p in model.y_network.parameters()), {})
    unchanged = all(torch.equal(a, b) for a, b in zip(before, model.y_network.parameters(), strict=True))
    run.update(sum((rank + 1) * p.sum() for p in model.y_network.parameters()), {"rank": torch.tensor(float(rank))})
    weights = torch.cat([p.detach().flatten() for p in model.y_network.parameters()])
    others = [torch.empty_like(weights) for _ in range(2)]
    torch.distributed.all_gather(others, weights)
    result = {
        "events": [(event.step, event.loss, event.validation) for event in events],
        "stopped": stopped,
        "refusal": refusal,
        "unchanged": unchanged,
        "equal": torch.equal(*others),
        "gradient": model.y_network.subnetworks[0].encode.activation.weight.grad.item(),
        "parts": run.report().parts,
    }
    (out / f"result-{rank}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
