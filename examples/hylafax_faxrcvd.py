#!/usr/bin/env python3
"""HylaFAX calls this for every received fax (faxrcvd(8)): the TIFF goes to Switchboard's generic channel, signed.

    faxrcvd FILE DEVICE COMMID ERROR CALLER-NUMBER CALLER-NAME …

Copy it to /var/spool/hylafax/bin/faxrcvd and put SWITCHBOARD_URL (…/webhooks/<inbox>) and SECRET into
/var/spool/hylafax/etc/switchboard.env. Ends with an error, and leaves the fax in recvq, until Switchboard has it.
"""

import base64
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SETTINGS = Path(os.environ.get("SWITCHBOARD_ENV", "/var/spool/hylafax/etc/switchboard.env"))
PATIENCE_S = float(os.environ.get("PATIENCE_S", "3600"))


def settings() -> dict[str, str]:
    lines = (line.partition("=") for line in SETTINGS.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in lines}


def fax_message(file: Path, comm_id: str, caller: str) -> bytes:
    """The call's id makes a repeat recognisable; a caller without a number is told apart by it."""
    digits = "".join(character for character in caller if character.isdigit())
    sender = {"address": f"fax:+{digits}"} if len(digits) >= 7 else {"address": f"fax:+1{comm_id.zfill(8)[-8:]}"}
    content = base64.b64encode(file.read_bytes()).decode()
    tiff = {"name": file.name, "content_type": "image/tiff", "content": content}
    return json.dumps({"type": "message", "id": f"fax-{comm_id}", "from": sender, "attachments": [tiff]}).encode()


def post(url: str, secret: bytes, body: bytes) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        timestamp = str(int(time.time()))
        mac = "v1=" + hmac.new(secret, timestamp.encode() + b"." + body, "sha256").hexdigest()
        signed = {"X-Switchboard-Timestamp": timestamp, "X-Switchboard-Signature": mac}
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json", **signed})
            urllib.request.urlopen(request, timeout=60).close()
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise SystemExit(f"Switchboard refuses this fax: {error.code} {error.read().decode()}") from error
        except OSError:
            pass  # not there just now
        else:
            return
        if time.monotonic() > deadline:
            raise SystemExit("Switchboard does not answer; the fax stays in recvq.")
        time.sleep(2)


if __name__ == "__main__":
    _, name, _device, call, *rest = [*sys.argv, "", "", ""]
    known = settings()
    post(known["SWITCHBOARD_URL"], known["SECRET"].encode(), fax_message(Path(name), call, rest[1]))
