"""handful report: the report of a plan, as a page, as Markdown or on paper."""

from __future__ import annotations

from pathlib import Path

import click

from handful.cli.flags import common_flags, console

EPILOG = "Example: handful report plan --format pdf --out plan.pdf"


@click.command(epilog=EPILOG)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "md", "pdf"]),
    default="html",
    show_default=True,
    help="html as written, md for text, pdf through a browser of this machine.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@common_flags
def report(plan: Path, form: str, out: Path) -> int:
    """The report of a plan as a page, as Markdown, or as a PDF.

    All three say the same: they are made from report.html, after the plan folder was checked.
    """
    from handful.delivery.files import publish_file
    from handful.delivery.report.markdown import markdown_of
    from handful.delivery.report.paper import print_pdf
    from handful.delivery.stored import read_plan

    speak = console()
    read_plan(plan)
    folder = plan.parent if plan.name == "plan.json" else plan
    page = folder / "report.html"
    with publish_file(out) as staging:
        if form == "pdf":
            print_pdf(page, staging)
        else:
            text = page.read_text(encoding="utf-8")
            staging.write_text(text if form == "html" else markdown_of(text), encoding="utf-8")
    speak.emit({"out": str(out), "format": form})
    speak.say(f"Wrote the report to {out}")
    return 0
