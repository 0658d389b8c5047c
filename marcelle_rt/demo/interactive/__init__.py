"""The interactive demo: a page where people draw examples, and Python that trains on them when the page says so."""
