"""The demo: a Keras training that streams into a live dashboard page."""
