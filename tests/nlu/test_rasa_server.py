"""A Rasa server asked over the wire: within a deadline, over kept connections, and never believed blindly."""

import time

import pytest

from nlu.rasa_server import RasaAddress, RasaFault, RasaServer, RasaUnavailableError
from tests.support import rasa as wire
from tests.support.rasa import Misbehaviour, answering, misbehaving, ranking

GREETING = ranking(("greeting", 0.9), ("thanks", 0.05))


def asking(url: str, timeout_s: float = 5.0, token: str | None = None) -> RasaServer:
    return RasaServer(RasaAddress(url, token, timeout_s))


def fault_of(server: RasaServer, *texts: str) -> RasaFault:
    with pytest.raises(RasaUnavailableError) as raised:
        server.parse(texts or ["hello"])
    server.close()
    return raised.value.fault


def test_several_texts_are_answered_in_their_order_over_kept_connections() -> None:
    with answering(GREETING) as fake:
        server = asking(fake.url, token="t0ken")
        for _ in range(5):
            assert [answer.intents[0] for answer in server.parse(["hello", "hi"])] == [("greeting", 0.9)] * 2
        server.close()
        assert sorted(fake.texts) == ["hello"] * 5 + ["hi"] * 5
        assert set(fake.paths) == {"/model/parse?token=t0ken"}
        assert fake.connections <= 3


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        (wire.hang, RasaFault.LATE),
        (wire.drip_the_head, RasaFault.LATE),
        (wire.drip_the_body, RasaFault.LATE),
        (wire.reset, RasaFault.UNREACHABLE),
        (wire.hang_up, RasaFault.UNREACHABLE),
        (wire.speak_no_http, RasaFault.UNREACHABLE),
        (wire.stop_in_the_middle, RasaFault.UNREACHABLE),
        (wire.never_end, RasaFault.RUBBISH),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_goes_wrong_on_the_wire_ends_in_time(act: Misbehaviour, fault: RasaFault) -> None:
    with misbehaving(act) as url:
        started = time.monotonic()
        assert fault_of(asking(url, timeout_s=0.3)) is fault
        assert time.monotonic() - started < 1.5


def test_nobody_at_home_is_told_at_once() -> None:
    assert fault_of(asking(f"http://127.0.0.1:{wire.free_port()}")) is RasaFault.UNREACHABLE


@pytest.mark.parametrize("status", [401, 404, 409, 500, 302])
def test_any_other_status_is_no_answer(status: int) -> None:
    with answering(GREETING, status) as fake:
        assert fault_of(asking(fake.url)) is RasaFault.REFUSED


@pytest.mark.parametrize(
    "rubbish",
    [
        b"<html>", b"", b"\xff", b"[" * 100_000, [1], {}, {"intent": None}, {"intent_ranking": 5},
        {"intent_ranking": ["a"]}, ranking(("a", float("nan"))), ranking(("a", 1.5)), ranking(("", 0.5)),
        {"intent": {"name": None, "confidence": 0}}, {**GREETING, "entities": {"city": 1}},
        {**GREETING, "entities": ["x"]},
        {**GREETING, "entities": [{"entity": "city", "value": "x", "start": 0, "end": 900}]},
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_what_no_rasa_would_answer_is_not_believed(rubbish: object) -> None:
    with answering(rubbish) as fake:
        assert fault_of(asking(fake.url)) is RasaFault.RUBBISH


def test_half_a_surrogate_pair_is_sent_and_not_stumbled_over() -> None:
    with answering(GREETING) as fake:
        server = asking(fake.url)
        assert len(server.parse(["hello \ud83d"])) == 1
        server.close()


def test_after_failures_it_is_left_alone() -> None:
    with answering(GREETING, 500) as fake:
        server = asking(fake.url)
        faults = []
        for _ in range(5):
            with pytest.raises(RasaUnavailableError) as raised:
                server.parse(["hello"])
            faults.append(raised.value.fault)
        server.close()
        assert faults == [RasaFault.REFUSED] * 3 + [RasaFault.RESTING] * 2
        assert len(fake.texts) == 3


def test_the_model_is_told_by_file_and_id_and_its_successor_after_a_failure() -> None:
    with answering(GREETING) as fake:
        server = asking(fake.url)
        assert server.model_id == "rasa"
        assert server.ask_model() == server.model_id == "rasa-20261123-first-0b0bc619"
        fake.model, fake.status = {"model_file": "second.tar.gz", "model_id": "ffff"}, 500
        with pytest.raises(RasaUnavailableError):
            server.parse(["hello"])
        fake.status = 200
        server.parse(["hello"])
        until = time.monotonic() + 5
        while server.model_id != "rasa-second-ffff" and time.monotonic() < until:
            time.sleep(0.01)
        assert server.model_id == "rasa-second-ffff"
        server.close()


def test_a_server_that_does_not_tell_its_model_keeps_the_plain_name() -> None:
    with answering(GREETING) as fake:
        fake.model = {}
        server = asking(fake.url)
        assert (server.ask_model(), server.model_id) == (None, "rasa")
        server.close()


def test_the_token_stands_in_no_representation() -> None:
    assert "t0ken" not in repr(RasaAddress("http://x", "t0ken", 1.0))
