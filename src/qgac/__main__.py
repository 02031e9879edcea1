"""``python -m qgac`` is the command ``qgac``."""

from qgac.cli import main

main()
