"""What runs the networks when a picture is restored."""
