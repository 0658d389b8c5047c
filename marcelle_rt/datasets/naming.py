"""The services that Marcelle keeps datasets and predictions in. Pure.

The rule is that of `toKebabCase` in Marcelle's `utils/string.ts`. Several names can share a service; an instance's
`datasetName`, which has the name as it was written, tells them apart.
"""

from __future__ import annotations

import re

from ..errors import InvalidData

INSTANCES = "instances-"
PREDICTIONS = "predictions-"


def service_name(kind: str, name: str) -> str:
    """The service of a dataset or of predictions.

    Args:
        kind: `INSTANCES` or `PREDICTIONS`.
        name: The name as pages write it, for example `"My Data"`.

    Returns:
        For example `"instances-my-data"`.

    Raises:
        InvalidData: The name is empty, or has a character that no service's name has.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidData("name", name, "is not a name; use the one that the page gives to dataset(...)")
    if bad := next((c for c in name if c in '/\\"?#' or not c.isprintable()), None):
        raise InvalidData("name", name, f"can't be a dataset's name: it has {bad!r} in it")
    return re.sub(r"[\s_]+", "-", re.sub(r"([a-z])([A-Z])", r"\1-\2", kind + name)).lower()
