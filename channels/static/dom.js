/** Small ways to build and find elements; text never becomes markup. */

export const byId = (id) => document.getElementById(id);

/** h("p", {class: "quiet", onclick: go}, "text", child): an element; null and false children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const URLS = /https?:\/\/[^\s<>"'«»“”]+[^\s<>"'«»“”.,;:!?)\]]/g;

/** Text with its web addresses as links that give nothing away. */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(URLS)) {
    parts.push(text.slice(end, found.index));
    parts.push(h("a", { href: found[0], target: "_blank", rel: "noopener noreferrer nofollow" }, found[0]));
    end = found.index + found[0].length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

const FOCUSABLE = "button:not([disabled]),[href],input:not([hidden]):not([disabled]),textarea:not([disabled]),[tabindex='0']";

export function focusable(root) {
  return [...root.querySelectorAll(FOCUSABLE)].filter((element) => element.getClientRects().length > 0 && element.tabIndex >= 0);
}

/** Keeps Tab inside `root()`; what is under a veil is left out by the caller's choice of root. */
export function trapFocus(root) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    const stops = focusable(root());
    if (!stops.length) return;
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement === edge || !root().contains(document.activeElement)) {
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0]).focus();
    }
  });
}

export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
