"""What documents, fields and catalogues are called in a configuration of 1C; all of it may be changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class OneCNames:
    """The names of “Управление торговлей 11”. Empty: this configuration has none.

    `state_catalogue` is where the state leads when it is a reference; the field then ends with `_Key`.
    """

    orders: str = "Document_ЗаказКлиента"
    customer: str = "Контрагент_Key"
    customer_ref: str = "НомерПоДаннымКлиента"
    promised: str = "ДатаОтгрузки"
    total: str = "СуммаДокумента"
    currency: str = "Валюта_Key"
    state: str = "Статус"
    state_catalogue: str = ""
    goods: str = "Товары"
    shipments: str = "Document_РеализацияТоваровУслуг"
    shipment_order: str = "ЗаказКлиента"
    shipment_goods: str = "Товары"
    customers: str = "Catalog_Контрагенты"
    contacts: str = "КонтактнаяИнформация"
    articles: str = "Catalog_Номенклатура"
    article_code: str = "Артикул"
    currencies: str = "Catalog_Валюты"


_TRADE = OneCNames()
_SMALL_BUSINESS = OneCNames(
    orders="Document_ЗаказПокупателя", customer_ref="", currency="ВалютаДокумента_Key", state="СостояниеЗаказа_Key",
    state_catalogue="Catalog_СостоянияЗаказовПокупателей", goods="Запасы", shipments="Document_РасходнаяНакладная",
    shipment_order="Заказ", shipment_goods="Запасы",
)  # fmt: skip
_PRESETS = {"trade": _TRADE, "unf": _SMALL_BUSINESS}


class NamesError(ValueError):
    """A preset or a name that we do not have."""


def one_c_names(preset: str, changes: Mapping[str, str]) -> OneCNames:
    """`trade` (УТ 11, КА, ERP) or `unf` (УНФ, Розница) with the installation's `changes`. Raises NamesError."""
    if preset not in _PRESETS:
        raise NamesError(f"there is no configuration “{preset}” of 1C; write {' or '.join(_PRESETS)}")
    ours = OneCNames.__dataclass_fields__
    odd = sorted(set(changes) - set(ours))
    if odd:
        raise NamesError(f"1C has no name {', '.join(odd)}; ours are {', '.join(ours)}")
    return replace(_PRESETS[preset], **changes)
