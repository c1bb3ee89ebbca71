/** Draws the conversation: one element an entry, kept by id, so that nothing is ever drawn twice. */

import { h, linked } from "./dom.js";
import { icon } from "./icons.js";

const GROUP_MS = 5 * 60_000;

export class Log {
  constructor(element, words) {
    this.element = element;
    this.words = words;
    this.entries = new Map();
    this.waiting = new Map();
  }

  clear() {
    this.entries.clear();
    this.waiting.clear();
    this.element.replaceChildren();
  }

  get lastEntry() {
    return [...this.entries.values()].at(-1)?.entry ?? null;
  }

  /** New entries in order of id; a customer's own takes the place of its optimistic copy. */
  add(entries) {
    for (const entry of entries) {
      if (this.entries.has(entry.id)) continue;
      const copy = entry.client_id && this.waiting.get(entry.client_id);
      if (copy) {
        copy.element.remove();
        this.waiting.delete(entry.client_id);
      }
      this.place(entry);
    }
  }

  place(entry) {
    const previous = this.lastEntry;
    if (!previous || this.words.day(previous.at) !== this.words.day(entry.at)) this.beforeWaiting(this.dayLine(entry.at));
    const drawn = this.draw(entry, previous);
    this.entries.set(entry.id, { entry, element: drawn });
    this.beforeWaiting(drawn);
  }

  beforeWaiting(element) {
    const first = this.waiting.values().next().value;
    if (first) first.element.before(element);
    else this.element.append(element);
  }

  dayLine(at) {
    return h("div", { class: "day" }, h("span", {}, this.words.day(at)));
  }

  draw(entry, previous) {
    const follows = previous && previous.author === entry.author && previous.agent_name === entry.agent_name
      && new Date(entry.at) - new Date(previous.at) < GROUP_MS && this.words.day(previous.at) === this.words.day(entry.at);
    if (follows) this.entries.get(previous.id)?.element.classList.add("followed");
    const mine = entry.author === "customer";
    const name = mine ? this.words.say("you") : entry.agent_name ?? this.words.say(entry.author === "agent" ? "aPerson" : "assistant");
    const named = entry.author === "agent" && !follows;
    return h(
      "article", { class: `entry ${entry.author}${follows ? " follows" : ""}`, "data-id": entry.id },
      h("span", { class: named ? "name" : "quiet" }, named ? name : `${name}: `),
      ...this.bubbles(entry),
      h("span", { class: "meta" }, h("time", { datetime: entry.at }, this.words.time(entry.at)), mine && this.mark("sent")),
    );
  }

  bubbles(entry) {
    const shown = [];
    if (entry.card) shown.push(this.card(entry.card, entry.text));
    else if (entry.text) shown.push(h("div", { class: "bubble" }, ...linked(entry.text)));
    if (entry.files?.length) shown.push(h("div", { class: "shared" }, entry.files.map((file) => this.file(file))));
    return shown;
  }

  mark(kind) {
    return h("span", { class: `mark ${kind}` }, icon(kind), h("span", { class: "quiet" }, this.words.say(kind)));
  }

  /** The optimistic copy of a message on its way. */
  wait(message) {
    const element = this.waiting.get(message.id)?.element ?? h("article", { class: "entry customer waiting", "data-client-id": message.id });
    const status = message.failed ? this.failed(message) : this.mark("sending");
    element.classList.toggle("failed", Boolean(message.failed));
    element.replaceChildren(
      h("span", { class: "quiet" }, `${this.words.say("you")}: `),
      ...this.bubbles({ text: message.text, files: message.files }),
      h("span", { class: "meta" }, h("time", { datetime: message.at }, this.words.time(message.at)), status),
    );
    if (!this.waiting.has(message.id)) this.element.append(element);
    this.waiting.set(message.id, { message, element });
  }

  failed(message) {
    const again = h("button", { type: "button", class: "again", "data-retry": message.id }, this.words.say("retry"));
    return h("span", { class: "mark failed" }, icon("alert"), this.words.say("failed"), " · ", again);
  }

  accepted(id) {
    const found = this.waiting.get(id);
    found?.element.querySelector(".mark")?.replaceWith(this.mark("sent"));
    found?.element.classList.remove("waiting");
  }

  /** The message's words stand inside: they say what the picture leaves out. */
  card(card, text) {
    const steps = Array.from({ length: card.steps_total }, (_, i) => h("i", { class: i < card.steps_done ? "done" : null }));
    const told = this.words.say("steps", { done: card.steps_done, total: card.steps_total });
    const link = card.link && /^https?:\/\//.test(card.link)
      && h("a", { class: "card-link", href: card.link, target: "_blank", rel: "noopener noreferrer nofollow" }, card.link_label || card.link);
    return h(
      "div", { class: "bubble card" },
      h("div", { class: "card-head" }, h("b", {}, card.title), card.badge && h("span", { class: `chip ${card.tone}` }, card.badge)),
      steps.length > 0 && h("div", { class: "steps", role: "img", "aria-label": told }, steps),
      text && h("p", { class: "card-text" }, ...linked(text)),
      card.lines.length > 0 && h("ul", {}, card.lines.map((line) => h("li", {}, ...linked(line)))),
      card.footnote && h("p", { class: "footnote" }, card.footnote),
      link,
    );
  }

  file(file) {
    if (file.is_image) {
      return h("a", { class: "picture", href: file.url, target: "_blank", rel: "noopener" }, h("img", { src: file.url, alt: file.name, loading: "lazy" }));
    }
    return h("a", { class: "document", href: file.url, target: "_blank", rel: "noopener" }, icon("file"), h("span", { class: "file-name" }, file.name), h("small", {}, this.words.size(file.size)));
  }

  /** Everything anew, after the language changed. */
  redraw(words) {
    this.words = words;
    const entries = [...this.entries.values()].map(({ entry }) => entry);
    const waiting = [...this.waiting.values()].map(({ message }) => message);
    this.clear();
    this.add(entries);
    for (const message of waiting) this.wait(message);
  }
}
