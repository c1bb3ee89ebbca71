/** Forms that lie over the conversation: call back, transcript by mail, letter-box of a closed desk. */

import { h, focusable } from "./dom.js";

const EMAIL = /^[^\s@<>(),;:"\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

export function field(name, label, attributes = {}) {
  const tag = attributes.rows ? "textarea" : "input";
  const input = h(tag, { id: `sheet-${name}`, name, "aria-describedby": "sheet-error", ...attributes });
  return h("label", { class: "field", for: `sheet-${name}` }, h("span", {}, label), input);
}

export const isEmail = (text) => EMAIL.test(text);
export const isPhone = (text) => /^\+?[\d\s().-]{6,24}$/.test(text) && text.replace(/\D/g, "").length >= 6;

export class Sheets {
  constructor(veil, words) {
    this.veil = veil;
    this.words = words;
    veil.addEventListener("click", (event) => event.target === veil && this.close());
  }

  get isOpen() {
    return !this.veil.hidden;
  }

  /** `submit(values)` gives nothing when done, or the sentence to show. */
  open({ title, text, fields, button, submit }) {
    this.back = document.activeElement;
    const error = h("p", { id: "sheet-error", class: "error", role: "alert" });
    const send = h("button", { type: "submit", class: "primary" }, button);
    const form = h(
      "form", { novalidate: true },
      h("h2", { id: "sheet-title" }, title), text && h("p", {}, text), fields, error,
      h("div", { class: "actions" }, h("button", { type: "button", class: "plain", onclick: () => this.close() }, this.words.say("cancel")), send),
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      send.disabled = true;
      error.textContent = "";
      const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
      const problem = await submit(values).catch(() => this.words.say("tryLater"));
      send.disabled = false;
      if (problem) {
        error.textContent = problem;
        form.querySelector("input,textarea")?.focus();
      } else this.close();
    });
    this.veil.replaceChildren(h("div", { class: "sheet", role: "dialog", "aria-modal": "true", "aria-labelledby": "sheet-title" }, form));
    this.veil.hidden = false;
    focusable(form)[0].focus();
  }

  close() {
    this.veil.hidden = true;
    this.veil.replaceChildren();
    this.back?.focus();
  }
}
