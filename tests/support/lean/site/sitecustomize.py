"""Python imports this when it starts: it hides the packages that `lean_environment` says."""

import os
import sys

for name in os.environ["HIDDEN_PACKAGES"].split():
    sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails as if it was not installed
