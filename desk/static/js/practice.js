// A lesson has no socket: the page asks for news, and who read its end goes on reading there.
(() => {
  const flow = document.getElementById("flow");
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
})();
