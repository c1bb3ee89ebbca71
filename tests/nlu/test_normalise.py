"""One spelling, and masks in place of values."""

from nlu.engine import Entity
from nlu.normalise import masked, normalise, only_informs


def test_case_accents_and_spaces_do_not_matter_but_short_i_does() -> None:
    assert normalise("  ¿DÓNDE  está\tmi Año? ") == "¿donde esta mi ano?"
    assert normalise("Ещё\u00a0МОЙ за\u0301каз") == "еще мой заказ"
    assert normalise("don’t \uff4f\uff4b") == "don't ok"


def test_values_are_masked_by_kind_and_once() -> None:
    order, code = Entity("order_number", "100234", "100234", 3, 9), Entity("code", "100234", "100234", 3, 9)
    assert masked("no 100234!", [order, code]) == "no  _number_ !"


def test_names_of_languages_stay_words() -> None:
    assert masked("in english", [Entity("language", "en", "english", 3, 10)]) == "in english"


def test_only_masks_are_told_from_masks_among_words() -> None:
    assert only_informs("_number_ .")
    assert only_informs("_number_ _date_")
    assert only_informs("my order is _number_")
    assert only_informs("меня зовут _person_, почта _email_")
    assert not only_informs("where is order _number_")
    assert not only_informs("is it _number_?")
    assert not only_informs("my order")
    assert not only_informs("?")
    assert not only_informs("")
