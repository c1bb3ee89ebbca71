// A lesson has no socket: the page asks for news, and who read the end goes on reading there.
(() => {
  const flow = document.getElementById("flow"), app = document.getElementById("app");
  let isAtEnd = true;
  flow.addEventListener("scroll", () => {
    isAtEnd = flow.scrollHeight - flow.scrollTop - flow.clientHeight < 80;
  });
  new ResizeObserver(() => {
    if (isAtEnd) flow.scrollTop = flow.scrollHeight;
  }).observe(flow);
  document.addEventListener("htmx:after:swap", () => {
    if (isAtEnd) flow.scrollTop = flow.scrollHeight;
    document.dispatchEvent(new CustomEvent("desk:gate"));
  });

  // on a telephone the lesson is a page of its own: it is read first, and the way back leads to it
  const isNarrow = matchMedia("(max-width: 700px)");
  document.addEventListener("click", (event) => {
    if (!isNarrow.matches || !event.target.closest(".conv .back")) return;
    event.preventDefault();
    app.dataset.pane = "list";
  });
  if (isNarrow.matches && document.getElementById("accept")) app.dataset.pane = "list";
})();
