"""The restorers of a service: one for each choice of options, the one used last kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from qgac.web.choice import Choice
from qgac.web.problems import Problem
from qgac.weights.files import shipped_models

if TYPE_CHECKING:
    from qgac.engine.choice import EngineName
    from qgac.restoration.restorer import Restorer

__all__ = ["Restorers"]


class Restorers:
    """Makes restorers when they are needed. May be used from several threads at once.

    A client names a model that is offered; what the name stands for, a file perhaps, is the service's own matter.

    Parameters
    ----------
    model : str
        Name of a shipped model or a weights file: the default.
    engine, device : str
        See :class:`qgac.restoration.restorer.Restorer`.
    kept : int
        How many stay in memory; as many as work at a time.

    Raises
    ------
    ValueError
        If the default model cannot be loaded, or not on the device.
    """

    def __init__(
        self, model: str = "small", *, engine: EngineName = "auto", device: str = "auto", kept: int = 1
    ) -> None:
        self._places = {name: name for name in shipped_models()}
        self.default = model if model in self._places else Path(model).stem
        self._places[self.default] = model
        self._engine: EngineName = engine
        self._device = device
        self._kept = kept
        self._made: OrderedDict[Choice, Restorer] = OrderedDict()
        self._lock = threading.Lock()
        self.get(Choice(self.default))

    def names(self) -> tuple[str, ...]:
        """Return the names of the models that are offered, the default first."""
        return (self.default, *(name for name in self._places if name != self.default))

    def can_blend(self, name: str) -> bool:
        """Whether a GAN's weights may be mixed into those of a model."""
        return f"{name}-gan" in self._places and self._places[name] == name

    def check(self, choice: Choice) -> None:
        """Refuse a choice without making a restorer.

        Raises
        ------
        Problem
            422.
        """
        if choice.model not in self._places:
            known = ", ".join(self.names())
            raise Problem(422, f"a model {choice.model!r} is not offered here; choose one of {known} (--model)")
        if not 0 <= choice.strength <= 1:
            raise Problem(422, f"the strength lies between 0 and 1, got {choice.strength:g} (--strength)")
        if not 0 <= choice.blend <= 1:
            raise Problem(422, f"networks are blended with an alpha between 0 and 1, got {choice.blend:g} (--blend)")
        if choice.blend and not self.can_blend(choice.model):
            raise Problem(422, f"the model {choice.model!r} has no GAN twin to blend with; leave --blend out")

    def get(self, choice: Choice) -> Restorer:
        """Return the restorer for a choice.

        Raises
        ------
        ValueError
            If it cannot be made.
        """
        from qgac.restoration.restorer import Restorer

        with self._lock:
            restorer = self._made.pop(choice, None)
            if restorer is None:
                while len(self._made) >= self._kept:
                    self._made.popitem(last=False)  # before another is made: both at once need not fit
                restorer = Restorer(
                    self._places[choice.model],
                    engine=self._engine,
                    device=self._device,
                    project=choice.project,
                    best=choice.best,
                    strength=choice.strength,
                    blend=choice.blend,
                )
            self._made[choice] = restorer
            return restorer
