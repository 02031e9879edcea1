"""The web service: pictures in and out over HTTP, and the page that shows them."""
