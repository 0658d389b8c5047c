"""Backends that ask for a login, and who has an account there."""

from __future__ import annotations

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
ADA = {"email": EMAIL, "password": PASSWORD}


def sign_up(url: str, *names: str) -> list[dict[str, str]]:
    """Makes accounts on a backend that allows it, and gives their logins."""
    logins = [{"email": f"{name}@example.com", "password": f"correct horse {name}"} for name in names]
    with DataStore(url) as nobody:
        for login in logins:
            nobody.service("users").create(login)
    return logins


class ShortLived(Backend):
    """A backend whose tokens end after seconds."""

    def _environment(self, folder):  # type: ignore[no-untyped-def]
        environment = super()._environment(folder)
        settings = environment["NODE_CONFIG"]
        environment["NODE_CONFIG"] = settings.replace(
            '"authentication": {', '"authentication": {"jwtOptions": {"expiresIn": "5s"}, '
        )
        return environment
