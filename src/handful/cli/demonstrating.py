"""handful demo: the main job on data that ships with the package."""

from __future__ import annotations

import io
from pathlib import Path

import click

from handful.cli.flags import common_flags, console
from handful.cli.planning import plan_and_publish
from handful.errors import BriefError, blocked

EPILOG = "Example: handful demo hillstrom"

PROMOTIONS_ROWS = 80_000
_PROMOTIONS = "promotions"
_PROMOTIONS_BRIEF = """\
# Which few promotions (discount x minimum basket) should run, and for whom?
# A simulated test with a known truth; every customer drew a point of the box, a tenth no offer.

[experiment]
source   = "{source}"
customer = "customer_id"
offer    = ["discount", "minimum_basket"]
control  = "null"                     # where both are empty, no offer was made
features = "*"
exclude  = ["redeemed", "sales", "profit"]    # measured after the offer

[profit]
per_row    = "profit"                 # 40 % margin on sales, less the discount
currency   = "USD"
population = 1_000_000

[menu]
max_offers = 7
setup_cost = 500.0

[menu.discount]
min       = 0.05
max       = 0.35
increment = 0.01

[menu.minimum_basket]
min       = 0
max       = 120
increment = 5
"""


@click.command(epilog=EPILOG)
@click.argument(
    "name", type=click.Choice(["hillstrom", "thornton", _PROMOTIONS]), default="hillstrom"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the plan.  [default: demo-NAME]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed.")
@common_flags
def demo(name: str, out: Path | None, seed: int) -> int:
    """Run the main job on data that ships with the package.

    hillstrom: e-mails to 64,000 customers; thornton: how much cash for collecting a test result;
    promotions: simulated discounts over a minimum basket with a known truth. Needs no network.
    """
    from handful.brief.reader import read_brief

    folder = out or Path(f"demo-{name}")
    path = _promotions(folder, seed) if name == _PROMOTIONS else _packaged(name)
    console().say(f"Brief: {path}")
    return plan_and_publish(read_brief(path), folder, seed)


def _packaged(name: str) -> Path:
    from handful.data import demo_path

    return demo_path(name)


def _promotions(folder: Path, seed: int) -> Path:
    """Write the simulated log and its brief beside the plan folder, to play with afterwards."""
    import pyarrow.parquet as pq

    from handful.experiment.simulate import promotions_table

    log = folder.with_name(f"{folder.name}-log.parquet")
    brief = folder.with_name(f"{folder.name}.toml")
    stream = io.BytesIO()
    pq.write_table(promotions_table(PROMOTIONS_ROWS, seed, dials=True), stream, compression="zstd")
    _place(log, stream.getvalue())
    _place(brief, _PROMOTIONS_BRIEF.format(source=log.name).encode())
    return brief


def _place(path: Path, content: bytes) -> None:
    """Write a file of the demo; one that is there with another content is not ours to lose."""
    from handful.delivery.files import publish_file

    if path.exists():
        if path.read_bytes() == content:
            return
        raise BriefError(
            blocked(
                "F806",
                f"Expected no file called {path}, found one.",
                "Give another --out, or remove the file first.",
            )
        )
    with publish_file(path) as staging:
        staging.write_bytes(content)
