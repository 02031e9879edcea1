"""``python -m qgac`` is the command ``qgac``."""

from qgac.cli import run

if __name__ == "__main__":  # processes that restore pictures import this module under another name
    run()
