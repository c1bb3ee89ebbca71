"""Files as people really send them: good rows are taken, bad ones told by their line."""

from datetime import date
from pathlib import Path

import pytest

from crm_core.errors import InvalidInput
from insight.mining.rows import ItemWeek, Lifetime, Sale
from insight.mining.sheets import read_campaign, read_item_weeks, read_lifetimes, read_outcomes, read_sales

TODAY = date(2026, 11, 23)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(problems: object) -> list[tuple[int, str]]:
    return [(each.line, each.sentence) for each in problems]  # type: ignore[attr-defined]


def test_sales_with_points_and_commas_and_either_date(tmp_path: Path) -> None:
    text = "Customer;Date;Amount;Quantity\nann;2026-01-05;1 234,50;2\nbob;05.01.2026;1,234.50;\n"
    read = read_sales(write(tmp_path, text), TODAY)
    assert read.rows == [Sale("ann", date(2026, 1, 5), 1234.5, 2.0), Sale("bob", date(2026, 1, 5), 1234.5)]
    assert read.problems == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ann,2026-01-05,", "amount:"),
        ("ann,2026-01-05,nan", "amount:"),
        ("ann,2026-01-05,inf", "amount:"),
        ("ann,2026-01-05,1e999", "amount:"),
        ("ann,2026-01-05,99999999999999999999", "amount:"),
        ("ann,2026-01-05,five", "amount:"),
        ("ann,2027-01-05,5", "in the future"),
        ("ann,2026-02-30,5", "is not a date"),
        ("ann,,5", "is not a date"),
        (",2026-01-05,5", "is no id"),
        ("a\x00nn,2026-01-05,5", "is no id"),
        ("x" * 400 + ",2026-01-05,5", "is no id"),
        ("ann,2026-01-05,5,6", "4 cells, but 3 headings"),
        ("ann,2026-01-05", "2 cells, but 3 headings"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_the_others_are_taken(tmp_path: Path, row: str, said: str) -> None:
    read = read_sales(write(tmp_path, f"customer,date,amount\nbob,2026-01-05,5\n{row}\neve,2026-01-06,6\n"), TODAY)
    assert [sale.customer for sale in read.rows] == ["bob", "eve"]
    assert [(line, said in sentence) for line, sentence in lines(read.problems)] == [(3, True)]


def test_the_same_line_of_an_order_twice_is_one_and_without_an_order_both_count(tmp_path: Path) -> None:
    with_order = "customer,date,amount,order\nann,2026-01-05,5,o1\nann,2026-01-05,5,o1\n"
    read = read_sales(write(tmp_path, with_order), TODAY)
    assert (len(read.rows), lines(read.problems)) == (1, [(3, "the same as line 2; it is left out")])
    read = read_sales(write(tmp_path, "customer,date,amount\nann,2026-01-05,5\nann,2026-01-05,5\n"), TODAY)
    assert (len(read.rows), lines(read.problems)) == (2, [(3, "the same as line 2; both are counted")])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"customer,amount\nann,5\n", "lacks the columns date"),
        (b"customer,date,amount,amount\n", "has the column amount twice"),
        (b"", "is empty"),
        (b"\xff\xfe\x00c", "UTF-8"),
        (b'customer,date,amount\n"ann,2026-01-05,5\n', "quotation mark"),
    ],
)
def test_a_file_of_which_nothing_can_be_used_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_sales(write(tmp_path, content), TODAY)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_sales(tmp_path / "none.csv", TODAY)


def test_weeks_of_items_with_promotions_and_controls(tmp_path: Path) -> None:
    bad = "tea,1,6,2.5,0,0\ntea,x,5,2,0,0\ntea,2,-5,2,0,0\ntea,3,5,2,7,0\n"
    text = f"item,week,units,price,promotion,control_rain\ntea,1,5,2.5,1,0.3\n{bad}"
    read = read_item_weeks(write(tmp_path, text))
    assert read.rows == [ItemWeek("tea", 1, 5.0, 2.5, 1.0, (0.3,))]
    assert [line for line, _ in lines(read.problems)] == [3, 4, 5, 6]


def test_a_plan_needs_no_units(tmp_path: Path) -> None:
    path = write(tmp_path, "item,week,price\ntea,1,2.5\n")
    assert read_item_weeks(path, planned=True).rows == [ItemWeek("tea", 1, 0.0, 2.5)]
    with pytest.raises(InvalidInput, match="units"):
        read_item_weeks(path)


def test_people_have_numbers_and_words_and_a_slip_is_told_with_its_column(tmp_path: Path) -> None:
    rows = "".join(f"p{number},{number},red,no\n" for number in range(40))
    text = f"id,age,colour,left\n{rows}p40,old,blue,yes\np1,1,red,no\np42,4,red,perhaps\n"
    read = read_outcomes(write(tmp_path, text), "left")
    assert (len(read.rows.traits), set(read.rows.traits.numbers), set(read.rows.traits.words)) == (
        40,
        {"age"},
        {"colour"},
    )
    told = lines(read.problems)
    assert [line for line, _ in told] == [42, 43, 44]
    assert told[0][1].startswith("age:")


def test_people_without_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="call it id"):
        read_outcomes(write(tmp_path, "age,left\n5,yes\n"), "left")


def test_a_campaign_says_who_was_written_to(tmp_path: Path) -> None:
    read = read_campaign(write(tmp_path, "id,age,treated,acted\na,5,yes,no\nb,6,0,1\n"), "treated", "acted")
    assert (read.rows.treated, read.rows.happened, read.rows.traits.numbers["age"]) == (
        [True, False],
        [False, True],
        [5.0, 6.0],
    )


def test_lifetimes_end_after_they_start(tmp_path: Path) -> None:
    text = "started,ended\n2026-01-05,\n2026-01-05,2026-02-05\n2026-02-05,2026-01-05\n"
    read = read_lifetimes(write(tmp_path, text), TODAY)
    assert read.rows == [Lifetime(date(2026, 1, 5)), Lifetime(date(2026, 1, 5), date(2026, 2, 5))]
    assert [line for line, _ in lines(read.problems)] == [4]
