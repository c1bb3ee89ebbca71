// One WebSocket per tab. The server sends fragments; after a gap it sends the state of everything again.
(() => {
  const firstPauseMs = 500, mostPauseMs = 15000;
  let socket, pauseMs = firstPauseMs, typingTimer, offlineTimer;

  function watching() {
    const conversation = document.getElementById("conversation")?.dataset.conversation;
    return { watch: conversation ? Number(conversation) : null, tab: document.getElementById("rows")?.dataset.tab };
  }

  function tell(message) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/desk/socket`);
    socket.addEventListener("open", () => {
      pauseMs = firstPauseMs;
      clearTimeout(offlineTimer);
      offlineTimer = undefined;
      document.getElementById("offline").hidden = true;
      tell(watching());
    });
    socket.addEventListener("message", (event) => {
      htmx.swap({ text: event.data, sourceElement: document.body, target: document.body, swap: "none" });
    });
    socket.addEventListener("close", (event) => {
      if (event.code === 4401) return location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`);
      offlineTimer ??= setTimeout(() => { document.getElementById("offline").hidden = false; }, 1500);
      setTimeout(connect, pauseMs * (0.75 + Math.random() / 2));
      pauseMs = Math.min(pauseMs * 2, mostPauseMs);
    });
  }

  function isAtEnd(flow) {
    return flow.scrollHeight - flow.scrollTop - flow.clientHeight < 80;
  }

  // an entry that came with the answer to our own request is not added a second time
  document.addEventListener("htmx:before:swap", (event) => {
    const flow = document.getElementById("flow");
    for (const task of event.detail.tasks ?? []) {
      if (task.target?.id !== "timeline") continue;
      if (flow) flow.dataset.follow = isAtEnd(flow) ? "yes" : "no";
      if (task.swapSpec.style !== "beforeend") continue;
      for (const entry of [...task.fragment.children]) document.getElementById(entry.id)?.remove();
    }
  });

  document.addEventListener("htmx:after:swap", () => {
    const flow = document.getElementById("flow"), jump = document.querySelector("[data-jump]");
    if (flow?.dataset.follow === "yes") flow.scrollTop = flow.scrollHeight;
    else if (flow?.dataset.follow === "no" && jump) jump.hidden = isAtEnd(flow);
    if (flow) delete flow.dataset.follow;
    document.dispatchEvent(new CustomEvent("desk:gate"));
    const typing = document.querySelector("#typing:not(:empty)");
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
  connect();
})();
