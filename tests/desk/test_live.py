from desk.live import Child, ListRegion, Region


def rendered(value: object) -> str:
    return f"<p>{value}</p>"


def children(**values: str) -> list[Child]:
    return [Child(key, value) for key, value in values.items()]


def test_an_unchanged_region_sends_nothing() -> None:
    region = Region("head", rendered)
    assert region.update("Ann") == '<hx-partial hx-target="#head" hx-swap="innerMorph"><p>Ann</p></hx-partial>'
    assert region.update("Ann") == ""


def test_a_list_is_first_sent_whole() -> None:
    region = ListRegion("rows", rendered)
    assert "innerMorph" in region.update(children(a="1", b="2"))
    assert region.update(children(a="1", b="2")) == ""


def test_only_a_changed_child_is_sent() -> None:
    region = ListRegion("rows", rendered)
    region.update(children(a="1", b="2"))
    assert region.update(children(a="1", b="3")) == (
        '<hx-partial hx-target="#b" hx-swap="outerMorph"><p>3</p></hx-partial>'
    )


def test_a_new_last_child_is_appended() -> None:
    region = ListRegion("rows", rendered)
    region.update(children(a="1"))
    sent = region.update(children(a="1", b="2"))
    assert sent == '<hx-partial hx-target="#rows" hx-swap="beforeend"><p>2</p></hx-partial>'


def test_a_new_order_sends_the_whole_list() -> None:
    region = ListRegion("rows", rendered)
    region.update(children(a="1", b="2"))
    assert "innerMorph" in region.update(children(b="2", a="1"))


def test_an_empty_list_says_that_it_is_empty() -> None:
    region = ListRegion("rows", rendered, lambda: "<p>Nobody is waiting</p>")
    region.update(children(a="1"))
    assert "Nobody is waiting" in region.update([])
    assert region.update([]) == ""
