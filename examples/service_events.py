"""Python answers what others ask: a handler gives each document that is created in a service its answer.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/service_events.py

A dashboard would ask by `store.service('questions').create({ number: 7 })`; here this program asks as well.
The backend is $MARCELLE_BACKEND, or else http://localhost:3030.
"""

from __future__ import annotations

from typing import Any

from marcelle_rt import DataStore

with DataStore() as store:
    questions = store.service("questions")

    @questions.on("created")
    def answer(question: dict[str, Any]) -> None:
        # Handlers run one after the other on a thread of their own, so they may call services.
        questions.patch(question["_id"], {"square": question["number"] ** 2})

    asked = {question["_id"] for question in questions.create([{"number": 2}, {"number": 3}, {"number": 5}])}

    # A watch gives what is there, then each change, also what happened while the connection was down.
    with questions.watch({"square": {"$gte": 0}}, timeout=10) as answered:
        for _, question in answered:
            if question["_id"] in asked:
                print(f"{question['number']} squared is {question['square']}")
                asked.remove(question["_id"])
            if not asked:
                break

    # `find` reads a page, `items` reads everything that a query finds, page by page.
    largest = next(questions.items({"$sort": {"number": -1}}))
    print(f"Of {questions.count()} questions, the one about {largest['number']} was the largest.")
