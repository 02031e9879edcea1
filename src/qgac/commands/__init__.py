"""The sub-commands of ``qgac``, one module each."""
