"""The networks of the paper, on frequency channels."""
