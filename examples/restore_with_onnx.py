"""Restore a colour JPEG with ONNX Runtime, Pillow and the reader alone: no PyTorch, and nothing else of qgac.

qgac export small --single-file --out graphs
python examples/restore_with_onnx.py graphs examples/night.jpg night.png
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image

from qgac import read_jpeg

folder, source, destination = sys.argv[1:]
picture = read_jpeg(source)
y, cb, cr = picture.components
session = onnxruntime.InferenceSession(f"{folder}/picture-{y.vertical}x{y.horizontal}.onnx")
(rgb,) = session.run(
    ["rgb"],
    {
        **{name: plane.coefficients for name, plane in zip(("y", "cb", "cr"), picture.components, strict=True)},
        **{f"{name}_table": plane.table.astype(np.int32) for name, plane in (("y", y), ("cb", cb), ("cr", cr))},
        "height": np.array(picture.height),
        "width": np.array(picture.width),
        "strength": np.array(1.0, np.float32),
        "projected": np.array(True),
    },
)
Image.fromarray(rgb[: picture.height, : picture.width]).save(destination)
