"""The copy lint: only declared and observed fields may be spoken; every way round it is refused."""

from __future__ import annotations

import pytest

from handful.brief.origins import Origin, origin_of, read_origins
from handful.guardrails.copy_lint import fields_read, lint_template, spoken_text

ORIGINS = read_origins(
    {
        "first_name": "declared",
        "recency": "observed",
        "shop": "ours",
        "mood": "inferred",
        "income": "third-party",
        "hiv": "sensitive",
        "orders": "observed",
    }
)
LINKS = '<a href="{{ unsubscribe_url }}">leave</a> {{ privacy_url }}'


def refused(text: str, *, email: bool = False) -> list[tuple[int, str]]:
    return [(fault.line, fault.field) for fault in lint_template(text, ORIGINS, email=email)]


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "Hi {{ first_name|title }}, back after {{ customer.recency }} weeks? - {{ shop }}",
        "{% for order in orders %}{{ loop.index }}{% endfor %}",
        "{% set greeting = 'Hi' %}{{ greeting }} {{ first_name }}",
        "{{ customer['first_name'] }} {{ offer }}",
        "{# {{ mood }} is not spoken #}{{ first_name }}",
    ],
)
def test_declared_and_observed_fields_may_be_spoken(text: str) -> None:
    assert refused(text) == []


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("{{ mood }}", 1, "mood"),
        ("Hi\n\nyour {{ customer.income }}", 3, "income"),
        ("{{ hiv }}", 1, "hiv"),
        ("{% if mood > 3 %}cheer up{% endif %}", 1, "mood"),
        ("{{ 'a' if hiv else 'b' }}", 1, "hiv"),
        ("{{ customer['mood'] }}", 1, "mood"),
        ("{{ customer|attr('mood') }}", 1, "mood"),
        ("{{ orders|map(attribute='income')|join }}", 1, "income"),
        ("{{ orders|sort(attribute='user.mood')|first }}", 1, "mood"),
        ("{% set m = customer.mood %}{{ m }}", 1, "mood"),
        ("{% for m in mood %}{{ m }}{% endfor %}", 1, "mood"),
        ("{{ orders[0].mood }}", 1, "mood"),
        ("{{ mood.score }}", 1, "mood"),
        ("{% filter upper %}{{ mood }}{% endfilter %}", 1, "mood"),
        ("{{ never_declared }}", 1, "never_declared"),
        ("{{ ''.__class__ }}", 1, "__class__"),
        ("{{ customer }}", 1, "customer"),
    ],
)
def test_other_fields_are_refused_by_name_and_line(text: str, line: int, field: str) -> None:
    assert (line, field) in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ orders[first_name] }}",
        "{{ lookup('mood') }}",
        "{% include 'mood.txt' %}",
        "{% extends 'base.html' %}",
        "{% import 'macros' as m %}",
        "{{ orders|map(attribute=first_name) }}",
        "{{ orders|map(**first_name) }}",
        "{{ broken",
        "{% endfor %}",
    ],
)
def test_what_cannot_be_told_from_the_text_is_refused(text: str) -> None:
    assert refused(text) != []


def test_the_brief_word_for_all_fields_lets_no_unnamed_field_be_spoken() -> None:
    origins = read_origins({"*": {"how": "observed", "source": "till"}})
    assert origin_of(origins, "anything").how == "observed"
    assert [f.field for f in lint_template("{{ anything }}", origins, email=False)] == ["anything"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (LINKS, []),
        ('<a href="{{ links.unsubscribe_url }}">x</a> https://shop.example/privacy', []),
        ("{{ unsubscribe_url }}", ["privacy_url"]),
        ("{{ privacy_url }}", ["unsubscribe_url"]),
        ("{% if recency %}{{ unsubscribe_url }}{% endif %}{{ privacy_url }}", ["unsubscribe_url"]),
        ("<!-- {{ unsubscribe_url }} -->{{ privacy_url }}", ["unsubscribe_url"]),
        ("{{ unsubscribe_url if first_name }}{{ privacy_url }}", ["unsubscribe_url"]),
        (
            '<a style="display: none" href="{{ unsubscribe_url }}"></a>{{ privacy_url }}',
            ["unsubscribe_url"],
        ),
    ],
)
def test_an_email_carries_both_links_for_everybody(text: str, missing: list[str]) -> None:
    links = {**ORIGINS, "links": Origin("ours")}
    faults = lint_template(text, links, email=True)
    assert [fault.field for fault in faults] == missing
    assert lint_template(text, links, email=False) == ()


def test_fields_read_are_those_a_renderer_would_need() -> None:
    text = "{{ a }}{% for x in b %}{{ x.c }}{{ d['e'] }}{% endfor %}"
    assert {field for field, _ in fields_read(text)} == {"a", "b", "c", "e"}


def test_spoken_text_leaves_marks_and_fields_out() -> None:
    assert spoken_text("<p>For {{ name }},\n<b>mothers to be</b></p>") == "For , mothers to be"
    assert spoken_text("{{ broken") == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("observed", "a table"),
        ({"age": "guessed"}, "one of declared"),
        ({"age": {"how": "declared", "where": "till"}}, "not so for age"),
        ({"age": {"how": ""}}, "not empty"),
        ({"age": 3}, "not so for age"),
    ],
)
def test_a_provenance_that_cannot_be_read_is_refused(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_origins(value)


def test_a_template_nested_without_end_is_refused() -> None:
    text = "{{ " + "(" * 3000 + "first_name" + ")" * 3000 + " }}"
    assert [fault.reason for fault in lint_template(text, ORIGINS, email=False)] == [
        "cannot be parsed: it is nested too deeply"
    ]
    assert spoken_text(text) == ""
