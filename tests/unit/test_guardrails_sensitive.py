"""The deny-list: every class is caught by its own words, and innocent names pass."""

from __future__ import annotations

import numpy as np
import pytest

from handful.experiment.records import Features, FeatureSchema
from handful.guardrails.sensitive import (
    children_in,
    find_classes,
    sensitive_features,
    words_of,
)
from handful.guardrails.sensitive_words import CLASSES, INNOCENT

PLANTED = {
    1: ("race", "ethnicity_code", "is_black", "SkinTone", "customer_race"),
    2: ("religion", "church_member", "isMuslim", "halal_share", "jewish"),
    3: ("pregnant", "PregnancyScore", "hiv2004", "due_baby_shower", "has_diabetes", "disability"),
    4: ("sexual_orientation", "lgbtq", "gay", "porn_clicks"),
    5: ("immigration_status", "visa_status", "citizenship", "is_refugee"),
    6: ("genetic_risk", "dna_kit", "BRCA1"),
    7: ("biometric_id", "fingerprint_hash", "faceId", "voice_print"),
    8: ("latitude", "gps_trace", "lat_lon", "home_address", "geohash7"),
    9: ("ssn", "passport_no", "drivers_license", "nationalId", "tax_id"),
    10: ("password", "iban", "card_number", "cvv", "AccountNumber"),
    11: ("union_member", "trade union", "union_dues", "is_union"),
    12: ("message_body", "email_text", "chat_log", "sms text"),
    13: ("medication", "bmi", "diagnosis_code", "weight_loss_plan", "ovulation_day"),
    14: ("crime_victim", "domestic_violence", "assault_flag"),
    15: ("nationality", "country_of_birth", "birthplace", "mother_tongue"),
    16: ("transgender", "non_binary", "gender_identity", "pronouns"),
    17: ("is_child", "minor", "under_16", "teenager"),
}

INNOCENT_NAMES = [
    "recency",
    "frequency",
    "monetary",
    "history",
    "history_segment",
    "newbie",
    "channel",
    "zip_code",
    "mens",
    "womens",
    "tenure_months",
    "last_order_days",
    "orders_12m",
    "basket_value",
    "avg_basket",
    "returns_rate",
    "discount_share",
    "full_price_share",
    "email_opens",
    "email_clicks",
    "email_domain",
    "sms_opt_in",
    "push_enabled",
    "app_sessions",
    "web_visits",
    "pages_viewed",
    "search_terms_count",
    "wishlist_items",
    "cart_abandons",
    "coupon_used",
    "loyalty_tier",
    "points_balance",
    "points_spent",
    "store_visits",
    "nearest_store_km",
    "region",
    "district",
    "city",
    "country",
    "state",
    "postcode",
    "urban_rural",
    "household_size",
    "kids_count",
    "n_children",
    "age",
    "age_band",
    "gender",
    "sex",
    "yob",
    "income",
    "income_band",
    "home_ownership",
    "rented",
    "married",
    "marital_status",
    "education",
    "occupation",
    "employment_status",
    "device",
    "os_version",
    "browser",
    "device_fingerprint",
    "utm_source",
    "campaign_id",
    "ad_clicks",
    "referral_code",
    "signup_date",
    "days_since_signup",
    "language",
    "currency",
    "timezone",
    "hour_of_day",
    "weekday",
    "season",
    "holiday",
    "black_friday_buyer",
    "white_wine_share",
    "black_coffee_orders",
    "asian_food_share",
    "grape_juice",
    "cheese_share",
    "wine_club",
    "beauty_share",
    "health_and_beauty_spend",
    "sport_spend",
    "running_shoes",
    "race_day_kit",
    "race_time",
    "horse_race_bets",
    "garden_spend",
    "plant_nursery",
    "pet_food",
    "baby_carrots",
    "toys_spend",
    "school_supplies",
    "books_spend",
    "magazine",
    "travel_spend",
    "hotel_nights",
    "hospitality_score",
    "flight_class",
    "passport_cover",
    "luggage",
    "car_owner",
    "fuel_card",
    "insurance_lapse",
    "credit_union_member",
    "western_union_transfers",
    "card_type",
    "payment_method",
    "installments_used",
    "late_payments",
    "overdraft_days",
    "account_age",
    "account_tier",
    "login_count",
    "last_login",
    "password_resets",
    "support_tickets",
    "nps",
    "csat",
    "complaints",
    "chat_sessions",
    "call_minutes",
    "call_centre_contacts",
    "message_count",
    "inbox_placement",
    "email_bounce",
    "conversation_count",
    "review_count",
    "review_stars",
    "visa_card",
    "mastercard_share",
    "citizen_watch_buyer",
    "senior_citizen_discount",
    "green_energy",
    "card_green_tariff",
    "data_usage_gb",
    "roaming_days",
    "plan_speed",
    "contract_months",
    "churn_risk",
    "lifetime_value",
    "propensity_score",
    "uplift",
    "cluster",
    "segment",
    "persona",
    "trans_amount",
    "trans_id",
    "transaction_count",
    "transport_spend",
    "transit_pass",
    "drugstore_spend",
    "price_std",
    "price_mean",
    "mean_latency",
    "latest_order",
    "flat_rate",
    "platform",
    "lateral",
    "longevity",
    "alone",
    "cologne",
    "plan",
    "site",
    "coins",
    "year",
    "num",
    "hlthg",
    "lfam",
    "q1",
    "q2",
    "agelt35",
    "durable",
    "lusd",
    "husd",
    "dep",
    "recall",
    "female",
    "mailings",
    "phnscrpt",
    "appeal",
    "majorpty",
    "persngrp",
    "dist_clinic",
    "head_edu",
    "hh_size",
    "treat_h2o",
    "user_feature_0",
    "user-item_affinity_3",
    "position",
    "item_feature_0",
    "rooms_kitchen",
]
"""Names of ordinary columns of shops, banks, telecoms; the last lines are of published logs."""


@pytest.mark.parametrize("number", PLANTED)
def test_every_class_is_caught_by_name(number: int) -> None:
    missed = [n for n in PLANTED[number] if number not in {c.number for c, _ in find_classes(n)}]
    assert missed == []


def test_all_sixteen_classes_and_children_are_there() -> None:
    assert [listed.number for listed in CLASSES] == list(range(1, 18))
    assert all(len(listed.words) >= 7 for listed in CLASSES)


def test_innocent_names_pass() -> None:
    assert len(INNOCENT_NAMES) > 170
    assert {name: find_classes(name)[0][1] for name in INNOCENT_NAMES if find_classes(name)} == {}


def test_an_innocent_phrase_does_not_hide_a_sensitive_word_beside_it() -> None:
    assert find_classes("race day of pregnant runners")[0][0].number == 3
    assert all(find_classes(phrase) == () for phrase in INNOCENT)


def test_words_of_the_brief_are_found_and_named_as_such() -> None:
    (found,) = find_classes("VotesGreenParty", ("political party", "votes*"))
    assert (found[0].number, found[1]) == (0, "votes*")
    assert find_classes("votesgreen") == ()


@pytest.mark.parametrize(
    "name", ["isPregnant", "IS_PREGNANT", "is pregnant?", "pregnant2", "Prégnant", "xPregnant"]
)
def test_spelling_does_not_matter(name: str) -> None:
    assert "pregnan" in words_of(name)
    assert [c.number for c, _ in find_classes(name)] == [3]


def test_a_level_of_a_category_gives_its_feature_away_once_per_class() -> None:
    schema = FeatureSchema(
        ("department", "town"),
        ("category", "category"),
        (("shoes", "maternity wear", "prenatal vitamins", "kippa, jewish"), ("Ulm", "Bern")),
    )
    hits = sensitive_features(schema)
    assert [(hit.kind, hit.name, hit.number) for hit in hits] == [
        ("level", "department", 3),
        ("level", "department", 2),
    ]


def test_children_are_counted_by_age_and_by_year_of_birth() -> None:
    schema = FeatureSchema(("age", "yob", "wage"), ("number",) * 3, ((),) * 3)
    values = np.array([[15.9, 2011, 3], [16, 2009, 4], [np.nan, np.nan, 5], [-1, 2030, 6]])
    features = Features(schema, np.asfortranarray(values))
    assert children_in(features, 2026) == (("age", 1), ("yob", 1))
    assert children_in(features, None) == (("age", 1),)
