"""Everything is in setup.cfg; this file lets older pips install the package in editable mode."""

from setuptools import setup

setup()
