"""The questions of the paper's appendix B and C, one module each, and the pictures that answer them.

Modules compute and return plain data; only :mod:`qgac.analysis.plots` draws.
"""
