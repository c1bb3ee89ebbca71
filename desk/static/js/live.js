// One WebSocket per tab. The server sends fragments; after a gap it sends the state of everything again.
(() => {
  const firstPauseMs = 500, mostPauseMs = 15000, heartbeatMs = 20000;
  let socket, pauseMs = firstPauseMs, heardAt = 0, typingTimer, offlineTimer, connectTimer;

  function watching() {
    const conversation = document.getElementById("conversation")?.dataset.conversation;
    return { watch: conversation ? Number(conversation) : null, tab: document.querySelector(".rows")?.dataset.tab };
  }

  function tell(message) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  function showOffline(is) {
    document.getElementById("offline").hidden = !is;
  }

  function connect() {
    clearTimeout(connectTimer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const opened = socket = new WebSocket(`${scheme}://${location.host}/desk/socket`);
    opened.addEventListener("open", () => {
      heardAt = Date.now();
      tell(watching());
    });
    opened.addEventListener("message", (event) => {
      heardAt = Date.now();
      pauseMs = firstPauseMs;
      clearTimeout(offlineTimer);
      offlineTimer = undefined;
      showOffline(false);
      if (event.data) htmx.swap({ text: event.data, sourceElement: document.body, target: document.body, swap: "none" });
    });
    opened.addEventListener("close", (event) => {
      if (opened !== socket) return;
      if (event.code === 4401) return location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`);
      offlineTimer ??= setTimeout(showOffline, 1500, true);
      connectTimer = setTimeout(connect, pauseMs * (0.75 + Math.random() / 2));
      pauseMs = Math.min(pauseMs * 2, mostPauseMs);
    });
  }

  // a dead line is not always told: ask now and then, and begin anew when nothing comes back
  setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - heardAt > 2.5 * heartbeatMs) return socket.close();
    tell({ ping: true });
  }, heartbeatMs);
  window.addEventListener("offline", () => showOffline(true));
  window.addEventListener("online", connect);

  function isAtEnd(flow) {
    return flow.scrollHeight - flow.scrollTop - flow.clientHeight < 80;
  }

  // what appears around the timeline makes it smaller: who read its end goes on reading there
  const sizes = new ResizeObserver(([{ target }]) => {
    if (target.dataset.atEnd !== "no") target.scrollTop = target.scrollHeight;
  });
  document.addEventListener("scroll", ({ target }) => {
    if (target.id === "flow") target.dataset.atEnd = isAtEnd(target) ? "yes" : "no";
  }, true);
  const watchSize = () => document.querySelectorAll("#flow").forEach((flow) => sizes.observe(flow));

  // an entry that came with the answer to our own request is not added a second time
  document.addEventListener("htmx:before:swap", (event) => {
    const flow = document.getElementById("flow");
    for (const task of event.detail.tasks ?? []) {
      if (!task.target?.matches?.(".timeline, .held")) continue;
      if (flow) flow.dataset.follow = isAtEnd(flow) ? "yes" : "no";
      if (task.swapSpec.style !== "beforeend" || task.target.matches(".held")) continue;
      if (task.fragment.querySelector(".m.in, .m.out")) document.body.dispatchEvent(new Event("said"));
      for (const entry of [...task.fragment.children]) document.getElementById(entry.id)?.remove();
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    const flow = document.getElementById("flow"), jump = document.querySelector("[data-jump]");
    if (flow?.dataset.follow === "yes") flow.scrollTop = flow.scrollHeight;
    else if (flow?.dataset.follow === "no" && jump) jump.hidden = isAtEnd(flow);
    if (flow) delete flow.dataset.follow;
    watchSize();
    document.dispatchEvent(new CustomEvent("desk:gate"));
    const typing = document.querySelector(".typing:not(:empty)");
    if (typing) {
      clearTimeout(typingTimer);
      typingTimer = setTimeout(() => typing.replaceChildren(), 5000);
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-jump]")) return;
    const flow = document.getElementById("flow");
    flow.scrollTop = flow.scrollHeight;
    event.target.closest("[data-jump]").hidden = true;
  });

  document.addEventListener("desk:moved", () => tell(watching()));
  document.addEventListener("desk:typing", () => tell({ typing: true }));
  watchSize();
  connect();
})();
