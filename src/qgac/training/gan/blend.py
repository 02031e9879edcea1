"""What a blend of the weights in training with others makes of a batch, with gradients: most users see no other."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import functional_call

from qgac.models.qgac import QGAC
from qgac.training.batches.batch import Compressed
from qgac.training.forward import restore_batch
from qgac.training.machine import TrainingError
from qgac.training.sections import Gan
from qgac.weights.checkpoints import load_model
from qgac.weights.files import WeightsError

__all__ = ["Blended", "first_of"]


class Blended:
    """A network whose weights lie between those of a model in training and those of its regression.

    Parameters
    ----------
    model : QGAC
        In training; its weights are looked up at every call.
    gan : Gan
        Names the regression and the share of the model in the blend.

    Raises
    ------
    TrainingError
        If the regression cannot be loaded, or is another network.
    """

    def __init__(self, model: QGAC, gan: Gan) -> None:
        try:
            regression = load_model(gan.regression)
        except WeightsError as error:
            raise TrainingError(str(error)) from error
        if regression.configuration != model.configuration:
            raise TrainingError(f"{gan.regression} has another network than the recipe; name the one it started from")
        device = next(model.parameters()).device
        self._regression = {name: value.detach().to(device) for name, value in regression.named_parameters()}
        self._restoring = _Restoring(model, projected=gan.projected)
        self._blend = gan.blend

    def __call__(self, batch: Compressed) -> Tensor:
        """Restore a batch, see :func:`qgac.training.forward.restore_batch`; gradients reach the model in training."""
        weights = {
            f"model.{name}": torch.lerp(self._regression[name], value, self._blend)
            for name, value in self._restoring.model.named_parameters()
        }
        restored: Tensor = functional_call(self._restoring, weights, (batch,))
        return restored


class _Restoring(nn.Module):
    def __init__(self, model: QGAC, *, projected: bool) -> None:
        super().__init__()
        self.model, self._projected = model, projected

    def forward(self, batch: Compressed) -> Tensor:
        return restore_batch(self.model, batch, projected=self._projected)


def first_of(batch: Compressed, count: int) -> Compressed:
    """Return the first pictures of a batch."""
    return replace(
        batch,
        **{name: getattr(batch, name)[:count] for name in ("rgb", "y", "y_table", "chroma", "chroma_tables")},
    )
