/* Opens the chat from the page's own buttons. */
for (const button of document.querySelectorAll("[data-open-chat]")) {
  button.addEventListener("click", () => window.Switchboard && window.Switchboard("open"));
}
