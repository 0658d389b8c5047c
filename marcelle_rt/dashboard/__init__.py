"""The dashboard: a page of all runs of a backend, live, and the server that brings it to a browser."""
