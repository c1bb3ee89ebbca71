// The reply box: drafts kept per conversation, reply or note, sending. It is never swapped while one writes.
(() => {
  const key = (form) => `switchboard:draft:${form.dataset.conversation}:${form.dataset.mode}`;
  const form = () => document.getElementById("composer");
  const mayWhisper = () => document.querySelector("[data-may-whisper]")?.dataset.mayWhisper === "yes";
  const mayReply = () => document.querySelector("[data-may-reply]")?.dataset.mayReply === "yes";
  let typedAt = 0, undone = null;

  // what may not be done becomes a note; only such a note turns into a reply by itself, never one that was chosen
  function setMode(wanted, focus) {
    const composer = form();
    if (!composer) return;
    const isRefused = (wanted === "reply" && !mayReply()) || (wanted === "whisper" && !mayWhisper());
    const mode = isRefused ? "note" : wanted, changed = composer.dataset.mode !== mode;
    composer.dataset.mode = mode;
    composer.dataset.chosen = isRefused ? "no" : "yes";
    composer.setAttribute("hx-post", `/desk/c/${composer.dataset.conversation}/${mode}`);
    for (const tab of composer.querySelectorAll("[role=tab]")) {
      const chosen = tab.dataset.mode === mode;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    const text = composer.elements.text;
    text.placeholder = text.dataset[mode];
    if (changed || !text.value) text.value = localStorage.getItem(key(composer)) ?? "";
    if (focus) text.focus();
  }

  function begin() {
    const composer = form();
    if (!composer || composer.dataset.begun) return;
    composer.dataset.begun = "yes";
    if (!composer.dataset.chosen) setMode("reply", false);
    const flow = document.getElementById("flow");
    flow.scrollTop = flow.scrollHeight;
  }

  function lastEntry() {
    const entries = document.querySelectorAll(".timeline .entry:not([data-entry=''])");
    return entries[entries.length - 1]?.dataset.entry ?? "0";
  }

  // files are sent at once and named by the reply, which waits for them; what fails says so and holds it back
  function listed(composer, called) {
    const list = composer.querySelector(".files"), item = document.createElement("li");
    const name = document.createElement("span"), remove = document.createElement("button");
    Object.assign(name, { textContent: called });
    Object.assign(remove, { type: "button", textContent: "×", ariaLabel: `${list.dataset.remove} ${called}` });
    remove.addEventListener("click", () => { item.remove(); named(composer); });
    item.append(name, remove);
    list.append(item);
    return item;
  }

  async function attach(file) {
    const composer = form(), item = listed(composer, file.name);
    const token = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
    const headers = { "X-CSRF-Token": token, "X-File-Name": encodeURIComponent(file.name), "HX-Request": "true" };
    headers["Content-Type"] = file.type || "application/octet-stream";
    item.sending = fetch(`/desk/c/${composer.dataset.conversation}/files`, { method: "POST", headers, body: file })
      .then(async (answer) => { item.dataset.token = answer.status === 201 ? (await answer.json()).token : ""; })
      .catch(() => { item.dataset.token = ""; });
    await item.sending;
    if (!item.dataset.token) {
      item.classList.add("failed");
      item.firstChild.textContent = `${file.name}: ${composer.querySelector(".files").dataset.failed}`;
    }
    named(composer);
  }

  function named(composer) {
    const items = [...composer.querySelectorAll(".files li")];
    composer.elements.files.value = items.map((item) => item.dataset.token).filter(Boolean).join(" ");
  }

  document.addEventListener("change", (event) => {
    if (event.target.type !== "file" || !event.target.closest("#composer")) return;
    for (const file of event.target.files) attach(file);
    event.target.value = "";
  });

  // the formatted view is fetched only when somebody opens it, pictures from elsewhere only when asked for
  document.addEventListener("toggle", (event) => {
    const shown = event.target;
    const frame = shown.matches?.("details.formatted[open]") && shown.querySelector("iframe:not([src])");
    if (frame) frame.src = shown.dataset.formatted;
  }, true);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show-images]");
    if (!button) return;
    const shown = button.closest("details");
    shown.querySelector("iframe").src = `${shown.dataset.formatted}?images=1`;
    button.remove();
  });

  function underway(composer) {
    return [...composer.querySelectorAll(".files li")].filter((item) => item.dataset.token === undefined);
  }

  async function sendOnceUploaded(asking, composer) {
    if (asking.dataset.due) return;
    asking.dataset.due = "yes";
    const mode = composer.dataset.mode, files = underway(composer);
    await Promise.all(files.map((item) => item.sending));
    delete asking.dataset.due;
    if (files.some((item) => item.isConnected && !item.dataset.token)) asking.closest("dialog")?.close();
    else if (asking.isConnected && composer.dataset.mode === mode) asking.requestSubmit();
  }

  // only what was sent goes: what was written while it was on its way stays, and so does what stands elsewhere
  function cleared(composer, sent) {
    const rest = (value) => {
      const text = value.trimStart();
      return text.startsWith(sent.text) ? text.slice(sent.text.length).trimStart() : value;
    };
    const draft = rest(localStorage.getItem(sent.key) ?? "");
    if (draft) localStorage.setItem(sent.key, draft);
    else localStorage.removeItem(sent.key);
    if (key(composer) === sent.key) composer.elements.text.value = rest(composer.elements.text.value);
    for (const item of composer.querySelectorAll(".files li")) if (sent.files.includes(item.dataset.token)) item.remove();
    named(composer);
  }

  // what was taken back stands in the box again, before what was written since
  function takeBack(composer) {
    setMode("reply", true);
    const text = composer.elements.text;
    text.value = [undone.text, text.value].filter(Boolean).join("\n");
    localStorage.setItem(key(composer), text.value);
    for (const file of undone.files) listed(composer, file.name).dataset.token = file.token;
    named(composer);
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "draft") return;
    const composer = form(), value = event.target.value;
    if (value) localStorage.setItem(key(composer), value);
    else localStorage.removeItem(key(composer));
    if (composer.dataset.mode === "reply" && Date.now() - typedAt > 3000) {
      typedAt = Date.now();
      document.dispatchEvent(new CustomEvent("desk:typing"));
    }
  });

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail, composer = form();
    if (!composer) return;
    if (ctx.sourceElement.matches("[data-undo]")) {
      const held = ctx.sourceElement.closest(".held-reply"), files = [...held.querySelectorAll("[data-token]")];
      undone = {
        text: held.querySelector("p").textContent,
        files: files.map((file) => ({ token: file.dataset.token, name: file.querySelector("span").textContent })),
      };
    }
    if (ctx.sourceElement.closest("#escalate")) ctx.request.body.set("after", lastEntry());
    const resolving = ctx.sourceElement.closest("#resolve");
    if (ctx.sourceElement !== composer && !resolving) return;
    const text = (resolving ? ctx.sourceElement.elements : composer.elements).text.value.trim();
    const isReply = resolving ? Boolean(text) : composer.dataset.mode === "reply";
    if (!resolving && !text) return event.preventDefault();
    if (isReply && underway(composer).length) {
      event.preventDefault();
      return void sendOnceUploaded(ctx.sourceElement, composer);
    }
    if (!resolving) ctx.request.action = composer.getAttribute("hx-post");
    ctx.request.body.set("after", lastEntry());
    ctx.request.body.set("files", isReply ? composer.elements.files.value : "");
    ctx.sent = { key: key(composer), text, files: isReply ? composer.elements.files.value.split(" ") : [] };
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail, composer = form(), done = ctx.response.status < 400;
    if (!composer || !done) return;
    if (ctx.sent?.text) cleared(composer, ctx.sent);
    if (ctx.sourceElement.matches("[data-undo]")) takeBack(composer);
    if (ctx.sourceElement.closest("#resolve")) {
      setTimeout(() => document.getElementById("flow")?.focus()); // this one is done: the keys lead to the next
    }
  });

  document.addEventListener("click", (event) => {
    const tab = event.target.closest("#composer [role=tab]");
    if (tab) setMode(tab.dataset.mode, true);
    if (event.target.closest("[data-send-resolve]")) {
      window.desk.open("resolve", form().elements.text.value.trim());
    }
  });

  document.addEventListener("keydown", (event) => {
    const inComposer = event.target.closest?.("#composer");
    if (inComposer && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (event.shiftKey && form().dataset.mode === "reply") form().querySelector("[data-send-resolve]").click();
      else form().requestSubmit();
    } else if (inComposer && event.code === "KeyZ" && (event.ctrlKey || event.metaKey) && !form().elements.text.value) {
      const undo = [...document.querySelectorAll("[data-undo]")].at(-1);
      if (undo) event.preventDefault();
      undo?.click();
    } else if (inComposer && event.target.role === "tab" && /^Arrow(Left|Right)$/.test(event.key)) {
      const tabs = [...form().querySelectorAll("[role=tab]")].filter((tab) => tab.checkVisibility());
      const by = event.key === "ArrowRight" ? 1 : tabs.length - 1;
      setMode(tabs[(tabs.indexOf(event.target) + by) % tabs.length].dataset.mode, false);
      form().querySelector("[aria-selected=true]").focus();
    }
  });

  // a reply may become possible, or stop being so, while a note is written
  document.addEventListener("desk:gate", () => {
    const composer = form();
    if (!composer) return;
    const lost = { reply: !mayReply(), whisper: !mayWhisper() }[composer.dataset.mode];
    const text = composer.elements.text, isWriting = document.activeElement === text && text.value;
    if (lost && isWriting) return; // not under one's hands: what is sent all the same is refused, and stays
    if (lost) setMode(composer.dataset.mode, false);
    else if (mayReply() && composer.dataset.chosen === "no" && !composer.elements.text.value) setMode("reply", false);
  });

  Object.assign(window.desk, { setMode });
  document.addEventListener("htmx:after:swap", begin);
  begin();
})();
