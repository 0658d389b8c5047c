"""Serves an empty database in MongoDB's protocol until its stdin ends; run by the Python of environment.py."""

import asyncio
import json
import math
import sys

from mongoeco.compat import MONGODB_DIALECT_70
from mongoeco.core import _filtering_matching, compiled_query
from mongoeco.wire.proxy import AsyncMongoEcoProxyServer


def compare_within_types() -> None:
    """Lets `$gt` and its like find what is of the operand's type alone, as MongoDB does.

    mongoeco goes by the order in which MongoDB sorts values of several types, so that every ObjectId is greater than
    every text. That a text finds no ObjectId is what clients of a MongoDB have to live with.
    """
    types = MONGODB_DIALECT_70.bson_type_order
    compare = compiled_query.compare_with_collation

    def within(left, right, **options):
        of_one_type = types.get(type(left)) == types.get(type(right))
        return compare(left, right, **options) if of_one_type else math.nan  # neither less nor greater than 0

    for module in (_filtering_matching, compiled_query):
        module.compare_with_collation = within


async def serve() -> None:
    """Runs the server."""
    async with AsyncMongoEcoProxyServer() as server:
        print(json.dumps({"port": server.address.port}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


compare_within_types()
asyncio.run(serve())
