"""One network on its way down a gradient: Adam, the gradient of the joined batch, clipped; bad batches left out.

Nothing here waits for a GPU: whether a gradient was finite stays on the device, and Adam itself skips the step.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from qgac.training.machine import TrainingError, average
from qgac.training.sections import Optimization

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Descent"]

# This many batches in a row without a finite gradient mean that the run has diverged.
_PATIENCE = 20


class Descent:
    """A network and its optimiser.

    Parameters
    ----------
    network : nn.Module
        On the device of `fabric`. Its parameters that require a gradient are trained.
    optimization : Optimization
        Learning rate, betas and clipping are taken from it.
    fabric : Fabric

    Attributes
    ----------
    parameters : list of Tensor
        Those that are trained.
    optimizer : torch.optim.Adam
    """

    def __init__(self, network: nn.Module, optimization: Optimization, fabric: Fabric) -> None:
        self.network = network
        self.optimization = optimization
        self.parameters: list[Tensor] = [p for p in network.parameters() if p.requires_grad]
        # Fused: one kernel a step, and it knows how to leave a step out without asking the processor.
        self.optimizer = torch.optim.Adam(
            self.parameters, lr=optimization.learning_rate, betas=optimization.betas, fused=True
        )
        self._fabric = fabric
        self._streak = torch.zeros((), device=fabric.device)
        self._longest_streak = torch.zeros((), device=fabric.device)

    def set_learning_rate(self, step: int) -> None:
        """Follow the schedule."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.optimization.learning_rate_at(step)

    def step(self, loss: Tensor, figures: list[Tensor]) -> Tensor:
        """Take one step down the gradient of a loss; a batch whose gradient is not finite changes nothing.

        Parameters
        ----------
        loss : Tensor, shape ()
            Mean over this process's share of the batch.
        figures : list of Tensor, shape ()
            Replaced by their means over all processes.

        Returns
        -------
        Tensor, shape ()
            1 if the gradient was finite, else 0; on the device.
        """
        self.optimizer.zero_grad(set_to_none=True)
        self._fabric.backward(loss)
        # Not every parameter takes part in every batch: an upsampler only in those of its factors.
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        average(self._fabric, [*gradients, *figures])
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.optimization.clip or math.inf)
        finite = torch.isfinite(norm).float()
        self.optimizer.found_inf = 1 - finite  # type: ignore[attr-defined]
        self.optimizer.step()
        self._streak = (self._streak + 1) * (1 - finite)
        self._longest_streak = torch.maximum(self._longest_streak, self._streak)
        return finite

    def check(self) -> None:
        """Wait for the device, and see whether the run has diverged.

        Raises
        ------
        TrainingError
            If too many batches in a row gave no finite gradient.
        """
        if self._longest_streak >= _PATIENCE:
            raise TrainingError(f"no finite gradient in {_PATIENCE} batches in a row; lower the learning rate")

    def state_dict(self) -> dict[str, Any]:
        """Return what :meth:`load_state_dict` takes; the weights of the network are not in it."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        for group in state["param_groups"]:  # those of runs before the optimiser was a fused one
            group.update(fused=True, foreach=None)
        self.optimizer.load_state_dict(state)
