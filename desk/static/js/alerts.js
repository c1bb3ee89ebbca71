// Something waits: a number in the title and on the rail; sound and desktop notification when switched on.
(() => {
  const switchKey = "switchboard:alerts";
  let waiting = Number(document.getElementById("waiting")?.dataset.waiting ?? 0);
  let audio;

  function chime() {
    audio ??= new AudioContext();
    const at = audio.currentTime, gain = audio.createGain();
    gain.connect(audio.destination);
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    for (const [index, hertz] of [660, 880].entries()) {
      const tone = audio.createOscillator();
      tone.frequency.value = hertz;
      tone.connect(gain);
      tone.start(at + index * 0.12);
      tone.stop(at + 0.5);
    }
  }

  function notify(count) {
    if (localStorage.getItem(switchKey) !== "on") return;
    chime();
    if (document.hidden && window.Notification?.permission === "granted") {
      new Notification(window.desk.say("waiting", { n: count }), { tag: "switchboard" });
    }
  }

  function show() {
    const count = Number(document.getElementById("waiting")?.dataset.waiting ?? 0);
    const plain = document.title.replace(/^\(\d+\) /, "");
    const title = count ? `(${count}) ${plain}` : plain;
    if (document.title !== title) document.title = title;
    const link = document.querySelector('.rail-link[href="/desk"]');
    if (count) link.dataset.badge = count > 99 ? "99+" : count;
    else delete link.dataset.badge;
    if (count > waiting) notify(count);
    waiting = count;
  }

  function paint() {
    const button = document.querySelector("[data-alerts]");
    button?.setAttribute("aria-pressed", String(localStorage.getItem(switchKey) === "on"));
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-alerts]")) return;
    const on = localStorage.getItem(switchKey) !== "on";
    localStorage.setItem(switchKey, on ? "on" : "off");
    if (on) window.Notification?.requestPermission();
    if (on) chime();
    paint();
  });
  document.addEventListener("htmx:finally:swap", () => { show(); paint(); });
  show();
  paint();
})();
