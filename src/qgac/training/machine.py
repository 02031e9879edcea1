"""Where a run happens: one processor, one GPU, or several processes, through Lightning Fabric.

Fabric starts the processes, chooses the device and holds the arithmetic. Networks are not wrapped: the gradients of all
processes are averaged in one reduction after the backward pass (:meth:`qgac.training.descent.Descent.step`), which is
the gradient of the joined batch whatever methods of the network the loss went through.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["TrainingError", "average", "start", "wants"]


class TrainingError(RuntimeError):
    """A run cannot start or go on."""


def start(
    precision: Literal["float32", "bfloat16"], *, device: Literal["auto", "cpu", "cuda"] = "auto", processes: int = 1
) -> Fabric:
    """Start the processes of a run.

    Under ``torchrun`` the processes are there already and `processes` is ignored. Otherwise this process becomes the
    first one and starts the others with its own command line.

    Parameters
    ----------
    precision : {"float32", "bfloat16"}
        Arithmetic inside ``fabric.autocast()``; weights are float32 either way.
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes the GPU if there is one.
    processes : int
        On this machine; on GPUs each has one of its own.

    Returns
    -------
    Fabric
        Launched.

    Raises
    ------
    TrainingError
        If Fabric is not installed, or the device is not there.
    """
    try:
        from lightning_fabric import Fabric
    except ImportError as error:
        raise TrainingError(
            "training needs Lightning Fabric and TensorBoard; install them with `pip install 'qgac[train]'`"
        ) from error
    cuda = torch.cuda.is_available() if device == "auto" else device == "cuda"
    if cuda and torch.cuda.device_count() == 0:
        raise TrainingError("no GPU can be used by this PyTorch; install a build for CUDA, or train on --device cpu")
    nodes = 1
    if "TORCHELASTIC_RUN_ID" in os.environ:  # torchrun
        processes = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // processes
    if cuda and processes > torch.cuda.device_count():
        raise TrainingError(f"there are {torch.cuda.device_count()} GPUs for {processes} processes; start fewer")
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces what was asked for
    fabric = Fabric(
        accelerator="cuda" if cuda else "cpu",
        devices=processes,
        num_nodes=nodes,
        strategy="ddp" if processes * nodes > 1 else "auto",
        precision="bf16-mixed" if precision == "bfloat16" else "32-true",
    )
    fabric.launch()
    return fabric


def average(fabric: Fabric, tensors: list[Tensor]) -> None:
    """Replace tensors by their means over all processes, in one reduction."""
    if fabric.world_size == 1:
        return
    joined = torch.cat([tensor.flatten().float() for tensor in tensors])
    torch.distributed.all_reduce(joined)
    joined /= fabric.world_size
    sizes = [tensor.numel() for tensor in tensors]
    for tensor, mean in zip(tensors, torch.split(joined, sizes), strict=True):
        tensor.copy_(mean.view_as(tensor))


def wants(fabric: Fabric, *wishes: bool) -> tuple[bool, ...]:
    """For each wish, whether any process has it; all of them get the same answer."""
    if fabric.world_size == 1:
        return wishes
    counts = torch.tensor(wishes, dtype=torch.float32, device=fabric.device)
    torch.distributed.all_reduce(counts)
    return tuple(bool(count) for count in counts.tolist())
