"""Figures on test sets: measuring, and the tables of the paper beside."""
