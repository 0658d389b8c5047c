"""People with accounts, who reach a backend by HTTP and by a socket."""

from __future__ import annotations

from typing import Any

from tests.backend.wire import Answer, Socket, ask


class User:
    """Somebody who has signed up, and a socket that is logged in.

    Args:
        url: A backend where everybody may sign up.
        name: The first part of the address.
    """

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.login = {"email": f"{name}@example.org", "password": f"the password of {name}"}
        self.id = ask(url, "POST", "/users", self.login).json["_id"]
        answer = ask(url, "POST", "/authentication", {"strategy": "local", **self.login})
        token = answer.json["accessToken"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.socket = Socket(url)
        error, _ = self.socket.call("create", "authentication", {"strategy": "jwt", "accessToken": token}, {})
        assert error is None

    @property
    def cookie(self) -> dict[str, str]:
        """What the user's browser would send with an image."""
        return cookie_of(self.socket)

    def ask(self, method: str, target: str, body: Any = None) -> Answer:
        """One request with the user's token."""
        return ask(self.url, method, target, body, self.headers)


def cookie_of(socket: Socket) -> dict[str, str]:
    """What a browser sends after the answer to its socket."""
    return {"Cookie": socket.headers["set-cookie"].split(";")[0]}
