"""``python -m qgac`` is the command ``qgac``."""

from qgac.cli import main

if __name__ == "__main__":  # processes that restore pictures import this module under another name
    main()
