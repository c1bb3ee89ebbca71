/** The line one writes in: grows with its text, holds files until they are sent. */

import { byId, h } from "./dom.js";
import { icon } from "./icons.js";

const TYPING_EVERY_MS = 3_000;

export class Composer {
  /** `send({text, files})`, `typing()` and `notify(sentence)` are the page's. */
  constructor({ api, connection, config, words, send, notify }) {
    Object.assign(this, { api, connection, config, words, send, notify });
    this.files = [];
    this.isDue = false; // sent by the visitor, and waiting for a file that is still on its way
    this.text = byId("text");
    this.typedAt = 0;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("paste", (event) => event.clipboardData.files.length && this.take([...event.clipboardData.files]));
    byId("attach").addEventListener("click", () => byId("file").click());
    byId("file").addEventListener("change", (event) => {
      this.take([...event.target.files]);
      event.target.value = "";
    });
    const chat = byId("chat");
    chat.addEventListener("dragover", (event) => event.preventDefault());
    chat.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take([...event.dataTransfer.files]);
    });
    for (const id of ["text", "send"]) byId(id).disabled = false; // what is sent before now would be lost
  }

  label(words) {
    this.words = words;
    this.text.placeholder = words.say("placeholder");
    this.text.setAttribute("aria-label", words.say("message"));
    for (const [id, name] of [["send", "send"], ["attach", "attach"]]) {
      byId(id).replaceChildren(icon(id));
      byId(id).setAttribute("aria-label", words.say(name));
      byId(id).title = words.say(name);
    }
    this.drawFiles();
  }

  typed() {
    this.isDue = false;
    this.fit();
    if (Date.now() - this.typedAt > TYPING_EVERY_MS && this.text.value) {
      this.typedAt = Date.now();
      this.connection.typing();
    }
  }

  fit() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, 132)}px`;
    byId("send").toggleAttribute("data-ready", Boolean(this.text.value.trim() || this.files.length));
  }

  submit() {
    const text = this.text.value.trim();
    this.isDue = this.files.some((file) => !file.token);
    if (this.isDue || (!text && !this.files.length)) return;
    this.send({ text, files: this.files });
    this.text.value = "";
    this.files = [];
    this.drawFiles();
    this.text.focus();
  }

  async take(chosen) {
    for (const file of chosen) {
      if (this.files.length >= this.config.mostFiles) {
        this.notify(this.words.say("tooMany", { n: this.config.mostFiles }));
        break;
      }
      if (file.size > this.config.mostBytes) {
        this.notify(this.words.say("tooLarge", { name: file.name, most: Math.floor(this.config.mostBytes / 1_048_576) }));
        continue;
      }
      await this.upload(file);
    }
    if (this.isDue) this.submit();
  }

  async upload(file) {
    const place = { name: file.name };
    this.files.push(place);
    this.drawFiles();
    try {
      Object.assign(place, await this.api.upload(file));
    } catch {
      this.isDue = false;
      this.files = this.files.filter((each) => each !== place);
      this.notify(this.words.say("uploadFailed", { name: file.name }));
    }
    this.drawFiles();
  }

  drawFiles() {
    const box = byId("files");
    box.hidden = !this.files.length;
    box.replaceChildren(...this.files.map((file) => h(
      "span", { class: `chosen${file.token ? "" : " uploading"}` },
      icon("file"), h("span", { class: "file-name", title: file.name }, file.name),
      h("button", { type: "button", "aria-label": this.words.say("remove", { name: file.name }), onclick: () => this.remove(file) }, icon("close")),
    )));
    this.fit();
  }

  remove(file) {
    this.isDue = false;
    this.files = this.files.filter((each) => each !== file);
    this.drawFiles();
    this.text.focus();
  }
}
