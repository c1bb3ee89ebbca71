"""Reports as a file for a spreadsheet, in which nothing can turn into a formula."""

import csv
import io
from collections.abc import Iterator, Mapping

from crm_core.reporting import Dimension, Figure, Figures, Report
from desk.report_period import Asked
from desk.words import Words

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")  # OWASP, CSV Injection
BYTE_ORDER_MARK = "\ufeff"  # else Excel takes Cyrillic for Latin 1
HEADINGS = ("dimension", "value", "figure", "number", "unit", "n", "low", "high", "pending", "previous", "meaning")


def harmless(cell: str) -> str:
    """With an apostrophe before what a spreadsheet would compute; a plain number stays one."""
    return f"'{cell}" if cell.startswith(RISKY) else cell


def report_csv(report: Report, asked: Asked, names: Mapping[Dimension, Mapping[str, str]], words: Words) -> bytes:
    """One line for each figure of everything and of every group, in the reader's language; numbers with a point."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([words(f"reports.csv.{heading}") for heading in HEADINGS])
    writer.writerows([harmless(cell) for cell in line] for line in _lines(report, asked, names, words))
    return (BYTE_ORDER_MARK + out.getvalue()).encode()


def _lines(
    report: Report, asked: Asked, names: Mapping[Dimension, Mapping[str, str]], words: Words
) -> Iterator[list[str]]:
    within_s = asked.question.within_s
    for line in _figures(report.now, report.before, (words, within_s)):
        yield ["", "", *line]
    for dimension, groups in report.groups.items():
        for key, figures in groups.items():
            name = names.get(dimension, {}).get(key, key)
            for line in _figures(figures, {}, (words, within_s)):
                yield [words(f"reports.by.{dimension}"), name, *line]


def _figures(figures: Figures, before: Figures, told: tuple[Words, float]) -> Iterator[list[str]]:
    words, within_s = told
    limit = words("reports.units.s", n=f"{within_s:.0f}")
    for key, figure in figures.items():
        name, about = (words(f"reports.{part}.{key}", limit=limit) for part in ("figures", "about"))
        yield [name, *_numbers(figure), _plain(before[key].value if key in before else None), about]


def _numbers(figure: Figure) -> list[str]:
    bounds = [_plain(bound) for bound in (figure.low, figure.high)]
    return [_plain(figure.value), figure.unit.value, str(figure.n), *bounds, str(figure.pending)]


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
