"""Datasets where users sign in: what is another's is not there, unless it is public."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore, Predictions, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.errors import DatasetError, NotAuthenticated
from tests.support.accounts import sign_up

pytest.importorskip("PIL")

GREY = np.full((6, 8, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def users(node: None) -> Iterator[tuple[DataStore, DataStore]]:
    """Ada and Ben, each signed in; each test has a dataset or a model of its own name."""
    with Backend(auth=True, signup=True) as running:
        ada, ben = sign_up(running.url, "ada", "ben")
        with DataStore(running.url, **ada) as hers, DataStore(running.url, **ben) as his:
            yield hers, his


def test_what_is_another_users_is_not_there_unless_it_is_public(users: tuple[DataStore, DataStore]) -> None:
    ada, ben = (Dataset(store, "shared") for store in users)
    ada.add(GREY, "hers")
    shown = ada.add(GREY, "shared", public=True)

    assert len(ada) == 2
    assert (len(ben), ben.labels()) == (1, ["shared"])
    assert ben.to_numpy().ids == [shown["_id"]]
    with pytest.raises(DatasetError, match="is not there"):
        ben.remove(next(d["_id"] for d in ada if d["y"] == "hers"))
    relabelled = ben.relabel(shown["_id"], "again")
    assert ada.labels() == ["again", "hers"]
    ben.remove(relabelled["_id"])
    assert len(ada) == 1
    with pytest.raises(DatasetError, match="has no instances"):
        ben.to_numpy()


def test_many_are_added_and_removed_one_by_one_where_lists_are_forbidden(users: tuple[DataStore, DataStore]) -> None:
    ada, ben = users
    dataset = Dataset(ada, "many")

    ids = dataset.add_many([GREY] * 5, ["a", "b", "a", "b", "a"], gently=False, public=True)

    assert len(ids) == len(dataset) == 5
    predictions = Predictions(ada, "many")
    predictions.write(ids, ["a", "b"], np.eye(2)[[0, 1, 0, 1, 1]], ["a", "b", "a", "b", "a"], public=True)
    assert len(Predictions(ben, "many")) == 5
    assert predictions.clear() == 5
    assert dataset.clear() == 5
    assert len(dataset) == 0


def test_who_is_not_signed_in_is_told_so(users: tuple[DataStore, DataStore]) -> None:
    with Dataset(users[0].location, "many") as nobodys, pytest.raises(NotAuthenticated):
        len(nobodys)


def test_a_public_model_is_published_by_one_and_loaded_by_the_other(users: tuple[DataStore, DataStore]) -> None:
    keras = pytest.importorskip("keras")
    ada, ben = users
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

    Remote(ada).publish_model("public", model, ["a", "b"], public=True)
    Remote(ada).publish_model("public", model, public=True)

    loaded, labels = Remote(ben).load_model("public")
    assert labels == ["a", "b"]
    assert all(np.array_equal(one, two) for one, two in zip(loaded.get_weights(), model.get_weights(), strict=True))
