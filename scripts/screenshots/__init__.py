"""Takes the documentation's pictures anew, from real runs: `.venv/bin/python -m scripts.screenshots [PICTURE ...]`.

Needs the `dev` extra and a Chromium, as the tests do, and what `scripts/frameworks.txt` lists. Without names all are
taken; each has a backend and a folder of its own.
"""
