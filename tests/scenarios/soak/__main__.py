"""Run by `scripts/soak`."""

if __name__ == "__main__":  # each training's process reads this file, too, and needs nothing of what it imports
    from tests.scenarios.soak.rounds import main

    main()
