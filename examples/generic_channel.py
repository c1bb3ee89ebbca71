"""A channel in sixty lines: what you type goes to Switchboard, what comes back is printed. Only the standard library.

    SECRET=… python examples/generic_channel.py http://127.0.0.1:8080/webhooks/shop 9000

In channels.yml: `{key: shop, channel: generic, name: Shop, secret_env: SECRET, deliver_to: "http://127.0.0.1:9000/"}`.
"""

import hmac
import json
import os
import sys
import threading
import time
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = os.environ["SECRET"].encode()
WINDOW_S = 300
seen: set[int] = set()  # a real channel keeps this where a restart does not lose it


def sign(timestamp: str, body: bytes) -> str:
    return "v1=" + hmac.new(SECRET, timestamp.encode() + b"." + body, "sha256").hexdigest()


def send(url: str, message: dict[str, object]) -> None:
    """Post until it is stored: the same id again does no harm, so nothing is lost and nothing doubled."""
    body = json.dumps(message).encode()
    while True:
        timestamp = str(int(time.time()))
        headers = {"X-Switchboard-Timestamp": timestamp, "X-Switchboard-Signature": sign(timestamp, body)}
        request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
        try:
            urllib.request.urlopen(request, timeout=15).close()
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise SystemExit(f"Switchboard refuses: {error.code} {error.read().decode()}") from error
        except OSError:
            pass  # not there just now
        else:
            return
        time.sleep(1)


class Replies(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        timestamp = self.headers.get("X-Switchboard-Timestamp", "")
        genuine = hmac.compare_digest(sign(timestamp, body), self.headers.get("X-Switchboard-Signature", ""))
        if not genuine or abs(time.time() - int(timestamp)) > WINDOW_S:
            self.send_error(403)
            return
        reply = json.loads(body)
        if reply["id"] not in seen:  # it may come twice
            seen.add(reply["id"])
            print(f"{reply['by']}: {reply['text']}", *(f"\n  [{c['label']}]" for c in reply["choices"]), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


if __name__ == "__main__":
    threading.Thread(target=HTTPServer(("127.0.0.1", int(sys.argv[2])), Replies).serve_forever, daemon=True).start()
    customer = str(uuid.uuid4())
    for line in sys.stdin:
        send(sys.argv[1], {"type": "message", "id": str(uuid.uuid4()), "from": {"id": customer}, "text": line.strip()})
    time.sleep(float(os.environ.get("LINGER_S", "2")))
