"""Tests of what a sign-in is worth."""
