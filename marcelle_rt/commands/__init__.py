"""What the `marcelle-rt` command does; a file a command, and `cli.py` in front of them."""
