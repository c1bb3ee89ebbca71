// What-if: the formula answers every change at once; the simulation tells how far it is and can be stopped.
(() => {
  const form = document.getElementById("whatif");
  if (!form) return;
  const line = document.querySelector(".progress-line"), bar = line.querySelector("progress"), said = line.querySelector("span");
  const stop = form.querySelector("[data-stop]"), start = form.querySelector("[type=submit]"), result = document.getElementById("simulated");
  let waiting = 0, asking = null, running = null;

  function fields() {
    const all = new URLSearchParams(new FormData(document.getElementById("asked")));
    for (const [name, value] of new FormData(form)) all.set(name, value);
    return all;
  }

  async function askFormula() {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(`/desk/planning/whatif?${fields()}`, { headers: { "HX-Request": "true" }, signal: asking.signal });
      if (answer.ok) document.getElementById("formula").innerHTML = await answer.text();
    } catch {
      // a newer question has taken its place
    }
  }

  function changed() {
    result.replaceChildren();
    running?.abort();
    clearTimeout(waiting);
    waiting = setTimeout(askFormula, 150);
  }

  function fail(sentence) {
    result.replaceChildren(Object.assign(document.createElement("p"), { className: "problem s", textContent: sentence }));
  }

  function tell(told) {
    if (told.html) result.innerHTML = told.html;
    else if (told.problem) fail(told.problem);
    else {
      bar.max = told.of;
      bar.value = told.done;
      said.textContent = form.dataset.running.replace("{done}", told.done).replace("{of}", told.of);
    }
    return Boolean(told.html || told.problem);
  }

  async function read(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "", isOver = false;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return isOver;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const each of lines) isOver = tell(JSON.parse(each)) || isOver;
    }
  }

  function show(isRunning) {
    line.hidden = stop.hidden = !isRunning;
    start.disabled = isRunning;
    bar.value = 0;
    said.textContent = form.dataset.waiting;
  }

  async function simulate() {
    const own = (running = new AbortController());
    show(true);
    try {
      const answer = await fetch("/desk/planning/simulate", { method: "POST", body: fields(), headers: { "X-CSRF-Token": form.dataset.csrf, "HX-Request": "true" }, signal: own.signal });
      if (!answer.ok || !(await read(answer))) fail(form.dataset.lost);
    } catch {
      if (!own.signal.aborted) fail(form.dataset.lost);
    }
    if (running === own) show(false);
  }

  form.addEventListener("input", (event) => {
    const slider = event.target.closest("[data-slides]"), twin = slider ? form.elements[slider.dataset.slides] : form.querySelector(`[data-slides="${event.target.name}"]`);
    if (twin) twin.value = event.target.value;
    changed();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    simulate();
  });
  stop.addEventListener("click", () => running?.abort());
})();
