"""Join the Complete Journey tables into one row per household around campaign 18.

Usage: python examples/join_complete_journey.py FOLDER
FOLDER holds campaigns, demographics and household_day_sales as csv.gz; the result is written to
examples/data/complete_journey_18.parquet.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

QUERY = """
WITH got AS (
    SELECT DISTINCT household_id FROM read_csv('{folder}/campaigns.csv.gz') WHERE campaign_id = 18
), sales AS (
    SELECT household_id,
           sum(sales_value) FILTER (date < '2017-10-30') AS sales_before,
           sum(baskets) FILTER (date < '2017-10-30') AS baskets_before,
           coalesce(sum(sales_value) FILTER (running), 0) AS sales,
           coalesce(sum(coupon_disc) FILTER (running), 0) AS coupon_disc
    FROM (
        SELECT *, date BETWEEN '2017-10-30' AND '2017-12-24' AS running
        FROM read_csv('{folder}/household_day_sales.csv.gz')
    )
    GROUP BY household_id
)
SELECT sales.*, age, income, home_ownership, household_size,
       CASE WHEN got.household_id IS NULL THEN 'none' ELSE 'campaign 18' END AS campaign
FROM sales
LEFT JOIN got USING (household_id)
LEFT JOIN read_csv('{folder}/demographics.csv.gz') USING (household_id)
ORDER BY household_id
"""


def main() -> None:
    """Write the joined table."""
    folder = Path(sys.argv[1])
    target = Path(__file__).parent / "data" / "complete_journey_18.parquet"
    target.parent.mkdir(exist_ok=True)
    query = QUERY.format(folder=folder)
    duckdb.sql(f"COPY ({query}) TO '{target}' (FORMAT parquet)")


if __name__ == "__main__":
    main()
