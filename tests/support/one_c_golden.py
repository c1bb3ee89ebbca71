"""The golden scenario as 1C would hold it, for its double."""

from typing import Any

import httpx

from tests.support.odata_double import ODataDouble, Rows, basic

ROOT_1C = "/base/odata/standard.odata"
ADA, IVAN = "a0000000-0000-0000-0000-000000000001", "a0000000-0000-0000-0000-000000000002"
_ROUTER, _CABLE = "b0000000-0000-0000-0000-000000000001", "b0000000-0000-0000-0000-000000000002"
_EUR = "c0000000-0000-0000-0000-000000000001"


def _order(number: int, customer: str, lines: Rows, **changes: object) -> dict[str, Any]:
    return {
        "Ref_Key": f"d0000000-0000-0000-0000-00000000000{number}", "Number": f"ТД00-00000{number}",
        "Date": f"2026-11-0{number}T10:00:00", "Posted": True, "DeletionMark": False, "Контрагент_Key": customer,
        "НомерПоДаннымКлиента": f"WEB-{number}", "ДатаОтгрузки": "0001-01-01T00:00:00", "СуммаДокумента": 397.5,
        "Валюта_Key": _EUR, "Статус": "КОтгрузке", "Товары": lines, **changes,
    }  # fmt: skip


def _line(article: str, quantity: int, price: float = 7.5) -> dict[str, Any]:
    return {"Номенклатура_Key": article, "Количество": quantity, "Цена": price, "Отменено": False}


def _shipment(number: int, lines: Rows, *, posted: bool = True) -> dict[str, Any]:
    return {
        "Ref_Key": f"e0000000-0000-0000-0000-0000000000{number}", "Number": f"РТ-{number}", "Posted": posted,
        "Date": "2026-11-10T12:00:00", "DeletionMark": False, "Товары": lines,
        "ЗаказКлиента": f"d0000000-0000-0000-0000-00000000000{number // 10}",
    }  # fmt: skip


def _person(key: str, name: str, mail: str, digits: str, written: str) -> dict[str, Any]:
    return {
        "Ref_Key": key, "Description": name, "DeletionMark": False,
        "КонтактнаяИнформация": [
            {"Тип": "АдресЭлектроннойПочты", "АдресЭП": mail, "НомерТелефона": "", "Представление": mail},
            {"Тип": "Телефон", "АдресЭП": "", "НомерТелефона": digits, "Представление": written},
        ],
    }  # fmt: skip


PEOPLE = [
    _person(ADA, "Ada Lovelace", "ada@example.com", "34915550101", "+34 91 555-01-01"),
    _person(IVAN, "Иван Петров", "ivan@example.com", "74955550102", "+7 (495) 555-01-02"),
]


def one_c_double(*, searches_tables: bool = True) -> httpx.AsyncBaseTransport:
    """“Управление торговлей 11”. An installation of its own state “ОжидаетОплаты” means: on hold."""
    orders = [
        _order(1, ADA, [_line(_ROUTER, 1)], Posted=False),
        _order(2, ADA, [_line(_ROUTER, 2), _line(_CABLE, 10)]),
        _order(3, ADA, [_line(_ROUTER, 3), _line(_CABLE, 5)]),
        _order(4, IVAN, [_line(_CABLE, 4)], Статус="Закрыт"),
        _order(5, IVAN, [_line(_ROUTER, 1)], DeletionMark=True),
        _order(6, IVAN, [_line(_ROUTER, 1)], Статус="ОжидаетОплаты"),
    ]
    shipments = [
        _shipment(31, [_line(_ROUTER, 1), _line(_CABLE, 5)]), _shipment(32, [_line(_ROUTER, 2)], posted=False),
        _shipment(41, [_line(_CABLE, 4)]),
    ]  # fmt: skip
    articles = [
        {"Ref_Key": key, "Артикул": sku, "Description": name, "ТипНоменклатуры": "Товар", "DeletionMark": False,
         "IsFolder": False}
        for key, sku, name in ((_ROUTER, "RT-100", "Wi-Fi router"), (_CABLE, "CB-3", "Cable 3 m"))
    ]  # fmt: skip
    return ODataDouble(
        {
            f"{ROOT_1C}/Document_ЗаказКлиента": orders, f"{ROOT_1C}/Document_РеализацияТоваровУслуг": shipments,
            f"{ROOT_1C}/Catalog_Контрагенты": PEOPLE, f"{ROOT_1C}/Catalog_Номенклатура": articles,
            f"{ROOT_1C}/Catalog_Валюты": [{"Ref_Key": _EUR, "Description": "EUR"}],
        },
        basic("switchboard", "k"), version=3, searches_tables=searches_tables,
    )  # fmt: skip
