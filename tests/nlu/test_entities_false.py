"""No order number where there is none: in other people's questions, and in ours that are full of other numbers."""

import json
import os
from collections.abc import Iterator
from csv import DictReader
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from nlu.entities import found_entities
from nlu.shapes import Shapes

PUBLIC = Path(os.environ.get("SWITCHBOARD_DATA", "../shared/data")) / "nlu"
PUBLIC_SETS = (PUBLIC / "clinc150" / "data_full.json", PUBLIC / "banking77" / "test.csv")
AFTER = {
    "ru": ("", ", спасибо", "! Срочно!", " — это важно", ". Что делать?", ", подскажите", " или нет?", "…", "?", " :)"),
    "es": (
        "",
        ", gracias",
        "! ¡Urgente!",
        " — es importante",
        ". ¿Qué hago?",
        ", por favor",
        " o no?",
        "…",
        "?",
        " :)",
    ),
}
BENIGN = {
    "ru": (
        "позвоните на 8 (912) 345-67-89", "мой телефон +7 916 123-45-67", "привезите 25.11.2026", "с 1 по 5 декабря",
        "верните 12 500 рублей", "стоит 129,99 €", "индекс 101000", "почтовый индекс: 190000", "мне 45 лет",
        "сыну 12 лет", "нужно 20000 штук", "заказ на 3 стула", "стол 160х80 см", "шкаф 200 x 60 x 45 см",
        "вес 45,5 кг", "дом 15, квартира 7", "в 10:30 утра", "после 18:45", "в 2024 году", "код товара 482913",
        "промокод 100500", "скидка 15 %", "карта 4111 1111 1111 1111", "последние четыре цифры 4821",
        "счёт № 20411", "трек-номер 80084012345678", "на 5 этаже", "через 3 дня", "оценка 3 из 5", "осталось 2 из 10",
        "длина 2500 мм", "артикул 482913", "ул. Ленина, д. 15, кв. 7", "сайт https://oslo.example/p/100234",
    ),
    "es": (
        "llámenme al +34 612 345 678", "mi teléfono es 612345678", "entreguen el 25/11/2026", "del 1 al 5 de diciembre",
        "devuelvan 12.500 euros", "cuesta 129,99 €", "código postal 28013", "C.P. 08001", "tengo 45 años",
        "mi hijo tiene 12 años", "necesito 20000 unidades", "un pedido de 3 sillas", "mesa de 160x80 cm",
        "armario de 200 x 60 x 45 cm", "pesa 45,5 kg", "piso 3, puerta 7", "a las 10:30 de la mañana",
        "después de las 18:45", "desde 2024", "código de producto 482913", "cupón 100500", "15 % de descuento",
        "mi tarjeta es 4111 1111 1111 1111", "los últimos cuatro dígitos son 4821", "la factura nº 20411",
        "la guía 7788990011223", "en la planta 5", "dentro de 3 días", "le doy un 3 de 5", "quedan 2 de 10",
        "mide 2500 mm", "código de artículo 482913", "calle Mayor 15, 28013 Madrid", "vea https://oslo.example/p/100234",
    ),
}  # fmt: skip


def _order_numbers(texts: Iterator[str], language: str) -> list[str]:
    found = []
    for text in texts:
        entities = found_entities(text, language=language, shapes=Shapes(), today=date(2026, 11, 23))
        found += [f"{text}: {entity.raw}" for entity in entities if entity.kind == "order_number"]
    return found


@pytest.mark.parametrize("language", BENIGN)
def test_other_numbers_are_no_order_numbers(language: str) -> None:
    texts = ["".join(parts) for parts in product(BENIGN[language], AFTER[language])]
    assert len(texts) >= 300
    assert _order_numbers(iter(texts), language) == []


@pytest.mark.skipif(
    not all(path.exists() for path in PUBLIC_SETS),
    reason="the public sets are not there: SWITCHBOARD_DATA must name the folder that holds nlu/",
)
def test_public_questions_hold_no_order_numbers() -> None:
    clinc = json.loads(PUBLIC_SETS[0].read_text(encoding="utf-8"))
    with PUBLIC_SETS[1].open(encoding="utf-8") as file:
        banking = [row["text"] for row in DictReader(file)]
    texts = [text for part in ("test", "oos_test") for text, _ in clinc[part]] + banking
    assert len(texts) >= 1_000
    assert _order_numbers(iter(texts), "en") == []
