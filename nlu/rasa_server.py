"""A Rasa 3.6 server over `POST /model/parse`: asked within a deadline, and left alone for a while where it fails."""

import json
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from nlu.breaker import Breaker
from nlu.rasa_answer import RasaAnswer, RubbishError, read_answer

_AT_ONCE = 8
_MOST_BYTES = 1_000_000
_IDLE_S = 3.0  # Rasa's own web server hangs up after 5: a connection must not be taken just as it goes
_MODEL_ASKED_EVERY_S = 60.0


class RasaFault(StrEnum):
    """Why there is no answer: a label of the metric."""

    RESTING = "resting"  # it failed several times in a row and is left alone
    LATE = "late"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # another status than 200: a wrong token, no model, its own fault
    RUBBISH = "rubbish"


class RasaUnavailableError(Exception):
    """There is no answer of Rasa; ours goes on."""

    def __init__(self, fault: RasaFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class RasaAddress:
    """`timeout_s` is for one message as a whole."""

    url: str
    token: str | None = field(repr=False)
    timeout_s: float


class RasaServer:
    """Thread-safe, and one a process, whatever model stands in for it. Close it at the end."""

    def __init__(self, address: RasaAddress, *, breaker: Breaker | None = None) -> None:
        self._address, self.breaker = address, breaker or Breaker()
        self._client = httpx.Client(
            base_url=address.url, params={"token": address.token} if address.token else None,
            timeout=address.timeout_s, limits=httpx.Limits(max_connections=_AT_ONCE, keepalive_expiry=_IDLE_S),
            trust_env=False,  # a proxy for the world outside is none for a neighbour
        )  # fmt: skip
        # httpx limits each read, not their sum: a server that drips would hold the customer for ever.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "rasa")
        self._model_id, self._model_asked_at = "rasa", float("-inf")

    @property
    def model_id(self) -> str:
        """`rasa-<file>-<start of its id>`; `rasa` until it was told. At most a minute behind the server."""
        return self._model_id

    def parse(self, texts: Sequence[str]) -> list[RasaAnswer]:
        """All of them, or RasaUnavailableError."""
        if not self.breaker.may_try():
            raise RasaUnavailableError(RasaFault.RESTING)
        try:
            answers = self._in_time([self._threads.submit(self._asked, text) for text in texts])
        except RasaUnavailableError:
            self.breaker.failed()
            self._model_asked_at = float("-inf")  # it may come back with another model
            raise
        self.breaker.succeeded()
        self._ask_model_now_and_then()
        return answers

    def _in_time(self, futures: list[Future[RasaAnswer]]) -> list[RasaAnswer]:
        _, late = wait(futures, self._address.timeout_s)
        if late:
            for future in late:
                future.cancel()
            raise RasaUnavailableError(RasaFault.LATE)
        return [future.result() for future in futures]

    def _asked(self, text: str) -> RasaAnswer:
        # ASCII, since half of a surrogate pair, which a customer can send, has no UTF-8
        body = self._body("POST", "/model/parse", json.dumps({"text": text}).encode())
        try:
            return read_answer(body, text)
        except RubbishError as error:
            raise RasaUnavailableError(RasaFault.RUBBISH) from error

    def _body(self, method: str, path: str, content: bytes | None = None) -> bytes:
        until, body = time.monotonic() + self._address.timeout_s, b""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        try:
            with self._client.stream(method, path, content=content, headers=headers) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise RasaUnavailableError(RasaFault.REFUSED)
                for chunk in answer.iter_raw():
                    body += chunk
                    _require_little(body, until)
        except httpx.TimeoutException as error:
            raise RasaUnavailableError(RasaFault.LATE) from error
        except (httpx.HTTPError, OSError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
            raise RasaUnavailableError(RasaFault.UNREACHABLE) from error
        return body

    def _ask_model_now_and_then(self) -> None:
        if time.monotonic() - self._model_asked_at >= _MODEL_ASKED_EVERY_S:
            self._model_asked_at = time.monotonic()
            self._threads.submit(self.ask_model)

    def ask_model(self) -> str | None:
        """The id of the model it serves, from now on ours too; None where it does not tell."""
        try:
            told = json.loads(self._body("GET", "/status"))
            file, number = str(told["model_file"]), str(told["model_id"])
        except (RasaUnavailableError, ValueError, KeyError, TypeError, RecursionError):
            return None
        self._model_asked_at = time.monotonic()
        self._model_id = f"rasa-{file.removesuffix('.tar.gz')[:60]}-{number[:8]}"
        return self._model_id

    def close(self) -> None:
        self._client.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _require_little(body: bytes, until: float) -> None:
    if len(body) > _MOST_BYTES:
        raise RasaUnavailableError(RasaFault.RUBBISH)
    if time.monotonic() > until:
        raise RasaUnavailableError(RasaFault.LATE)
