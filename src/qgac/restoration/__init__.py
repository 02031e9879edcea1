"""From a JPEG's coefficients to the pixels of the restored picture."""
