// A CSV file is sent as it is chosen; what is wrong with it is told line by line, and nothing of it is taken.
(() => {
  function say(box, sentence, problems, tone) {
    const told = box.querySelector(".told"), list = document.createElement("ul");
    told.className = `told s ${tone}`;
    for (const problem of problems) list.append(Object.assign(document.createElement("li"), { textContent: problem }));
    told.replaceChildren(sentence, ...(problems.length ? [list] : []));
  }

  async function take(box, file) {
    const asked = document.getElementById("asked"), query = asked ? `?${new URLSearchParams(new FormData(asked))}` : "";
    try {
      const answer = await fetch(box.dataset.take + query, { method: "POST", body: file, headers: { "Content-Type": "text/csv", "X-CSRF-Token": box.dataset.csrf } });
      const told = await answer.json();
      say(box, told.sentence, told.problems ?? [], answer.ok ? "ok" : "bad");
      if (answer.ok) setTimeout(() => (told.href ? (location.href = told.href) : location.reload()), 1200);
    } catch {
      say(box, box.dataset.failed, [], "bad");
    }
  }

  for (const box of document.querySelectorAll("[data-take]")) {
    const input = box.querySelector("input[type=file]");
    input.addEventListener("change", async () => {
      if (input.files[0]) await take(box, input.files[0]);
      input.value = "";
    });
  }
})();
