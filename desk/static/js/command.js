// The command bar: conversations by name, macros, actions. Also what inserts text into the reply.
(() => {
  const bar = () => document.getElementById("command");
  const shown = () => [...bar().querySelectorAll(".choice")].filter((choice) => choice.checkVisibility());

  function openBar(mode) {
    const dialog = bar(), conversation = document.getElementById("conversation")?.dataset.conversation;
    if (!dialog || dialog.open || document.querySelector("dialog[open]")) return;
    dialog.dataset.mode = mode;
    dialog.querySelector("input").value = "";
    document.getElementById("found").replaceChildren();
    document.getElementById("macros").replaceChildren();
    dialog.showModal();
    sift();
    if (conversation) htmx.ajax("GET", `/desk/c/${conversation}/macros`, { target: "#macros", swap: "innerHTML" });
  }

  // hidden are what does not fit the words typed, what cannot be done now, and headings without entries
  function sift() {
    const dialog = bar(), words = dialog.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const choice of dialog.querySelectorAll(".choice")) {
      const text = choice.textContent.toLowerCase(), { presses } = choice.dataset;
      const found = choice.closest("#found") || words.every((word) => text.includes(word));
      choice.hidden = !found || Boolean(presses && !target(presses));
    }
    for (const section of dialog.querySelectorAll("section")) {
      section.hidden = !section.querySelector(".choice:not([hidden])");
    }
    const choices = shown();
    dialog.querySelector("[data-nothing]").hidden = choices.length > 0;
    for (const choice of dialog.querySelectorAll(".choice")) choice.classList.toggle("first", choice === choices[0]);
  }

  const target = (selector) => [...document.querySelectorAll(selector)].find((element) => element.checkVisibility());

  function step(by) {
    const stops = [bar().querySelector("input"), ...shown()];
    const at = stops.indexOf(document.activeElement);
    stops[(at + by + stops.length) % stops.length].focus();
  }

  function insert(text) {
    window.desk.setMode("reply", true);
    const draft = document.getElementById("draft");
    draft.setRangeText(text, draft.selectionStart, draft.selectionEnd, "end");
    draft.dispatchEvent(new Event("input", { bubbles: true }));
    const blank = /\{[a-z_.]+\}/.exec(draft.value);
    if (blank) draft.setSelectionRange(blank.index, blank.index + blank[0].length);
  }

  document.addEventListener("click", (event) => {
    const choice = event.target.closest("#command .choice"), inserting = event.target.closest("[data-inserts]");
    if (event.target.closest("[data-opens-macros]")) openBar("macros");
    if (choice) bar().close();
    if (inserting) insert(inserting.dataset.inserts);
    if (choice?.dataset.presses) target(choice.dataset.presses)?.click();
    if (choice?.dataset.presses?.startsWith("#mode-")) document.getElementById("draft")?.focus();
  });

  document.addEventListener("input", (event) => {
    if (event.target.id === "command-text") sift();
    if (event.target.id !== "draft" || event.target.value !== "/" || event.inputType !== "insertText") return;
    event.target.value = "";
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
    openBar("macros");
  });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.code === "KeyK") {
      event.preventDefault();
      openBar("all");
    }
    if (!event.target.closest?.("#command")) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      step(by);
    } else if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      shown()[0]?.click();
    }
  });

  document.addEventListener("htmx:after:swap", () => { if (bar()?.open) sift(); });
})();
