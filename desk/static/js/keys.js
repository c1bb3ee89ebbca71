// The keyboard: every list entry, every action.
(() => {
  const press = (selector) => document.querySelector(selector)?.click();

  // a list just chosen is read from its top, wherever in it the open conversation or the focus stands
  let isFresh = false;
  let choosing, owed = 0; // the request for it, and the steps pressed before it came

  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (!ctx.sourceElement.matches?.("#tabs a")) return;
    choosing = ctx;
    isFresh = true;
  });

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx !== choosing) return;
    choosing = undefined;
    if (owed) step(owed);
    owed = 0;
  });

  function step(by) {
    if (choosing) return void (owed += by);
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const focused = rows.indexOf(document.activeElement);
    const at = focused >= 0 ? focused : rows.findIndex((row) => row.hasAttribute("aria-current"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, (isFresh ? -1 : at) + by))];
    isFresh = false;
    next.focus();
    if (matchMedia("(min-width: 701px)").matches) next.click();
  }

  const actions = {
    j: () => step(1),
    k: () => step(-1),
    a: () => press("#accept"),
    d: () => press("#decline"),
    e: () => press("[data-opens=resolve]"),
    z: () => [...document.querySelectorAll("[data-undo]")].at(-1)?.click(),
    i: () => press("[data-inserts]:not(#command *)"),
    s: () => press("[data-opens=snooze]"),
    u: () => press("[data-opens=escalate]"),
    o: () => press("#reopen"),
    w: () => press("#wake, #take-over"),
    t: () => press("[data-opens=transfer]"),
    h: () => window.desk.setMode("whisper", true),
    r: () => window.desk.setMode("reply", true),
    n: () => window.desk.setMode("note", true),
    "/": () => press("[data-opens-macros]"),
    "?": () => window.desk.open("shortcuts"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details[data-menu][open]")) menu.open = false;
      if (event.target.matches?.("textarea")) document.getElementById("flow")?.focus();
    }
    const writing = event.target.matches?.("input, textarea, select, [contenteditable]");
    if (writing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const tab = /^[1-9]$/.test(event.key) && document.querySelectorAll("#tabs a")[event.key - 1];
    const action = tab ? () => tab.click() : actions[physical(event)];
    if (!action) return;
    event.preventDefault();
    action();
  });

  // letters work in a Cyrillic layout too: there the physical key decides
  function physical(event) {
    if (/^[a-z?/]$/i.test(event.key)) return event.key.toLowerCase();
    if (event.code === "Slash" && event.shiftKey) return "?";
    return event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : "";
  }
})();
