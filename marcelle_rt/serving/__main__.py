"""The process of a job; `executors/processes.py` starts it."""

from .worker.process import main

main()
