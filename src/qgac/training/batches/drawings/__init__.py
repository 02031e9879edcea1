"""Drawings to train on, one kind a file."""
