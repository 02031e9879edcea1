"""Two sets of weights of one network mixed into one: what a GAN made of a network, in any strength (appendix B.2)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from qgac.weights.alpha import check_alpha
from qgac.weights.files import STATISTICS, Weights, WeightsError, read_weights, shipped_models

if TYPE_CHECKING:
    from qgac.models.qgac import QGAC

__all__ = ["blended", "blended_weights", "gan_twin", "interpolate", "mixed"]


def mixed(regression: Weights, other: Weights, alpha: float) -> Weights:
    """Blend two sets of weights number by number: (1 - alpha) regression + alpha other (appendix B.2, eq. 1).

    Parameters
    ----------
    regression, other : Weights
        Of one configuration and one normalisation; neither is changed.
    alpha : float
        0..1; 0 gives the first and 1 the second, to the bit.

    Returns
    -------
    Weights

    Raises
    ------
    ValueError
        If `alpha` is out of range, or the two are of different configurations or statistics.
    """
    check_alpha(alpha)
    alpha = float(alpha)  # one of NumPy's would make float64 of the weights
    if regression.configuration != other.configuration or regression.tensors.keys() != other.tensors.keys():
        raise ValueError("networks of different configurations cannot be blended; give two runs of one configuration")
    tensors = {}
    for name, start in regression.tensors.items():
        end = other.tensors[name]
        if name.startswith(STATISTICS):
            if not np.array_equal(start, end):
                raise ValueError(
                    f"the networks differ in {name}, which is not learned; train one from the other's weights and try"
                    " again"
                )
            tensors[name] = start
        else:
            # The ends are taken, not computed: 1 * w + 0 * v may lose the sign of a zero.
            tensors[name] = start if alpha == 0 else end if alpha == 1 else (1 - alpha) * start + alpha * end
    return Weights(regression.configuration, tensors, f"{regression.name} with {other.name}")


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
    named = os.fspath(model) if isinstance(model, str | os.PathLike) else None
    twin = f"{named}-gan"
    if twin not in shipped_models():
        name = "this network" if named is None else f"model {named!r}"
        raise WeightsError(
            f"{name} has no GAN twin among the shipped models; name the weights of one "
            "(--blend-with, for an analysis --other)"
        )
    return twin


def blended_weights(
    model: str | os.PathLike[str], alpha: float, other: str | os.PathLike[str] | None = None
) -> Weights:
    """Read weights and blend them with those that a GAN made of them, see :func:`mixed`.

    Parameters
    ----------
    model : str or path
        At alpha 0; as for :func:`qgac.weights.files.read_weights`.
    alpha : float
        0..1; the paper's figures have 0.7.
    other : str or path, optional
        At alpha 1; by default the :func:`gan_twin`.

    Returns
    -------
    Weights

    Raises
    ------
    WeightsError
        If one of them cannot be read, or there is no twin.
    ValueError
        If `alpha` is out of range, or the two are no runs of one network.
    """
    check_alpha(alpha)
    regression = read_weights(model)
    if other is None:
        if alpha == 0:
            return regression
        other = gan_twin(model)
    return mixed(regression, read_weights(other), alpha)


def interpolate(regression: QGAC, other: QGAC, alpha: float) -> QGAC:
    """Blend two networks, see :func:`mixed`.

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
    from qgac.weights.checkpoints import network_of, weights_of  # PyTorch comes with it

    weights = mixed(weights_of(regression), weights_of(other), alpha)
    copied = {name: value.copy() for name, value in weights.tensors.items()}
    network = network_of(Weights(weights.configuration, copied, weights.name))
    return network.to(next(regression.parameters()).device)


def blended(
    model: str | os.PathLike[str] | QGAC, alpha: float, other: str | os.PathLike[str] | QGAC | None = None
) -> QGAC:
    """Load a model and blend it with the one that a GAN made of it.

    Parameters
    ----------
    model, other : str, path or QGAC
        As for :func:`blended_weights`; or networks.
    alpha : float
        0..1.

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
    from qgac.weights.checkpoints import load_model  # PyTorch comes with it

    check_alpha(alpha)
    regression = load_model(model) if isinstance(model, str | os.PathLike) else model
    if other is None:
        if alpha == 0:
            return regression
        other = gan_twin(model)
    return interpolate(regression, load_model(other) if isinstance(other, str | os.PathLike) else other, alpha)
