/** Requests to the server in the visitor's name; makes the visitor when there is none yet. */

export class Api {
  constructor(inbox, storage) {
    this.root = `/chat/${encodeURIComponent(inbox)}`;
    this.storage = storage;
    this.identity = null;
    this.onOtherVisitor = () => {};
  }

  request(path, options = {}) {
    const headers = { "Content-Type": "application/json", ...options.headers };
    const visitor = this.storage.visitor;
    if (visitor && path !== "/visitors") headers.Authorization = `Bearer ${visitor.token}`;
    return fetch(this.root + path, { ...options, headers, credentials: "omit", cache: "no-store" });
  }

  async post(path, body) {
    await this.ensureVisitor();
    return this.request(path, { method: "POST", body: JSON.stringify(body) });
  }

  async upload(file) {
    await this.ensureVisitor();
    const headers = { "Content-Type": file.type || "application/octet-stream", "X-File-Name": encodeURIComponent(file.name) };
    const answer = await this.request("/attachments", { method: "POST", headers, body: file });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  /** One at a time, so that two first requests do not become two visitors. */
  ensureVisitor() {
    if (this.storage.visitor && !this.identity) return Promise.resolve();
    this.making ??= this.makeVisitor().finally(() => { this.making = null; });
    return this.making;
  }

  async makeVisitor() {
    const identity = this.identity;
    let answer = await this.request("/visitors", { method: "POST", body: JSON.stringify(identity ?? {}) });
    const isProved = Boolean(identity) && answer.ok;
    if (answer.status === 401 && identity) {
      console.warn("Switchboard: the identity was refused; the chat goes on anonymously.");
      answer = await this.request("/visitors", { method: "POST", body: "{}" });
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const { visitor_id: id, token, name } = await answer.json();
    if (this.identity === identity) this.identity = null;
    const before = this.storage.visitor;
    if (before && before.id !== id) this.onOtherVisitor();
    const waiting = this.storage.pending;
    this.storage.visitor = { id, token, name, identified: isProved };
    this.storage.pending = waiting;
  }
}
