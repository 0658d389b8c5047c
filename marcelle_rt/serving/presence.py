"""The documents by which pages know that a server is there, and which tasks it has."""

from __future__ import annotations

import platform

from ..errors import AWAY, MarcelleError, NotFound
from ..notices import logger
from .definition import Definition
from .documents import TASKS, TaskDocument

_OFTEN = 5.0  # seconds between two signs of life; NeDB keeps each on disk until it restarts


class Presence:
    """A server's documents in `training-tasks`.

    Args:
        definition: The server's.
        server: The server's own id.

    Attributes:
        every: Seconds between two signs of life.
        problem: What keeps jobs from being begun, as it was shown last.
    """

    def __init__(self, definition: Definition, server: str) -> None:
        self._service = definition.store.service(TASKS)
        self.every: float = min(_OFTEN, definition.lease / 3)
        self.problem: str = ""
        self._beat = 0
        self._documents = [self._document(definition, server, name) for name in names_of(definition)]

    def show(self) -> None:
        """Creates the documents.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        for document in self._documents:
            self._put(document)

    def beat(self, problem: str) -> None:
        """Gives a sign of life; what the backend has lost is created anew.

        Args:
            problem: What keeps jobs from being begun; empty where nothing does.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        self._beat += 1
        self.problem = problem
        for document in self._documents:
            document["beat"], document["problem"] = self._beat, problem
            try:
                self._service.patch(document["_id"], {"beat": self._beat, "problem": problem})
            except NotFound:
                self._put(document)

    def remove(self) -> bool:
        """Takes the documents away, where the backend can be reached; tells whether it can."""
        for document in self._documents:
            try:
                self._service.remove(document["_id"])
            except NotFound:
                continue
            except MarcelleError as error:  # who sees it stand still removes it
                logger.info("the presence was not taken away: %s", error)
                return False
        return True

    def _put(self, document: TaskDocument) -> None:
        try:
            self._service.create(document)
        except AWAY:
            raise
        except MarcelleError:  # an answer was lost, and it is there already; or else this says why not
            self._service.patch(document["_id"], {"beat": document["beat"]})

    def _document(self, definition: Definition, server: str, name: str) -> TaskDocument:
        task = definition.tasks.get(name)
        document: TaskDocument = {
            "_id": f"{server}:{name}",
            "task": name,
            "server": server,
            "host": platform.node(),
            "params": task.parameters if task is not None else [],
            "trains": task is not None,
            "predicts": True,
            "version": task.version if task is not None else "",
            "beat": self._beat,
            "every": self.every,
            "problem": self.problem,
        }
        if definition.public:
            document["public"] = True
        return document


def names_of(definition: Definition) -> list[str]:
    """The names of a server's tasks and predictors."""
    return list(dict.fromkeys([*definition.tasks, *definition.predictors]))
