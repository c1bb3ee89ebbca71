"""Writes that happen once, limits, and bodies that are none."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from config.settings import ApiSettings, Settings
from crm_core import models
from crm_core.db import unit_of_work
from crm_core.idempotency import forget_old
from crm_core.models_api import IdempotentAnswer
from tests.bot.api.conftest import MakeProgram
from tests.support.api_program import BASE, ApiParts, Program
from tests.support.factories import Centre

TIMES = 32


async def replies(centre: Centre) -> list[models.Message]:
    return [row for row in await centre.rows(models.Message) if row.author == "system"]


async def test_many_of_the_same_at_once_are_one(program: Program, centre: Centre) -> None:
    path = f"/conversations/{await centre.assigned('elena')}/messages"
    sent = (program.post(path, {"text": "Once"}, token="t") for _ in range(TIMES))
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await replies(centre)) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == TIMES - 1


async def test_without_the_constraint_they_would_be_many(program: Program, centre: Centre) -> None:
    """The check above sees what it looks for: requests that are not recognised as the same are each done."""
    path = f"/conversations/{await centre.assigned('elena')}/messages"
    await asyncio.gather(*(program.post(path, {"text": "Once"}, token=f"t{n}") for n in range(TIMES)))
    assert len(await replies(centre)) == TIMES


async def test_the_same_token_for_something_else_is_refused(program: Program, centre: Centre) -> None:
    path = f"/conversations/{await centre.assigned('elena')}/messages"
    assert (await program.post(path, {"text": "One"}, token="t")).status_code == 201
    other = await program.post(path, {"text": "Two"}, token="t")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    elsewhere = await program.post("/contacts", {"address": "tel:+34911234567"}, token="t")
    assert elsewhere.status_code == 409
    assert len(await replies(centre)) == 1


async def test_a_token_is_of_one_key(program: Program, make_program: MakeProgram, centre: Centre) -> None:
    path, other = f"/conversations/{await centre.assigned('elena')}/messages", await make_program()
    for each in (program, other):
        assert (await each.post(path, {"text": "One"}, token="t")).status_code == 201
    assert len(await replies(centre)) == 2


async def test_what_failed_may_be_tried_again_with_the_same_token(program: Program, centre: Centre) -> None:
    path, body = f"/conversations/{await centre.assigned('elena')}/transfer", {"agent_id": centre.staff["pavel"]}
    assert (await program.post(path, body, token="t")).status_code == 409
    await centre.set_state("pavel")
    assert (await program.post(path, body, token="t")).status_code == 200


async def test_after_a_day_the_token_is_forgotten(program: Program, parts: ApiParts, centre: Centre) -> None:
    path = f"/conversations/{await centre.assigned('elena')}/messages"
    await program.post(path, {"text": "One"}, token="t")
    parts.clock.pass_by(hours=23, minutes=59)
    assert "Idempotency-Replayed" in (await program.post(path, {"text": "One"}, token="t")).headers
    parts.clock.pass_by(minutes=1)
    assert "Idempotency-Replayed" not in (await program.post(path, {"text": "One"}, token="t")).headers
    async with unit_of_work(parts.sessions) as session:
        await forget_old(session, parts.clock.now + timedelta(days=1))
    assert await centre.rows(IdempotentAnswer) == []


async def test_what_is_kept_holds_no_words_of_people(program: Program, centre: Centre) -> None:
    await program.post("/contacts", {"address": "mailto:canary@example.com", "name": "Canary"})
    (row,) = await centre.rows(IdempotentAnswer)
    assert "anary" not in str(row.answer)


@pytest.mark.parametrize("token", ["", "x" * 201, "two words", "é"])
async def test_a_write_without_a_good_token_says_what_to_send(
    program: Program, http: httpx.AsyncClient, token: str
) -> None:
    headers = program.headers() | ({"Idempotency-Key": token.encode()} if token else {})
    answer = await http.post("/api/v1/contacts", json={"address": "tel:+34911234567"}, headers=headers)
    assert (answer.status_code, "Idempotency-Key" in answer.json()["detail"]) == (422, True)


@pytest.fixture
async def slow_http(parts: ApiParts) -> httpx.AsyncClient:
    parts.settings = Settings(api=ApiSettings(per_s=0.5, burst=3))
    return httpx.AsyncClient(transport=httpx.ASGITransport(parts.app()), base_url=BASE)


async def test_a_key_may_ask_only_so_often(slow_http: httpx.AsyncClient, parts: ApiParts) -> None:
    async with slow_http as http:
        first, second = await parts.program(http), await parts.program(http)
        answers = [await first.get("/contacts") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert (answers[3].headers["RateLimit-Limit"], answers[3].headers["Retry-After"]) == ("3", "2")
        assert answers[3].json()["code"] == "rate_limited"
        assert (await second.get("/contacts")).status_code == 200


async def test_who_guesses_keys_is_slowed(slow_http: httpx.AsyncClient) -> None:
    async with slow_http as http:
        guesses = [await http.get("/api/v1/contacts", headers={"Authorization": f"Bearer sb_{n}"}) for n in range(5)]
        assert [guess.status_code for guess in guesses] == [401, 401, 401, 429, 429]


BODIES = [
    b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"text":"\\u0000"}', b'{"text":"\\ud800"}', b"[" * 60_000,
    b'{"text":' + b"9" * 6_000 + b"}", b'{"text":NaN}', b'{"text":{"a":1}}', b'{"text":""}', b'{"text":"   "}',
    b'{"text":"' + b"x" * 10_001 + b'"}', b'{"text":"a","kind":"whisper"}', b'{"text":"a","text":1}',
]  # fmt: skip


async def test_a_body_that_is_none_gets_a_sentence(program: Program, centre: Centre) -> None:
    path = f"/api/v1/conversations/{await centre.assigned('elena')}/messages"
    headers = program.headers() | {"Idempotency-Key": "t", "Content-Type": "application/json"}
    for body in BODIES:
        answer = await program.http.post(path, content=body, headers=headers)
        assert (answer.status_code in (400, 422), len(answer.json()["detail"]) > 20) == (True, True), body[:40]
    assert await replies(centre) == []


async def test_a_body_without_end_is_cut_off(program: Program) -> None:
    headers = program.headers() | {"Idempotency-Key": "t"}
    answer = await program.http.post("/api/v1/contacts", content=b"x" * 70_000, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_an_odd_question_gets_a_sentence(program: Program) -> None:
    odd = {
        "limit": ("0", "101", "1e1"), "before": ("-1",), "state": ("made_up",), "agent_id": ("x",),
        "queue": ("\x00",), "channel": ("x" * 201,),
    }  # fmt: skip
    for name, values in odd.items():
        for value in values:
            answer = await program.get("/conversations", **{name: value})
            assert (answer.status_code, name in answer.json()["detail"]) == (422, True), value


async def test_a_disposition_that_administrators_add_may_be_used_at_once(
    program: Program, centre: Centre, parts: ApiParts
) -> None:
    path = f"/conversations/{await centre.assigned('elena')}/close"
    assert (await program.post(path, {"disposition": "gift"}, token="a")).status_code == 422
    company, names = parts.business.company, dict.fromkeys(parts.business.company.languages, "Gift")
    parts.business.company = company.model_copy(update={"dispositions": {**company.dispositions, "gift": names}})
    assert (await program.post(path, {"disposition": "gift"}, token="b")).status_code == 200
