/**
 * Keeps a visitor connected: WebSocket first, long poll when there is none, and every message sent until it is stored.
 * The server knows a repeated message by its id, so "sent again" never means "said twice".
 */

const ACK_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 20_000;
const PONG_TIMEOUT_MS = 8_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 20_000;
const POLL_WAIT_S = 25;
const SOCKET_FAILURES_BEFORE_POLL = 2;
const SOCKET_RETRY_MS = 60_000;
const CLOSE_MALFORMED = 4400;
const CLOSE_UNAUTHENTICATED = 4401;

/** Tells "updates", "accepted", "failed", "pending", "link" and "cleared". */
export class Connection extends EventTarget {
  constructor(api, storage) {
    super();
    this.api = api;
    this.storage = storage;
    this.pending = storage.pending;
    api.onOtherVisitor = () => this.clear();
    this.last = 0;
    this.failures = 0;
    this.socketFailures = 0;
    this.run = 0;
    this.wanted = false;
    addEventListener("online", () => this.wanted && this.restart());
    addEventListener("offline", () => this.wanted && this.lost());
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Connects when there is something to connect for: a known visitor, an identity, or a message to send. */
  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.restart();
  }

  stop() {
    this.wanted = false;
    this.run += 1;
    this.dropSocket();
    clearTimeout(this.timer);
  }

  restart() {
    this.run += 1;
    this.dropSocket();
    clearTimeout(this.timer);
    this.failures = 0;
    this.connect(this.run);
  }

  lost() {
    this.run += 1;
    this.dropSocket();
    this.tell("link", "offline");
    this.again(this.run);
  }

  dropSocket() {
    clearInterval(this.pinger);
    clearTimeout(this.ponged);
    clearTimeout(this.acked);
    this.isLive = false;
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  again(run) {
    clearTimeout(this.timer);
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures) * (0.5 + Math.random() / 2);
    this.failures += 1;
    this.timer = setTimeout(() => run === this.run && this.connect(run), pause);
  }

  async connect(run) {
    this.tell("link", "connecting");
    try {
      await this.api.ensureVisitor();
    } catch {
      if (run === this.run) {
        this.tell("link", "offline");
        this.again(run);
      }
      return;
    }
    if (run !== this.run) return;
    const poll = this.socketFailures >= SOCKET_FAILURES_BEFORE_POLL && Date.now() < this.socketRetryAt;
    if (poll) this.poll(run);
    else this.open(run);
  }

  /* ---- whose conversation ---- */

  clear() {
    this.last = 0;
    this.pending = [];
    this.storage.forget();
    this.tell("cleared");
  }

  /** Another person from here on: their own history or none, never the one before. */
  identify(identity) {
    this.api.identity = typeof identity === "string" ? { identity_token: identity } : identity;
    this.wanted = true;
    this.restart();
  }

  logout() {
    this.stop();
    this.api.identity = null;
    this.clear();
  }

  /* ---- socket ---- */

  open(run) {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${this.api.root}/socket`);
    this.socket = socket;
    const patience = setTimeout(() => socket.close(), PONG_TIMEOUT_MS);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: this.storage.visitor.token, after: this.last }));
    socket.onmessage = (event) => {
      clearTimeout(patience);
      clearTimeout(this.ponged);
      this.heard(JSON.parse(event.data), run);
    };
    socket.onclose = (event) => {
      clearTimeout(patience);
      if (run === this.run) this.closed(event.code, run);
    };
  }

  heard(frame, run) {
    if (frame.type === "updates") {
      this.took(frame);
      if (!this.isLive) this.live(run);
    } else if (frame.type === "accepted") this.accepted(frame.id);
    else if (frame.type === "error" && frame.id) this.refused(frame, run);
    else if (frame.type === "survey_stored") this.tell("survey_stored");
  }

  live() {
    this.isLive = true;
    this.failures = 0;
    this.socketFailures = 0;
    this.tell("link", "online");
    this.pinger = setInterval(() => this.ping(), PING_EVERY_MS);
    for (const message of this.pending.filter((each) => !each.failed)) this.sendFrame(message);
  }

  ping() {
    this.socket?.send('{"type":"ping"}');
    clearTimeout(this.ponged);
    this.ponged = setTimeout(() => this.socket?.close(), PONG_TIMEOUT_MS);
  }

  closed(code, run) {
    const wasLive = this.isLive;
    this.dropSocket();
    if (code === CLOSE_UNAUTHENTICATED) this.storage.visitor = null;
    if (code === CLOSE_MALFORMED) this.failAll();
    if (!wasLive && code !== CLOSE_UNAUTHENTICATED) {
      this.socketFailures += 1;
      this.socketRetryAt = Date.now() + SOCKET_RETRY_MS;
    }
    this.tell("link", navigator.onLine ? "connecting" : "offline");
    this.again(run);
  }

  sendFrame(message) {
    this.socket.send(JSON.stringify({ type: "message", ...wire(message) }));
    clearTimeout(this.acked);
    this.acked = setTimeout(() => this.socket?.close(), ACK_TIMEOUT_MS);
  }

  /* ---- long poll ---- */

  async poll(run) {
    this.isPolling = true;
    try {
      await this.postPending(run);
      while (run === this.run && Date.now() < this.socketRetryAt) {
        const wait = this.isPolled ? POLL_WAIT_S : 0;
        const answer = await this.api.request(`/messages?after=${this.last}&wait=${wait}`);
        if (answer.status === 401) this.storage.visitor = null;
        if (!answer.ok) throw new Error(String(answer.status));
        const updates = await answer.json();
        if (run !== this.run) return;
        this.isPolled = true;
        this.failures = 0;
        this.took(updates);
        this.tell("link", "online");
      }
      if (run === this.run) this.connect(run);
    } catch {
      if (run !== this.run) return;
      this.isPolled = false;
      this.tell("link", "offline");
      this.again(run);
    }
  }

  async postPending(run) {
    for (const message of this.pending.filter((each) => !each.failed)) {
      if (run !== this.run) return;
      const answer = await this.api.request("/messages", { method: "POST", body: JSON.stringify(wire(message)) });
      if (answer.ok) this.accepted(message.id);
      else if (answer.status === 429 || answer.status >= 500 || answer.status === 401) throw new Error(String(answer.status));
      else this.fail(message.id);
    }
  }

  /* ---- messages ---- */

  send(message) {
    this.pending.push(message);
    this.storage.pending = this.pending;
    this.start();
    if (this.isLive) this.sendFrame(message);
    else if (this.socketFailures >= SOCKET_FAILURES_BEFORE_POLL) this.postPending(this.run).catch(() => this.restart());
  }

  retry(id) {
    const message = this.pending.find((each) => each.id === id);
    if (!message) return;
    delete message.failed;
    this.storage.pending = this.pending;
    this.tell("pending", message);
    if (this.isLive) this.sendFrame(message);
    else this.restart();
  }

  took(updates) {
    const fresh = updates.entries.filter((entry) => entry.id > this.last);
    for (const entry of fresh) {
      this.last = entry.id;
      if (entry.client_id) this.acknowledge(entry.client_id);
    }
    this.tell("updates", { ...updates, entries: fresh });
  }

  acknowledge(id) {
    this.pending = this.pending.filter((each) => each.id !== id);
    this.storage.pending = this.pending;
    if (!this.pending.some((each) => !each.failed)) clearTimeout(this.acked);
  }

  accepted(id) {
    this.acknowledge(id);
    this.tell("accepted", id);
  }

  refused(frame, run) {
    if (frame.code === "rate_limited" || frame.code === "unavailable") {
      clearTimeout(this.acked);
      const pause = 1000 * (frame.retry_after_s ?? 2) + 300;
      setTimeout(() => {
        const message = this.pending.find((each) => each.id === frame.id);
        if (message && run === this.run && this.isLive) this.sendFrame(message);
      }, pause);
    } else this.fail(frame.id);
  }

  fail(id) {
    const message = this.pending.find((each) => each.id === id);
    if (!message) return;
    message.failed = true;
    this.storage.pending = this.pending;
    clearTimeout(this.acked);
    this.tell("failed", id);
  }

  failAll() {
    for (const message of this.pending) this.fail(message.id);
  }

  /* ---- small signs ---- */

  typing() {
    if (this.isLive) this.socket.send('{"type":"typing"}');
    else if (this.storage.visitor && this.isPolled) this.api.request("/typing", { method: "POST" }).catch(() => {});
  }

  read(messageId) {
    if (this.isLive) this.socket.send(JSON.stringify({ type: "read", message_id: messageId }));
    else if (this.storage.visitor && this.isPolled) this.api.post("/read", { type: "read", message_id: messageId }).catch(() => {});
  }
}

function wire({ id, text, choice, language, files }) {
  return { id, text, choice, language, attachments: (files ?? []).map((file) => file.token) };
}
