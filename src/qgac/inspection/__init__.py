"""What a JPEG file says about itself."""
