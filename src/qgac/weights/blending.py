"""Two networks of one kind mixed into one: what a GAN made of a network, in any strength (appendix B.2)."""

from __future__ import annotations

import os

import torch

from qgac.models.qgac import QGAC
from qgac.weights.alpha import check_alpha
from qgac.weights.checkpoints import WeightsError, load_model, shipped_models

__all__ = ["blended", "gan_twin", "interpolate"]


@torch.no_grad()
def interpolate(regression: QGAC, other: QGAC, alpha: float) -> QGAC:
    """Blend two networks parameter by parameter: (1 - alpha) regression + alpha other (appendix B.2, eq. 1).

    Parameters
    ----------
    regression, other : QGAC
        Networks of one configuration and one normalisation; neither is changed.
    alpha : float
        0..1; 0 gives the first and 1 the second network, to the bit.

    Returns
    -------
    QGAC
        A new network in evaluation mode, on the device of the first one, convolutions in channels_last.

    Raises
    ------
    ValueError
        If `alpha` is out of range, or the two networks are of different configurations or statistics.
    """
    check_alpha(alpha)
    if regression.configuration != other.configuration:
        raise ValueError("networks of different configurations cannot be blended; give two runs of one configuration")
    buffers = dict(other.named_buffers())
    for name, buffer in regression.named_buffers():
        if not torch.equal(buffer, buffers[name].to(buffer.device)):
            raise ValueError(
                f"the networks differ in {name}, which is not learned; train one from the other's weights and try again"
            )
    ends = dict(other.named_parameters())
    weights = dict(regression.named_buffers())
    for name, start in regression.named_parameters():
        end = ends[name].to(start)
        # The ends are taken, not computed: 1 * w + 0 * v may lose the sign of a zero.
        weights[name] = start if alpha == 0 else end if alpha == 1 else (1 - alpha) * start + alpha * end
    model = QGAC(regression.configuration)
    model.load_state_dict({name: value.detach().clone() for name, value in weights.items()}, assign=True)
    return model.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def gan_twin(model: str | os.PathLike[str] | QGAC) -> str:
    """Name the shipped model that a GAN made of a shipped model: that of ``small`` is ``small-gan``.

    Parameters
    ----------
    model : str, path or QGAC
        As for :func:`blended`.

    Returns
    -------
    str

    Raises
    ------
    WeightsError
        If there is none.
    """
    twin = "" if isinstance(model, QGAC) else f"{os.fspath(model)}-gan"
    if twin not in shipped_models():
        name = "this network" if isinstance(model, QGAC) else f"model {os.fspath(model)!r}"
        raise WeightsError(
            f"{name} has no GAN twin among the shipped models; name the weights of one "
            "(--blend-with, for an analysis --other)"
        )
    return twin


def blended(
    model: str | os.PathLike[str] | QGAC, alpha: float, other: str | os.PathLike[str] | QGAC | None = None
) -> QGAC:
    """Load a model and blend it with the one that a GAN made of it, see :func:`interpolate`.

    Parameters
    ----------
    model : str, path or QGAC
        At alpha 0; as for :func:`qgac.weights.checkpoints.load_model`.
    alpha : float
        0..1; the paper's figures have 0.7.
    other : str, path or QGAC, optional
        At alpha 1; by default the :func:`gan_twin`.

    Returns
    -------
    QGAC
        At alpha 0 without `other`, the model itself.

    Raises
    ------
    WeightsError
        If one of them cannot be loaded, or there is no twin.
    ValueError
        If `alpha` is out of range, or the two are no runs of one network.
    """
    check_alpha(alpha)
    regression = model if isinstance(model, QGAC) else load_model(model)
    if other is None:
        if alpha == 0:
            return regression
        other = gan_twin(model)
    return interpolate(regression, other if isinstance(other, QGAC) else load_model(other), alpha)
