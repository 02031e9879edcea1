"""What runs the networks when a picture is restored."""

import os

# ONNX Runtime 1.32 would tell its makers of every run, and keep a number for this computer in the user's home. It asks
# for this when it is loaded, which is after this line. Whoever wants that sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
