"""Einsum as TF.js computes it: of two tensors, each letter once in each, and no dots."""

from __future__ import annotations

import string
from typing import Any

from .copying import Op
from .sizes import as_shape, product
from .tfjs_ranks import MOST


def rule(op: Op) -> Any:
    """Writes an `Einsum` out where TF.js can't read it."""
    terms, result = _terms(op)
    tensors = list(op.inputs)
    letters = set("".join(terms))
    if (
        len(terms) == 2
        and len(letters) <= MOST
        and all(len(set(term)) == len(term) for term in [*terms, result])
        and not _is_dotted(op)
    ):
        return None
    for index, term in enumerate(terms):
        terms[index], tensors[index] = _without_repeats(op, term, tensors[index])
    while len(terms) > 2:
        kept = set("".join([*terms[2:], result]))
        between = "".join(letter for letter in dict.fromkeys(terms[0] + terms[1]) if letter in kept)
        tensors[:2] = [_einsum(terms[:2], between, tensors[:2])]
        terms[:2] = [between]
    return _einsum(terms, result, tensors)


def _is_dotted(op: Op) -> bool:
    return "." in str(op.attribute("equation").decode())


def _terms(op: Op) -> tuple[list[str], str]:
    """The letters of each input and of the output, with others in the place of dots."""
    equation = op.attribute("equation").decode().replace(" ", "")
    given, _, result = equation.partition("->")
    free = [letter for letter in string.ascii_letters if letter not in equation]
    terms = given.split(",")
    ranks = [op.inputs[index].shape.rank for index in range(len(terms))]
    if None in ranks:
        op.refuse("the shapes of its inputs are not known")
    # Dots stand for the same letters in each term, counted from the right.
    sizes = [rank - len(term.replace("...", "")) for rank, term in zip(ranks, terms, strict=True)]
    dots = [free[:size][::-1] if "..." in term else [] for size, term in zip(sizes, terms, strict=True)]
    longest = max(dots, key=len)
    written = [term.replace("...", "".join(letters)) for term, letters in zip(terms, dots, strict=True)]
    return written, result.replace("...", "".join(longest))


def _without_repeats(op: Op, term: str, tensor: Any) -> tuple[str, Any]:
    """The diagonal, where a letter stands twice: all else is put to zero and added up."""
    import tensorflow as tf

    while len(set(term)) < len(term):
        letter = next(letter for letter in term if term.count(letter) > 1)
        first = term.index(letter)
        second = term.index(letter, first + 1)
        size = tensor.shape[first]
        if size is None or size != tensor.shape[second]:
            op.refuse(f"the sizes of {letter!r} in its equation are not known")
        shape = [size if place in (first, second) else 1 for place in range(len(term))]
        is_kept = tf.reshape(tf.eye(size, dtype=tf.bool), shape)
        tensor = tf.reduce_sum(tf.where(is_kept, tensor, tf.zeros([], tensor.dtype)), axis=second)
        term = term[:second] + term[second + 1 :]
    return term, tensor


def _einsum(terms: list[str], result: str, tensors: list[Any]) -> Any:
    import tensorflow as tf

    if len(terms) == 1:
        (term,), (tensor,) = terms, tensors
        tensor = _summed(tensor, [place for place, letter in enumerate(term) if letter not in result])
        left = [letter for letter in term if letter in result]
        return tf.transpose(tensor, [left.index(letter) for letter in result])
    for index, other in ((0, 1), (1, 0)):
        for letter in set(terms[0]) & set(terms[1]):
            place = terms[index].index(letter)
            # Where dots of one size meet another, the one is 1 and counts for all.
            if tensors[index].shape[place] == 1 != tensors[other].shape[terms[other].index(letter)]:
                tensors[index] = tf.squeeze(tensors[index], axis=place)
                terms[index] = terms[index].replace(letter, "")
    if len(set("".join(terms))) > MOST:
        return _product(terms, result, tensors)
    return tf.raw_ops.Einsum(inputs=tensors, equation=f"{','.join(terms)}->{result}")


def _summed(tensor: Any, axes: list[int]) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tensor, axis=axes) if axes else tensor


def _product(terms: list[str], result: str, tensors: list[Any]) -> Any:
    """By a product of matrices; TF.js multiplies in as many dimensions as there are letters."""
    import tensorflow as tf

    terms = list(terms)
    for index, other in ((0, 1), (1, 0)):
        alone = [letter for letter in terms[index] if letter not in terms[other] + result]
        tensors[index] = _summed(tensors[index], [terms[index].index(letter) for letter in alone])
        terms[index] = "".join(letter for letter in terms[index] if letter not in alone)
    one, other_one = terms
    both = [letter for letter in one if letter in other_one]
    batch, inner = ([letter for letter in both if (letter in result) == kept] for kept in (True, False))
    rows = [letter for letter in one if letter not in other_one]
    columns = [letter for letter in other_one if letter not in one]

    def matrices(index: int, *groups: list[str]) -> Any:
        places = [[terms[index].index(letter) for letter in group] for group in groups]
        shape = as_shape([product(tensors[index], group) for group in places])
        return tf.reshape(tf.transpose(tensors[index], [place for group in places for place in group]), shape)

    multiplied = tf.matmul(matrices(0, batch, rows, inner), matrices(1, batch, inner, columns))
    order = [*batch, *rows, *columns]
    shape = [
        product(tensors[index], [terms[index].index(letter)]) for letter in order for index in [int(letter not in one)]
    ]
    return tf.transpose(tf.reshape(multiplied, as_shape(shape)), [order.index(letter) for letter in result])
