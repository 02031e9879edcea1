"""The questions of the paper's appendices B and C: plain data, which only ``plots.py`` draws."""
