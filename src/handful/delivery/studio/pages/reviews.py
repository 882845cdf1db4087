"""GET /plans/{id}/reviews: how would you feel receiving this?"""

from __future__ import annotations

from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.records import ReviewsPage


def render_reviews(reviews: ReviewsPage) -> str:
    """Return the review queue: what nobody looked at yet first.

    Example:
        >>> render_reviews.__name__
        'render_reviews'
    """
    queue = tuple(sorted(reviews.samples, key=lambda sample: sample.done))
    own = {
        "samples": queue,
        "asked": reviews.asked,
        "done": sum(sample.done for sample in queue),
    }
    return framed("reviews.html", "reviews", reviews.frame, own, reviews.plan)
