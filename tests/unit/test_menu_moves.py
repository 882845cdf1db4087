"""Who would move from menu to menu: no stream tells of few people, nor lets them be worked out."""

from __future__ import annotations

import numpy as np

from handful.planning.moving import _streams

NAMES = ("a", "b", "c")


def _given(*streams: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    before = np.concatenate([np.full(count, one) for one, _, count in streams])
    after = np.concatenate([np.full(count, other) for _, other, count in streams])
    return before, after


def test_streams_that_may_be_told_are_told_with_their_shares() -> None:
    moves = _streams(_given((0, 0, 60), (0, 1, 40)), (1, 2), NAMES, 11)
    assert [(move.offer, move.to_offer, move.share) for move in moves] == [
        ("a", "a", 0.6),
        ("a", "b", 0.4),
    ]


def test_a_stream_of_few_takes_the_next_smallest_with_it() -> None:
    given = _given((0, 0, 600), (0, 1, 300), (0, 2, 90), (1, 2, 10))
    assert [move.share for move in _streams(given, (1, 2), NAMES, 11)] == [0.6, 0.3]
    assert len(_streams(given, (1, 2), NAMES, 10)) == 4


def test_two_streams_of_which_one_is_small_are_both_left_out() -> None:
    assert _streams(_given((0, 0, 95), (0, 1, 5)), (1, 2), NAMES, 11) == ()
