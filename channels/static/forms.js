/** What the forms over the conversation ask, and where their answers go. */

import { newId } from "./dom.js";
import { field, isEmail, isPhone } from "./sheets.js";

const NUMBERS = { en: "+44 20 7946 0958", ru: "+7 495 555-01-02", es: "+34 612 34 56 78" };

export class Forms {
  /** `say(message)`, `notify(sentence)` and `done()` are the chat's; the words are those of `sheets`. */
  constructor({ api, sheets, say, notify, done }) {
    Object.assign(this, { api, sheets, say, notify, done });
  }

  get words() {
    return this.sheets.words;
  }

  callback() {
    const words = this.words;
    this.sheets.open({
      title: words.say("callback"), text: words.say("callbackHint", { example: NUMBERS[words.language] }), button: words.say("callback"),
      fields: [field("phone", words.say("phone"), { type: "tel", autocomplete: "tel", inputmode: "tel", required: true })],
      submit: async ({ phone }) => {
        if (!isPhone(phone)) return words.say("badPhone");
        this.say({ text: words.say("callbackText", { phone }), choice: "callback" });
      },
    });
  }

  offline() {
    const words = this.words;
    this.sheets.open({
      title: words.say("offlineTitle"), text: words.say("offlineText"), button: words.say("offlineSend"),
      fields: [
        field("text", words.say("question"), { rows: 3, maxlength: 4000, required: true }),
        this.emailField(),
        field("name", words.say("name"), { autocomplete: "name", maxlength: 120 }),
      ],
      submit: async ({ text, email, name }) => {
        if (!text) return words.say("needText");
        if (!isEmail(email)) return words.say("badEmail");
        const body = { id: newId(), text, email, name, language: words.language };
        return this.post("/offline", body, words.say("offlineDone", { email }));
      },
    });
  }

  transcript() {
    const words = this.words;
    this.sheets.open({
      title: words.say("transcript"), text: words.say("transcriptText"), button: words.say("send"),
      fields: [this.emailField()],
      submit: async ({ email }) => {
        if (!isEmail(email)) return words.say("badEmail");
        return this.post("/transcript", { email }, words.say("transcriptDone", { email }));
      },
    });
  }

  emailField() {
    return field("email", this.words.say("email"), { type: "email", autocomplete: "email", required: true });
  }

  /** Gives the sentence to show when it did not work. */
  async post(path, body, told) {
    const answer = await this.api.post(path, body);
    if (!answer.ok) return this.words.say({ 422: "badEmail", 429: "tooOften", 404: "notHere" }[answer.status] ?? "tryLater");
    this.notify(told);
    this.done();
  }
}
