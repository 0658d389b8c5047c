"""`python -m marcelle_rt.models`: the process that `convert_in_subprocess` starts."""

from __future__ import annotations

from .child import main

main()
