"""One open run, from its folder to its end, and the Writer's way to it."""
