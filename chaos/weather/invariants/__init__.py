"""What must hold after each round and at the end. Each is a function from what was seen to what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chaos.weather.invariants import books, delivery, plans, servers, words
from chaos.weather.seen import Seen

Invariant = Callable[[Seen], Iterator[str]]

INVARIANTS: dict[str, Invariant] = {
    function.__name__: function
    for function in (
        books.never_what_nobody_had,
        books.nothing_vanishes_that_stands,
        books.success_means_equal,
        books.equal_in_the_end,
        plans.every_document_once,
        plans.only_what_was_approved,
        plans.the_plan_in_the_end,
        delivery.one_outcome_for_each_record,
        delivery.state_not_ahead,
        delivery.no_unproven_activation,
        servers.one_job_on_a_model,
        servers.the_rate_is_kept,
        servers.nothing_is_left,
        words.an_exit_code_is_true,
        words.no_secret_anywhere,
    )
}


def violations(seen: Seen) -> Iterator[tuple[str, str]]:
    """What is wrong: the invariant's name, and the sentence."""
    for name, invariant in INVARIANTS.items():
        for sentence in invariant(seen):
            yield name, sentence
