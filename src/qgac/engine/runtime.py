"""ONNX Runtime without its telemetry.

Version 1.32 would tell its makers of every run, and keep a number for this computer in the user's home. It asks for the
variable when it is loaded, so it is loaded here alone. Whoever wants telemetry sets it to 0.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
