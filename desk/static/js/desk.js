// Panes, menus, dialogs, toasts, the theme; and which row is open.
(() => {
  const themes = ["auto", "light", "dark"];

  function open(id, text = "", opener = null) {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    const field = dialog.querySelector("input[type=hidden][name=text]");
    if (field) field.value = text;
    for (const { name, value } of opener?.attributes ?? []) {
      const filled = name.startsWith("data-fill-") && dialog.querySelector(`[name=${name.slice(10)}]`);
      if (filled) filled.value = value;
    }
    dialog.showModal();
    dialog.dispatchEvent(new Event("opened"));
  }

  function moved() {
    const conversation = document.getElementById("conversation")?.dataset.conversation;
    const app = document.getElementById("app");
    if (!app) return;
    for (const row of document.querySelectorAll("[data-row]")) {
      if (row.dataset.row === conversation) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    const tab = document.querySelector(".rows")?.dataset.tab, here = `${conversation ?? "list"} ${tab}`;
    if (app.dataset.here === here) return;
    if (app.dataset.here?.split(" ")[0] !== here.split(" ")[0]) app.dataset.pane = conversation ? "conversation" : "list";
    app.dataset.here = here;
    document.dispatchEvent(new CustomEvent("desk:moved"));
  }

  function nextTheme() {
    const now = document.documentElement.dataset.theme ?? "auto";
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    localStorage.setItem("switchboard:theme", next);
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target) || at(".menu button, .menu a")) menu.open = false;
    }
    if (at("[data-opens]")) open(at("[data-opens]").dataset.opens, "", at("[data-opens]"));
    if (at("[data-dismiss]") || event.target.matches("dialog")) at("dialog").close();
    if (at("[data-gone]")) at(".toast").remove();
    if (at("[data-shows]")) document.getElementById("app").dataset.pane = at("[data-shows]").dataset.shows;
    if (at("[data-theme-switch]")) nextTheme();
  });

  // who writes a time means that choice
  document.addEventListener("input", (event) => {
    const { chooses } = event.target.dataset;
    if (chooses) event.target.closest("form").querySelector(`[type=radio][value=${chooses}]`).checked = true;
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-logs-out]")) return;
    for (const key of Object.keys(localStorage)) if (key.startsWith("switchboard:draft:")) localStorage.removeItem(key);
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx;
    if (response.status < 400 && sourceElement.matches?.("[data-closes]")) sourceElement.closest("dialog").close();
  });

  document.addEventListener("htmx:error", () => {
    const texts = window.desk?.texts;
    if (texts) toast(texts.unreachable);
  });

  function toast(sentence) {
    const box = document.createElement("div"), text = document.createElement("span");
    box.className = "toast bad";
    box.setAttribute("role", "alert");
    text.textContent = sentence;
    box.append(text);
    document.getElementById("toasts").append(box);
    setTimeout(() => box.remove(), 8000);
  }

  document.addEventListener("htmx:after:swap", () => {
    moved();
    for (const box of document.querySelectorAll(".toast:not([data-timed])")) {
      box.dataset.timed = "yes";
      setTimeout(() => box.remove(), box.matches(".bad") ? 12000 : 5000);
    }
  });

  // htmx restores only pages of its own making, and the first one is not
  history.replaceState({ ...history.state, htmx: true }, "");
  window.desk = Object.assign(window.desk ?? {}, { open });
  moved();
})();
