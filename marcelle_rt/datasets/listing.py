"""Which datasets a backend has."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from ..client.data_store import DataStore
from ..errors import DatasetError, NotFound
from . import naming

_NAMED = 20  # datasets in an error


class Listed(NamedTuple):
    """A dataset that a backend has.

    Attributes:
        name: The name that its page gives it.
        instances: How many instances it has.
        service: The service that it is kept in, which it may share with others.
    """

    name: str
    instances: int
    service: str


def datasets(store: DataStore) -> list[Listed]:
    """The datasets that a backend has, by name.

    Args:
        store: The backend.

    Raises:
        NotFound: This server keeps no list of its services; Marcelle backends do.
        MarcelleError: What the backend or the line raised.
    """
    found = []
    for service_name in store.services():
        if not service_name.startswith(naming.INSTANCES):
            continue
        service = store.service(service_name)
        names: list[str] = []
        # What is not in the list yet, one after the other: as many calls as names, however many instances.
        while one := next(service.items({"datasetName": {"$gt": "", "$nin": names}, "$limit": 1}), None):
            names.append(one["datasetName"])
        found += [Listed(name, service.count({"datasetName": name}), service_name) for name in names]
    return sorted(found)


def check_not_empty(store: DataStore, name: str) -> None:
    """Refuses a dataset that a job could read nothing of, mostly a name that was mistyped.

    Args:
        store: The backend.
        name: The dataset's name.

    Raises:
        InvalidData: It is not a name.
        DatasetError: It has no instances; the message says which datasets there are.
        MarcelleError: What the backend or the line raised.
    """
    if store.service(naming.service_name(naming.INSTANCES, name)).count({"datasetName": name}) == 0:
        raise DatasetError(name, there_are(store, name))


def there_are(store: DataStore, name: str) -> str:
    """The end of a sentence that says that a dataset is empty: which there are, those of a similar name first."""
    try:
        names = [listed.name for listed in datasets(store)]
    except NotFound:
        return "has no instances"
    if not names:
        return "has no instances, and neither has any other dataset of this backend"
    similar = difflib.get_close_matches(name, names)
    names = [*similar, *(other for other in names if other not in similar)]
    more = ", ..." if len(names) > _NAMED else ""
    return f"has no instances; this backend has {', '.join(map(repr, names[:_NAMED]))}{more}"
