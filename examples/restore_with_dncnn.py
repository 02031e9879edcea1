"""Restore a JPEG by DnCNN-3 or any other network that cleans a gray picture, given as an ONNX file.

The network takes and gives samples 0..1 of shape (1, 1, H, W). Colour pictures have their luma cleaned, as its authors
evaluate it; chroma stays as decoded. `qgac evaluate` measures it beside the other rows:

qgac evaluate --root pictures --method "DnCNN-3=python examples/restore_with_dncnn.py dncnn3.onnx {input} {output}"
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image


def cleaned(session: onnxruntime.InferenceSession, luma: Image.Image) -> Image.Image:
    """Return a gray picture as the network cleans it."""
    samples = np.asarray(luma, np.float32)[None, None] / 255
    (result,) = session.run(None, {session.get_inputs()[0].name: samples})
    return Image.fromarray((result[0, 0].clip(0, 1) * 255).round().astype(np.uint8))


def main(network: str, source: str, destination: str) -> None:
    """Read a JPEG file and write a picture file."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    with Image.open(source) as picture:
        if picture.mode == "L":
            restored = cleaned(session, picture)
        else:
            luma, *chroma = picture.convert("YCbCr").split()
            restored = Image.merge("YCbCr", (cleaned(session, luma), *chroma)).convert("RGB")
    restored.save(destination)


if __name__ == "__main__":
    main(*sys.argv[1:])
