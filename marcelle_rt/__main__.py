"""`python -m marcelle_rt` is `marcelle-rt`."""

from .cli import main

if __name__ == "__main__":
    main()
