"""Quantization guided JPEG artifact correction: restores JPEG pictures from their own coefficients and tables.

>>> import qgac
>>> picture = qgac.restore("photo.jpg")
>>> picture.save("photo.png")

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgac.batch.jobs import Failed, Finished, Skipped
    from qgac.batch.many import restore_many
    from qgac.jpeg.errors import JPEGError
    from qgac.jpeg.image import JPEGImage
    from qgac.jpeg.reader import read_jpeg
    from qgac.metrics import psnr, psnr_b, ssim
    from qgac.models.configuration import Configuration
    from qgac.models.qgac import QGAC
    from qgac.pictures.save import save
    from qgac.restoration.picture import Restored
    from qgac.restoration.restorer import Restorer, restore
    from qgac.weights.checkpoints import load_model, save_model

__all__ = [
    "QGAC",
    "Configuration",
    "Failed",
    "Finished",
    "JPEGError",
    "JPEGImage",
    "Restored",
    "Restorer",
    "Skipped",
    "__version__",
    "load_model",
    "psnr",
    "psnr_b",
    "read_jpeg",
    "restore",
    "restore_many",
    "save",
    "save_model",
    "ssim",
]

if find_spec("torch") is None:  # which these need: `from qgac import *` is to work without
    __all__ = [name for name in __all__ if name not in ("QGAC", "load_model", "save_model")]

__version__ = "0.2.0"

_HOMES = {
    "QGAC": "qgac.models.qgac",
    "Configuration": "qgac.models.configuration",
    "Failed": "qgac.batch.jobs",
    "Finished": "qgac.batch.jobs",
    "JPEGError": "qgac.jpeg.errors",
    "JPEGImage": "qgac.jpeg.image",
    "Restored": "qgac.restoration.picture",
    "Restorer": "qgac.restoration.restorer",
    "Skipped": "qgac.batch.jobs",
    "load_model": "qgac.weights.checkpoints",
    "psnr": "qgac.metrics",
    "psnr_b": "qgac.metrics",
    "read_jpeg": "qgac.jpeg.reader",
    "restore": "qgac.restoration.restorer",
    "restore_many": "qgac.batch.many",
    "save": "qgac.pictures.save",
    "save_model": "qgac.weights.checkpoints",
    "ssim": "qgac.metrics",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        from qgac.extras import lacking

        message = lacking(error, f"qgac.{name}")
        if message is None:
            raise
        raise ModuleNotFoundError(message, name=error.name) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
