"""handful's menu engine as a method of the benchmark."""

from __future__ import annotations

from handful.menu.choose import choose_menu
from handful.menu.line import choose_on_line


def handful(values, sizes, gap=1e-3):
    path = choose_menu(values, max_offers=max(sizes), gap=gap)
    return {c.offers: c.menu for c in path}, {c.offers: c.gap for c in path}


def handful_close(values, sizes):
    return handful(values, sizes, gap=1e-5)


def handful_line(values, sizes):
    path = choose_on_line(values, max_offers=max(sizes))
    return {c.offers: c.menu for c in path}, {c.offers: c.gap for c in path}
