"""What a plain installation lacks, and the sentence that says so: parts of the project need further libraries."""

from __future__ import annotations

__all__ = ["lacking"]

_EXTRA_OF_LIBRARY = {
    "torch": "torch",
    "lightning": "train",
    "lightning_fabric": "train",
    "tensorboard": "train",
    "matplotlib": "eval",
    "sklearn": "eval",
    "onnx": "export",
    "pikepdf": "containers",
    "av": "containers",
    "torchmetrics": "frechet",
    "ray": "cluster",
    "fsspec": "cluster",
    "fastapi": "web",
    "uvicorn": "web",
    "python_multipart": "web",
}


def lacking(error: ModuleNotFoundError, what: str, extra: str | None = None) -> str | None:
    """Return what to say of a library that is not installed.

    Parameters
    ----------
    error : ModuleNotFoundError
    what : str
        What needs it.
    extra : str, optional
        The extra of the package that brings everything `what` needs; by default one that brings the library.

    Returns
    -------
    str or None
        One sentence; None if the library is of no extra, so that it lacks by mistake.
    """
    library = (error.name or "").split(".")[0]
    if library not in _EXTRA_OF_LIBRARY:
        return None
    extra = extra or _EXTRA_OF_LIBRARY[library]
    return f"{what} needs {library}, which is not installed; install it: pip install 'qgac[{extra}]'"
