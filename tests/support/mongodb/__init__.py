"""A Marcelle backend on MongoDB: its own driver, hooks, ObjectIds and GridFS, against a server that speaks MongoDB's
protocol and is a Python package (`mongoeco`), because MongoDB itself can't be installed everywhere."""
