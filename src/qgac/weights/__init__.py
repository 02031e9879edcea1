"""Weights of the networks: files, and mixtures of two."""
