"""A backend over plain HTTP: calls, and files that are uploaded."""
