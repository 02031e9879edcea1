"""The sub-commands of ``qgac analyze``, one module each."""
