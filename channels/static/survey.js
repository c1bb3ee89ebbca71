/** “How did we do?”: five faces, and a comment for those who wish. */

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** `submit(score, comment)` resolves when stored. */
export function surveyCard(words, submit) {
  let score = 0;
  const comment = h("textarea", { id: "survey-comment", rows: 2, maxlength: 2000 });
  const send = h("button", { type: "submit", class: "primary" }, words.say("surveySend"));
  const more = h("div", { class: "survey-more", hidden: true }, h("label", { for: "survey-comment" }, words.say("comment")), comment, send);
  const error = h("p", { class: "error", role: "alert" });
  const faces = words.say("scores").map((word, i) => h(
    "button",
    { type: "button", class: "face", "aria-pressed": "false", "aria-label": words.say("score", { n: i + 1, word }), title: word, "data-score": i + 1 },
    icon(`score${i + 1}`),
  ));
  const form = h(
    "form", { class: "survey", "aria-labelledby": "survey-title" },
    h("h2", { id: "survey-title" }, words.say("surveyTitle")), h("div", { class: "faces", role: "group", "aria-labelledby": "survey-title" }, faces), more, error,
  );
  form.addEventListener("click", (event) => {
    const face = event.target.closest(".face");
    if (!face) return;
    score = Number(face.dataset.score);
    for (const each of faces) each.setAttribute("aria-pressed", String(each === face));
    more.hidden = false;
    form.scrollIntoView({ block: "nearest" });
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      await submit(score, comment.value.trim());
      form.replaceChildren(h("p", { class: "thanks", tabindex: "-1", role: "status" }, icon("sent"), words.say("surveyThanks")));
      form.firstChild.focus();
    } catch {
      error.textContent = words.say("tryLater");
      send.disabled = false;
    }
  });
  return form;
}
