/** The menu under the three dots, by the keys of the WAI-ARIA menu button pattern. */

import { byId, h } from "./dom.js";
import { icon } from "./icons.js";

export class Menu {
  /** `items()` gives [icon, sentence, action] rows anew each time it opens. */
  constructor(items) {
    this.button = byId("menu-button");
    this.list = byId("menu");
    this.items = items;
    this.button.append(icon("more"));
    this.button.addEventListener("click", () => (this.list.hidden ? this.open() : this.close()));
    this.button.addEventListener("keydown", (event) => event.key === "ArrowDown" && this.open());
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("focusout", (event) => {
      if (!this.list.contains(event.relatedTarget) && event.relatedTarget !== this.button) this.hide();
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  open() {
    this.list.replaceChildren(...this.items().map(([picture, text, action]) => h(
      "button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => { this.close(); action(); } }, icon(picture), text,
    )));
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.list.firstChild.focus();
  }

  hide() {
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
  }

  close() {
    this.hide();
    this.button.focus();
  }

  pressed(event) {
    const rows = [...this.list.children];
    const here = rows.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1 + rows.length, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      rows[to % rows.length].focus();
    } else if (event.key === "Tab") this.hide();
  }
}
