"""A marketer runs a campaign with a hold-out over real mail servers, and reads the uplift."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from config.settings import ROOT
from crm_core.staff import NewUser
from crm_core.states import Role
from tests.support.desk_client import PASSWORD, hidden_field
from tests.support.mail_desk import answer_to, mail_desk, read
from tests.support.mail_stack import ACCOUNTS, DESK, MailStack, missing, running_mail_stack
from tests.support.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "mail servers are there")]
GRACE = NewUser("grace@oslo.example", "Grace Hill", Role.SUPERVISOR, (), "en", PASSWORD)
CUSTOMERS = [account for account in ACCOUNTS if account != DESK]
ORDER = """insert into fact_sale_line (source, order_id, position, order_number, customer_id, stage, ordered_on,
    quantity, shipped, returned, amount, currency, extracted_at)
    values ('erp', %(ref)s, 1, 'N', %(ref)s, 'open', current_date, 1, 0, 0, 90, 'EUR', now())"""


@dataclass
class Marketer:
    """Grace's browser, and the machines behind it."""

    mail: MailStack
    stack: Stack
    http: httpx.Client
    csrf: str = ""

    def log_in(self) -> None:
        token = hidden_field(self.http.get("/desk/login").text, "form_token")
        fields = {"email": GRACE.email, "password": PASSWORD, "form_token": token}
        assert self.http.post("/desk/login", data=fields).status_code == 303
        self.csrf = hidden_field(self.http.get("/desk/campaigns/new").text, "csrf_token")

    def post(self, path: str, **fields: str) -> httpx.Response:
        answer = self.http.post(path, data={"csrf_token": self.csrf, **fields})
        assert answer.status_code == 303, answer.text
        return answer

    def wait(self, statement: str, patience_s: float = 30.0) -> list[tuple[object, ...]]:
        """Rows, once there are any."""
        until = time.monotonic() + patience_s
        while not (rows := self.stack.query(statement)) and time.monotonic() < until:
            time.sleep(0.1)
        return rows


@pytest.fixture
def marketer(tmp_path: Path) -> Iterator[Marketer]:
    with running_mail_stack() as mail:
        stack = mail_desk(tmp_path / "var", mail)
        rules = stack.directory / "config" / "campaigns.yml"
        always = 'quiet_hours: {begin: "00:00", end: "00:00", days: []}'
        rules.write_text(re.sub(r"(?m)^quiet_hours:.*$", always, rules.read_text()))
        stack.add_user(GRACE)
        stack.start("serve", "worker")
        with httpx.Client(base_url=stack.base_url, timeout=20) as http:
            yield Marketer(mail, stack, http)
        stack.stop()


def agreed(marketer: Marketer) -> None:
    table = marketer.stack.directory / "people.csv"
    lines = [f"{account},C-{number},en,2026-01-05" for number, account in enumerate(CUSTOMERS)]
    table.write_text("\n".join(["email,customer_ref,language,agreed_on", *lines]))
    command = (sys.executable, "-m", "bot", "consents", "import", str(table))
    environment = marketer.stack.environment()
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert f"{len(CUSTOMERS)} new consents" in told.stdout


def test_a_marketer_runs_a_campaign_and_reads_what_it_changed(marketer: Marketer) -> None:
    agreed(marketer)
    marketer.log_in()
    [(inbox,)] = marketer.stack.query("select id from inbox where key = 'mail'")
    texts = {f"text_a_{code}": "Hello {first_name|there}, oak is 20 % off." for code in ("en", "ru", "es")}
    subjects = {f"subject_a_{code}": "Oak" for code in ("en", "ru", "es")}
    plan = {"name": "Oak", f"inbox_{inbox}": "1", "share_a": "60", "share_hold_out": "40", "conversion": "order"}
    path = marketer.post("/desk/campaigns/new", **plan, **texts, **subjects, verb="save").headers["location"]
    assert f"{len(CUSTOMERS)} people" in marketer.http.get(path).text
    marketer.post(path, verb="start")
    assert marketer.wait("select from campaign where state = 'done'")
    written = _addresses(marketer, "state = 'posted'")
    left_alone = _addresses(marketer, "state = 'held_out'")
    assert sorted(written + left_alone) == sorted(CUSTOMERS)
    assert written
    assert left_alone
    for account in written:
        assert len(marketer.mail.wait_for_letters(account, 1)) == 1
    for account in left_alone:
        assert marketer.mail.letters_of(account) == []
    _an_answer_comes_back(marketer, written[0])
    _one_click_ends_it(marketer, written[0])
    with psycopg.connect(marketer.stack.url, autocommit=True) as connection:
        connection.execute(ORDER, {"ref": f"C-{CUSTOMERS.index(written[0])}"})
    page = marketer.http.get(path).text
    assert "percentage points, Message A against the hold-out" in page
    assert "It cannot be told from chance" in page, "one order of four people proves nothing"


def _addresses(marketer: Marketer, which: str) -> list[str]:
    rows = marketer.stack.query(
        f"select a.uri from campaign_member m join address a on a.contact_id = m.contact_id where {which} order by a.id"
    )
    return [str(uri).removeprefix("mailto:") for (uri,) in rows]


def _an_answer_comes_back(marketer: Marketer, account: str) -> None:
    """Into the conversation that the campaign began, where the bot takes it up."""
    letter = read(marketer.mail.letters_of(account)[0])
    assert letter["Subject"] == "Oak"
    answer = answer_to(letter, "I would like to talk to a person, please.", sender=account)
    marketer.mail.send(answer.as_bytes(), sender=account, to=str(answer["To"]))
    [(same,)] = marketer.wait(
        "select o.conversation_id = i.conversation_id from message i, message o"
        f" where i.direction = 'in' and o.content ? 'campaign_id' and i.external_id like '{answer['Message-ID']}#%'"
        f" and o.id = (select m.message_id from campaign_member m join address a on a.contact_id = m.contact_id"
        f" where a.uri = 'mailto:{account}')"
    )
    assert same is True
    _, handed_over = marketer.mail.wait_for_letters(account, 2)
    assert "You are next in line." in read(handed_over).get_content()


def _one_click_ends_it(marketer: Marketer, account: str) -> None:
    """As a mail program presses its button: no cookie, no page before (RFC 8058)."""
    letter = read(marketer.mail.letters_of(account)[0])
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(letter["List-Unsubscribe"]).strip("<>")
    assert link in letter.get_content()
    assert httpx.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    found = marketer.stack.query(
        "select k.source from consent k join address a on a.contact_id = k.contact_id"
        f" where a.uri = 'mailto:{account}' and k.withdrawn_at is not null"
    )
    assert found == [("link",)]
