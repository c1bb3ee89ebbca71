"""Real Postfix and Dovecot on loopback, without systemd; nothing leaves the machine. Customers: swaks, msmtp, mutt."""

import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("postfix", "dovecot", "swaks", "msmtp", "mutt", "openssl", "smtp-sink")
PASSWORD = "s3cret-pw"
DESK, ANNA = "support@desk.test", "anna@customer.test"
GRACE = "grace@desk.test"  # of the staff
ACCOUNTS = (DESK, GRACE, ANNA, "boris@customer.test", "maria.lopez@example.com", "tom.walsh@example.com")
VMAIL_ID = 5000


def missing() -> str:
    """Why the mail tests cannot run here; empty when they can."""
    lacking = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if lacking:
        return f"bin/ensure-mail could not install {', '.join(lacking)}"
    return "" if os.geteuid() == 0 else "Postfix starts only as root"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class MailStack:
    """`directory` must be short and readable by everybody: unix sockets lie in it."""

    directory: Path
    smtp: int = field(init=False)
    submission: int = field(init=False)
    imap: int = field(init=False)
    imaps: int = field(init=False)
    lmtp: int = field(init=False)
    introspection: int = field(init=False)  # where Dovecot asks whose a token is

    def __post_init__(self) -> None:
        self.smtp, self.submission, self.imap, self.imaps, self.lmtp, self.introspection = free_ports(6)

    @property
    def ca(self) -> Path:
        return self.directory / "tls" / "ca.pem"

    def start(self) -> None:
        for name in ("tls", "dovecot", "vmail", "spool", "pfdata", "postfix"):
            (self.directory / name).mkdir(parents=True)
        os.chown(self.directory / "vmail", VMAIL_ID, VMAIL_ID)
        shutil.chown(self.directory / "pfdata", "postfix")
        self._make_certificates()
        self._write_dovecot()
        self._write_postfix()
        self._run("postfix", "-c", str(self.directory / "postfix"), "check")  # makes the folder of the sockets
        self._run("dovecot", "-c", str(self.directory / "dovecot" / "dovecot.conf"))
        self._run("postfix", "-c", str(self.directory / "postfix"), "start")
        for port in (self.smtp, self.submission, self.imap, self.imaps):
            wait_for(port)

    def stop(self) -> None:
        self._run("postfix", "-c", str(self.directory / "postfix"), "abort", check=False)
        self._run("doveadm", "-c", str(self.directory / "dovecot" / "dovecot.conf"), "stop", check=False)

    def restart_imap(self) -> None:
        conf = str(self.directory / "dovecot" / "dovecot.conf")
        self._run("doveadm", "-c", conf, "stop", check=False)
        time.sleep(0.3)
        self._run("dovecot", "-c", conf)
        wait_for(self.imaps)

    def flush(self) -> None:
        """Try the queue now."""
        self._run("postqueue", "-c", str(self.directory / "postfix"), "-f", check=False)

    def queued(self) -> int:
        listed = subprocess.run(
            ["postqueue", "-c", str(self.directory / "postfix"), "-j"], capture_output=True, text=True, check=False
        )
        return len(listed.stdout.splitlines())

    def send(self, raw: bytes, *, sender: str = ANNA, to: str = DESK) -> None:
        """As another mail server would: unauthenticated, over SMTP."""
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=10) as client:
            client.sendmail(sender, [to], raw)

    def letters_of(self, account: str) -> list[bytes]:
        """Every mail in the mailbox of `account`, oldest first."""
        local, _, domain = account.partition("@")
        folder = self.directory / "vmail" / domain / local
        found = [path for name in ("new", "cur") for path in (folder / name).glob("*")]
        return [path.read_bytes() for path in sorted(found, key=lambda path: path.stat().st_mtime)]

    def wait_for_letters(self, account: str, count: int, patience_s: float = 20.0) -> list[bytes]:
        until = time.monotonic() + patience_s
        while len(found := self.letters_of(account)) < count and time.monotonic() < until:
            time.sleep(0.05)
        return found

    def _run(self, *command: str, check: bool = True) -> None:
        """Dovecot keeps a pipe it was given open: it gets none."""
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        subprocess.run(
            command, check=check, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _make_certificates(self) -> None:
        tls = self.directory / "tls"
        self._run("openssl", "req", "-x509", *_KEY, "-nodes", "-keyout", f"{tls}/ca.key", "-out",
                  f"{tls}/ca.pem", "-days", "30", "-subj", "/CN=Test CA", "-addext",
                  "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign,cRLSign")  # fmt: skip
        self._run("openssl", "req", *_KEY, "-nodes", "-keyout", f"{tls}/srv.key", "-out",
                  f"{tls}/srv.csr", "-subj", "/CN=localhost")  # fmt: skip
        (tls / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        self._run("openssl", "x509", "-req", "-in", f"{tls}/srv.csr", "-CA", f"{tls}/ca.pem", "-CAkey", f"{tls}/ca.key",
                  "-CAcreateserial", "-days", "30", "-extfile", f"{tls}/ext", "-out", f"{tls}/srv.pem")  # fmt: skip

    def _write_dovecot(self) -> None:
        users = "\n".join(f"{account}:{{PLAIN}}{PASSWORD}::::::" for account in ACCOUNTS)
        (self.directory / "dovecot" / "users").write_text(f"{users}\n")
        (self.directory / "dovecot" / "oauth2.conf.ext").write_text(_OAUTH2.format(port=self.introspection))
        (self.directory / "dovecot" / "dovecot.conf").write_text(_DOVECOT.format(
            run=self.directory, imap=self.imap, imaps=self.imaps, vmail=VMAIL_ID
        ))  # fmt: skip

    def _write_postfix(self) -> None:
        folder = self.directory / "postfix"
        (folder / "main.cf").write_text(_MAIN.format(run=self.directory))
        (folder / "transport").write_text(f"/@inbound\\.test$/ lmtp:inet:127.0.0.1:{self.lmtp}\n")
        (folder / "vmaps").write_text("".join(f"{account} ok\n" for account in ACCOUNTS))
        (folder / "master.cf").write_text(_MASTER.format(smtp=self.smtp, submission=self.submission))


def wait_for(port: int, patience_s: float = 15.0) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens at port {port}")


@contextmanager
def running_mail_stack() -> Iterator[MailStack]:
    with tempfile.TemporaryDirectory(prefix="sbm") as name:
        Path(name).chmod(0o755)
        stack = MailStack(Path(name) / "m")
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
            time.sleep(0.3)


def trusting(stack: MailStack) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(stack.ca))


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")

_DOVECOT = """
base_dir = {run}/dovecot/base
state_dir = {run}/dovecot/state
log_path = {run}/dovecot/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{run}/tls/srv.pem
ssl_key = <{run}/tls/srv.key
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login xoauth2 oauthbearer
mail_location = maildir:{run}/vmail/%d/%n
mail_uid = {vmail}
mail_gid = {vmail}
first_valid_uid = 100
recipient_delimiter = +
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {run}/dovecot/oauth2.conf.ext
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {run}/dovecot/users
}}
userdb {{
  driver = static
  args = uid={vmail} gid={vmail} home={run}/vmail/%d/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service auth {{
  unix_listener {run}/spool/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service lmtp {{
  unix_listener {run}/spool/private/dovecot-lmtp {{
    mode = 0600
    user = postfix
    group = postfix
  }}
}}
protocol imap {{
  mail_max_userip_connections = 50
}}
"""

_OAUTH2 = """
introspection_mode = post
introspection_url = http://127.0.0.1:{port}/introspect
active_attribute = active
active_value = true
username_attribute = username
"""

_MAIN = """
compatibility_level = 3.6
queue_directory = {run}/spool
data_directory = {run}/pfdata
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
maillog_file = {run}/postfix/log
maillog_file_prefixes = /tmp, /var
myhostname = mail.desk.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
disable_dns_lookups = yes
default_transport = error:5.1.1 no mail leaves this machine
relay_transport = error:5.1.1 no mail leaves this machine
virtual_mailbox_domains = desk.test, customer.test, example.com
virtual_mailbox_maps = texthash:{run}/postfix/vmaps
virtual_transport = lmtp:unix:private/dovecot-lmtp
recipient_delimiter = +
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_reject_unlisted_recipient = no
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_tls_cert_file = {run}/tls/srv.pem
smtpd_tls_key_file = {run}/tls/srv.key
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = no
message_size_limit = 31000000
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:5.1.1 no local delivery
relay_domains = inbound.test
relay_recipient_maps =
transport_maps = regexp:{run}/postfix/transport
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""

_MASTER = """
127.0.0.1:{smtp} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_tls_auth_only=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
