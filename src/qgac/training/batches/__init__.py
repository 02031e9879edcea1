"""Batches: pictures cut, drawn upon and compressed on the fly."""
