"""What a run is: events, the fold of them, and what a copy lacks. Pure: no I/O, no clock, no thread."""
