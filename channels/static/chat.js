/** The chat window: joins connection, log and forms, and talks to the page that embeds it. */

import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { byId, h, newId, trapFocus } from "./dom.js";
import { icon } from "./icons.js";
import { Log } from "./log.js";
import { Menu } from "./menu.js";
import { Forms } from "./forms.js";
import { Sheets } from "./sheets.js";
import { Storage } from "./storage.js";
import { surveyCard } from "./survey.js";
import { applyTheme } from "./theme.js";
import { Words } from "./words.js";

const TYPING_SHOWN_MS = 6_000;
const THINKING_SHOWN_MS = 8_000;
const NOTICE_SHOWN_MS = 6_000;
const NAMES = { en: "English", ru: "Русский", es: "Español" };

const config = JSON.parse(document.documentElement.dataset.config);
const query = new URLSearchParams(location.search);
const isEmbedded = window.parent !== window;

const storage = new Storage(config.inbox);
const api = new Api(config.inbox, storage);
const connection = new Connection(api, storage);
const state = { state: "bot", link: "idle", isOpen: !isEmbedded, isFirst: true, unread: 0, status: {} };
const wantedLanguage = storage.get("language") ?? query.get("language") ?? navigator.language.slice(0, 2);
let words = new Words(config.languages.includes(wantedLanguage) ? wantedLanguage : config.languages[0]);

const log = new Log(byId("log"), words);
const sheets = new Sheets(byId("sheet"), words);
const forms = new Forms({ api, sheets, say, notify, done: () => connection.start() });
const composer = new Composer({ api, connection, config, words, send: say, notify });
const menu = new Menu(menuItems);
const scroll = byId("scroll");

/* ---- the embedding page ---- */

function tellPage(kind, detail) {
  if (isEmbedded) window.parent.postMessage({ switchboard: kind, detail }, config.parent);
}

window.addEventListener("message", (event) => {
  if (event.source !== window.parent || event.origin !== config.parent || !event.data?.switchboard) return;
  const { switchboard: kind, detail } = event.data;
  if (kind === "open") open();
  else if (kind === "close") state.isOpen = false;
  else if (kind === "identify") connection.identify(detail);
  else if (kind === "logout") connection.logout();
});

function open() {
  state.isOpen = true;
  if (storage.visitor || connection.pending.length) connection.start();
  lookIfOpen();
  seen();
  toBottom();
  composer.text.focus();
}

function close() {
  state.isOpen = false;
  tellPage("close");
}

/* ---- saying something ---- */

function say({ text, choice, files = [] }) {
  const message = { id: newId(), text, choice, files, language: words.language, at: new Date().toISOString() };
  if (isEnded()) beginAnew();
  log.wait(message);
  byId("choices").replaceChildren();
  connection.send(message);
  thinking();
  draw();
  toBottom();
}

function thinking() {
  clearTimeout(state.thinkingTimer);
  state.isThinking = state.status.state !== "agent" && state.status.state !== "queued";
  state.thinkingTimer = setTimeout(() => { state.isThinking = false; drawTyping(); }, THINKING_SHOWN_MS);
}

connection.addEventListener("updates", ({ detail }) => {
  const { entries, ...status } = detail;
  const wasAtBottom = isAtBottom();
  state.status = status;
  const shown = entries.filter((entry) => entry.id > (storage.get("floor") ?? 0));
  log.add(shown);
  const others = shown.filter((entry) => entry.author !== "customer");
  if (others.length || status.state === "queued" || status.state === "agent") state.isThinking = false;
  if (status.typing === "agent" || status.typing === "bot") showTyping(status.typing);
  else if (others.length) state.typing = null;
  count(others);
  draw();
  if (state.isFirst) {
    state.isFirst = false;
    for (const message of connection.pending) log.wait(message);
    toBottom();
    requestAnimationFrame(() => byId("log").setAttribute("aria-live", "polite"));
  } else if (wasAtBottom) toBottom();
  else byId("latest").hidden = !others.length;
});

connection.addEventListener("accepted", ({ detail }) => log.accepted(detail));
connection.addEventListener("pending", ({ detail }) => log.wait(detail));
connection.addEventListener("failed", ({ detail }) => {
  const message = connection.pending.find((each) => each.id === detail);
  if (message) log.wait(message);
});
connection.addEventListener("link", ({ detail }) => {
  state.link = detail;
  drawHead();
  drawTyping();
});
connection.addEventListener("cleared", () => {
  log.clear();
  Object.assign(state, { status: {}, unread: 0, isFirst: true, surveyDone: false });
  tellPage("unread", 0);
  draw();
});

/* ---- read and unread ---- */

function count(others) {
  const readTo = storage.get("read") ?? 0;
  const last = others.at(-1)?.id ?? 0;
  if (state.isOpen && !document.hidden) return seen();
  if (last <= readTo) return;
  state.unread += others.filter((entry) => entry.id > readTo).length;
  storage.set("read", last);
  tellPage("unread", state.unread);
}

function seen() {
  const last = log.lastEntry?.id ?? 0;
  if (last > (storage.get("read") ?? 0) || state.unread) {
    storage.set("read", Math.max(last, storage.get("read") ?? 0));
    if (last) connection.read(last);
  }
  state.unread = 0;
  tellPage("unread", 0);
}

/* ---- drawing ---- */

function draw() {
  drawHead();
  drawChoices();
  drawTyping();
  drawQueue();
  drawEnding();
  byId("menu-button").hidden = !menuItems().length;
}

async function lookIfOpen() {
  try {
    state.isDeskOpen = (await (await api.request("/status")).json()).open;
    drawHead();
  } catch { /* the subtitle stays as it is */ }
}

function drawHead() {
  const { state: who, agent_name: agent } = state.status;
  const chat = byId("chat");
  chat.dataset.state = who ?? "bot";
  chat.dataset.link = state.link;
  const name = agent ?? words.say("aPerson");
  byId("title").textContent = who === "agent" ? name : words.say("title", { company: config.company });
  const answering = state.isDeskOpen === undefined ? "answersAtOnce" : state.isDeskOpen ? "peopleHere" : "peopleAway";
  const lines = { queued: words.say("inQueue"), agent: config.company, closed: words.say(isEnded() ? "ended" : answering) };
  byId("subtitle").textContent = state.link === "offline" ? words.say("offline") : lines[who] ?? words.say(answering);
  const initials = who === "agent" && agent && agent.split(/\s+/).slice(0, 2).map((part) => part[0]).join("").toUpperCase();
  byId("avatar").classList.toggle("initials", Boolean(initials));
  byId("avatar").replaceChildren(initials || icon(who === "agent" ? "person" : "bot"));
}

function isEnded() {
  return state.status.state === "closed" && log.entries.size > 0 && !log.waiting.size;
}

function drawChoices() {
  const last = log.lastEntry;
  let rows = [];
  if (!log.entries.size && !log.waiting.size) rows = words.say("starters").map(([label, value]) => ({ label, text: value }));
  else if (last && last.author !== "customer" && !log.waiting.size && !isEnded()) {
    rows = last.choices.map(({ label, value }) => ({ label, text: label, choice: value }));
  }
  byId("choices").setAttribute("aria-label", words.say("suggestions"));
  byId("choices").replaceChildren(...rows.map(({ label, text, choice }) => h(
    "button", { type: "button", class: "choice", onclick: () => { say({ text, choice }); composer.text.focus(); } }, label,
  )));
  byId("greeting").hidden = log.entries.size + log.waiting.size > 0;
  byId("greeting").textContent = words.say("greeting");
}

function showTyping(who) {
  state.typing = who;
  clearTimeout(state.typingTimer);
  state.typingTimer = setTimeout(() => { state.typing = null; drawTyping(); }, TYPING_SHOWN_MS);
}

function drawTyping() {
  const who = state.typing ?? (state.isThinking && state.link === "online" ? "bot" : null);
  const wasAtBottom = isAtBottom();
  byId("typing").hidden = !who;
  byId("typing-text").textContent = who === "agent"
    ? words.say("typing", { name: state.status.agent_name ?? words.say("aPerson") })
    : words.say("thinking");
  if (who && wasAtBottom) toBottom();
}

function drawQueue() {
  const { state: who, queue_position: place, estimated_wait_s: wait, longest_wait_s: longest } = state.status;
  const box = byId("queue");
  box.hidden = who !== "queued" || !place;
  if (box.hidden) return;
  const line = place === 1 ? words.say("next") : words.say("place", { n: place });
  const told = [line, words.wait(wait, longest)].filter(Boolean).join(" · ");
  if (box.textContent !== told) box.textContent = told;
}

function drawEnding() {
  const box = byId("ending");
  const ended = isEnded();
  byId("composer").classList.toggle("over", ended);
  const due = state.status.survey_due && ended && !state.surveyDone;
  if (due && !box.querySelector(".survey")) box.replaceChildren(surveyCard(words, answerSurvey), anewButton());
  else if (ended && !box.firstChild) box.replaceChildren(anewButton());
  else if (!ended) box.replaceChildren();
}

function anewButton() {
  return h("button", { type: "button", class: "anew", onclick: () => { beginAnew(); composer.text.focus(); } }, icon("plus"), words.say("startNew"));
}

async function answerSurvey(score, comment) {
  const answer = await api.post("/survey", { score, comment });
  if (!answer.ok) throw new Error(String(answer.status));
  state.surveyDone = true;
}

/** The old conversation leaves the window; the next message opens a new one. */
function beginAnew() {
  const last = log.lastEntry?.id ?? 0;
  storage.set("floor", last);
  log.clear();
  state.surveyDone = false;
  draw();
}

function notify(sentence) {
  const box = byId("notice");
  box.textContent = sentence;
  box.hidden = false;
  clearTimeout(state.noticeTimer);
  state.noticeTimer = setTimeout(() => { box.hidden = true; }, NOTICE_SHOWN_MS);
}

/* ---- scrolling ---- */

const isAtBottom = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;

function toBottom() {
  scroll.scrollTop = scroll.scrollHeight;
  byId("latest").hidden = true;
}

scroll.addEventListener("scroll", () => { if (isAtBottom()) byId("latest").hidden = true; });
byId("latest").addEventListener("click", () => { toBottom(); composer.text.focus(); });
new ResizeObserver(() => state.wasAtBottom && toBottom()).observe(scroll);
scroll.addEventListener("scroll", () => { state.wasAtBottom = isAtBottom(); });

/* ---- forms ---- */

byId("human").addEventListener("click", async () => {
  await lookIfOpen();
  if (state.isDeskOpen === false) return forms.offline();
  say({ text: words.say("humanText"), choice: "talk_to_person" });
  composer.text.focus();
});

byId("callback").addEventListener("click", () => forms.callback());

function menuItems() {
  const items = [];
  if (log.entries.size) items.push(["mail", words.say("transcript"), () => forms.transcript()]);
  if (isEnded()) items.push(["again", words.say("startNew"), () => { beginAnew(); composer.text.focus(); }]);
  return items;
}

/* ---- languages ---- */

function label() {
  document.documentElement.lang = words.language;
  composer.label(words);
  sheets.words = words;
  for (const [id, name, picture] of [["human", "human", "person"], ["callback", "callback", "phone"]]) {
    byId(id).replaceChildren(icon(picture), h("span", {}, words.say(name)));
  }
  for (const [id, name] of [["close", "close"], ["menu-button", "menu"]]) {
    byId(id).setAttribute("aria-label", words.say(name));
    byId(id).title = words.say(name);
  }
  byId("close").replaceChildren(icon("close"));
  byId("latest").replaceChildren(icon("down"), words.say("latest"));
  byId("log").setAttribute("aria-label", words.say("log"));
  scroll.setAttribute("aria-label", words.say("log"));
  byId("languages").setAttribute("aria-label", words.say("languages"));
  byId("languages").replaceChildren(...config.languages.map((code) => h(
    "button", { type: "button", lang: code, "aria-pressed": String(code === words.language), "aria-label": NAMES[code] ?? code, onclick: () => speak(code) }, code.toUpperCase(),
  )));
}

function speak(language) {
  words = new Words(language);
  storage.set("language", language);
  log.redraw(words);
  byId("ending").replaceChildren();
  label();
  draw();
  byId("languages").querySelector(`[lang="${language}"]`).focus();
}

/* ---- start ---- */

applyTheme(config.accent, query.get("theme"));
label();
draw();
byId("close").addEventListener("click", close);
byId("chat").classList.toggle("alone", !isEmbedded);
byId("log").addEventListener("click", (event) => {
  const id = event.target.closest("[data-retry]")?.dataset.retry;
  if (id) connection.retry(id);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (sheets.isOpen) sheets.close();
  else if (menu.isOpen) menu.close();
  else close();
});
document.addEventListener("visibilitychange", () => state.isOpen && !document.hidden && seen());
trapFocus(() => (sheets.isOpen ? byId("sheet") : byId("chat")));
if (storage.visitor || connection.pending.length) connection.start();
else byId("log").setAttribute("aria-live", "polite");
if (!isEmbedded) open();
tellPage("ready");
