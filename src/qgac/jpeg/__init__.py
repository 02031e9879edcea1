"""JPEG files as their coefficients: reading, rendering, and the transforms around them."""
