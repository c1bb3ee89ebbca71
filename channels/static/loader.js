/* Switchboard chat loader: a button, an iframe, and one function: Switchboard("open" | "close" | "identify" | "logout"). */
(function () {
  "use strict";
  var script = document.currentScript, page = window, doc = document;
  if (!script || page.Switchboard) return;
  var base = new URL(script.src).origin, inbox = script.dataset.inbox || "web";
  var colours = "__COLOURS__"[inbox] || ["#3450c8", "#fff"], accent = colours[0];
  var words = {
    en: ["Open chat", "Close chat", "Chat", "unread"],
    ru: ["Открыть чат", "Закрыть чат", "Чат", "непрочитанных"],
    es: ["Abrir el chat", "Cerrar el chat", "Chat", "sin leer"]
  };
  var language = (script.dataset.language || doc.documentElement.lang || navigator.language || "en").slice(0, 2).toLowerCase();
  var say = words[language] || words.en, frame, ready = false, waiting = [], isOpen = false, unread = 0;

  function icon(path) {
    return '<svg aria-hidden="true" width="26" height="26" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="' + path + '"/></svg>';
  }
  var host = doc.createElement("div"), root = host.attachShadow({ mode: "open" }), sheet = new CSSStyleSheet();
  host.id = "switchboard";
  sheet.replaceSync(
    ":host{all:initial}button{position:fixed;right:24px;bottom:24px;z-index:2147483000;width:56px;height:56px;border:0;border-radius:50%;cursor:pointer;display:grid;place-items:center;background:" + accent + ";color:" + colours[1] + ";box-shadow:0 6px 24px rgb(16 24 40/.28);transition:transform .15s}" +
    "button:hover{transform:scale(1.05)}button:focus-visible{outline:3px solid " + accent + ";outline-offset:3px}" +
    "b{position:absolute;top:-4px;right:-4px;min-width:20px;height:20px;padding:0 5px;box-sizing:border-box;border-radius:10px;background:#b42318;color:#fff;font:600 12px/20px system-ui,sans-serif;box-shadow:0 0 0 2px #fff}b:empty{display:none}" +
    "iframe{position:fixed;right:24px;bottom:92px;z-index:2147483001;width:400px;height:min(720px,calc(100dvh - 116px));border:0;border-radius:18px;background:Canvas;box-shadow:0 24px 64px rgb(16 24 40/.26);opacity:0;visibility:hidden;transform:translateY(12px);transition:opacity .18s,transform .18s,visibility 0s .18s}" +
    "iframe.open{opacity:1;visibility:visible;transform:none;transition:opacity .18s,transform .18s}" +
    "@media(max-width:520px){iframe{inset:0;width:100%;height:100dvh;border-radius:0}.open+button{display:none}}" +
    "@media(prefers-reduced-motion:reduce){*,iframe.open{transition:none!important}}@media print{*{display:none}}");
  root.adoptedStyleSheets = [sheet];
  var button = doc.createElement("button"), badge = doc.createElement("b"), face = doc.createElement("span");
  button.type = "button"; button.id = "switchboard-launcher";
  face.style.display = "grid"; badge.setAttribute("aria-hidden", "true");
  button.append(face, badge);

  function draw() {
    button.setAttribute("aria-expanded", String(isOpen));
    button.setAttribute("aria-label", say[isOpen ? 1 : 0] + (unread ? ", " + unread + " " + say[3] : ""));
    badge.textContent = unread ? (unread > 9 ? "9+" : unread) : "";
    face.innerHTML = icon(isOpen ? "m6 9 6 6 6-6" : "M2.992 16.342a2 2 0 0 1 .094 1.167l-1.065 3.29a1 1 0 0 0 1.236 1.168l3.413-.998a2 2 0 0 1 1.099.092 10 10 0 1 0-4.777-4.719");
  }
  function tell(kind, detail) {
    var message = { switchboard: kind, detail: detail };
    if (ready) frame.contentWindow.postMessage(message, base); else waiting.push(message);
  }
  function show(open) {
    if (open === isOpen) return;
    isOpen = open;
    frame.classList.toggle("open", open);
    draw();
    tell(open ? "open" : "close");
    if (open) frame.focus(); else button.focus();
  }
  function start() {
    frame = doc.createElement("iframe");
    frame.id = "switchboard-frame"; frame.title = say[2]; frame.allow = "clipboard-write";
    frame.src = base + "/chat/" + encodeURIComponent(inbox) + "/frame?" + new URLSearchParams({
      origin: location.origin, language: language, theme: script.dataset.theme || ""
    });
    button.onclick = function () { show(!isOpen); };
    root.append(frame, button); draw(); doc.body.append(host);
  }
  page.addEventListener("message", function (event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== base) return;
    var kind = event.data && event.data.switchboard;
    if (kind === "ready") {
      ready = true;
      waiting.splice(0).forEach(function (message) { frame.contentWindow.postMessage(message, base); });
    } else if (kind === "close") show(false);
    else if (kind === "unread") { unread = event.data.detail; draw(); }
  });
  page.Switchboard = function (what, detail) {
    if (what === "open" || what === "close") {
      if (frame) show(what === "open"); else page.addEventListener("load", function () { show(what === "open"); });
    } else if (what === "identify" || what === "logout") tell(what, detail);
  };
  if (doc.readyState === "complete") start(); else page.addEventListener("load", start);
})();
