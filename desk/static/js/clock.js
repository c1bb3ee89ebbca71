// Counts promises down between the server's updates; the words come from the catalogue.
(() => {
  const body = document.body, texts = JSON.parse(body.dataset.texts), language = body.dataset.language;
  const clockFormat = new Intl.DateTimeFormat(language, { timeStyle: "short", timeZone: body.dataset.zone });
  const plural = new Intl.PluralRules(language);

  function say(key, values) {
    let text = texts[key];
    if (typeof text === "object") text = text[plural.select(values.n)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }

  function span(seconds) {
    if (seconds < 3600) return say("minutes", { n: Math.max(1, Math.floor(seconds / 60)) });
    if (seconds < 86400) return say("hours", { n: Math.floor(seconds / 3600) });
    return say("days", { n: Math.floor(seconds / 86400) });
  }

  function due(leftS) {
    if (leftS < 0) return say("late", { time: span(-leftS) });
    const short = `${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")}`;
    return say("left", { time: leftS < 3600 ? short : span(leftS) });
  }

  function tick() {
    for (const time of document.querySelectorAll("time[data-due]")) {
      const leftS = Math.trunc((new Date(time.dataset.due) - Date.now()) / 1000);
      const text = due(leftS), urgency = leftS < 0 ? "late" : leftS < time.dataset.promised / 3 ? "soon" : "calm";
      if (time.textContent !== text) time.textContent = text;
      if (!time.classList.contains(urgency)) {
        time.classList.remove("late", "soon", "calm");
        time.classList.add(urgency);
      }
    }
    for (const time of document.querySelectorAll("time[data-since]")) {
      const text = ago(new Date(time.dataset.since));
      if (text && time.textContent !== text) time.textContent = text;
    }
  }

  function ago(moment) {
    const passedS = (Date.now() - moment) / 1000;
    if (passedS < 60) return say("now", {});
    if (passedS < 3600) return say("minutes_ago", { n: Math.floor(passedS / 60) });
    return passedS < 3660 ? clockFormat.format(moment) : null;
  }

  window.desk = Object.assign(window.desk ?? {}, { say, texts });
  setInterval(tick, 1000);
  document.addEventListener("htmx:after:swap", tick);
  tick();
})();
