// Log-in and set-up: show the password, say how strong it is.
(() => {
  const lower = /[a-zа-яñ]/, upper = /[A-ZА-ЯÑ]/, digit = /\d/, other = /[^\p{L}\d]/u;

  function level(password) {
    if (password.length < 10) return 0;
    const kinds = [lower, upper, digit, other].filter((kind) => kind.test(password)).length;
    const distinct = new Set(password).size;
    const worth = password.length + kinds * 2 - (distinct < 6 ? 8 : 0);
    return worth >= 24 ? 4 : worth >= 19 ? 3 : worth >= 15 ? 2 : 1;
  }

  document.addEventListener("input", (event) => {
    const strength = document.querySelector("[data-strength]");
    if (!strength || event.target.id !== "password") return;
    const texts = JSON.parse(strength.dataset.texts), value = event.target.value;
    if (value) strength.dataset.level = level(value);
    else delete strength.dataset.level;
    strength.textContent = value ? texts[level(value)] : texts.hint;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveals]");
    if (!button) return;
    const field = document.getElementById(button.dataset.reveals), shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    field.focus();
  });
})();
