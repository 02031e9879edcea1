"""JPEG files as their quantised coefficients: reading and writing them."""
