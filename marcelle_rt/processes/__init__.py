"""What a process has beside its memory: its threads, its forks, and the garbage in it."""
