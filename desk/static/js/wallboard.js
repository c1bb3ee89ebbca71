// The wallboard asks for itself anew; what could not be read is said, and tried again.
(() => {
  const every_ms = 15000, board = document.getElementById("board");

  async function refresh() {
    if (document.hidden) return;
    let html = "";
    try {
      const answer = await fetch("/desk/wallboard", { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(15000) });
      if (answer.status === 401) return location.reload();
      if (answer.ok) html = await answer.text();
    } catch {
      // said below
    }
    document.querySelector("[data-stale]").hidden = Boolean(html);
    document.querySelector("[data-live]").hidden = !html;
    if (!html) return;
    board.innerHTML = html;
    document.querySelector("[data-clock]").textContent = board.querySelector("[data-at]").dataset.at;
    document.dispatchEvent(new CustomEvent("reports:changed"));
  }

  async function keepUp() {
    await refresh();
    setTimeout(keepUp, every_ms);
  }
  setTimeout(keepUp, every_ms);
  document.addEventListener("visibilitychange", refresh);
})();
