"""Coefficients and samples: blocks, DCT, colour, quantisation, and what is known of a quantised coefficient."""
