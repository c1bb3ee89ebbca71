// The charts of the plan, in the colours of the theme: contacts with their band, and people needed and rostered.
(() => {
  const paint = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const charts = [];
  const stepped = uPlot.paths.stepped({ align: 1 });

  function axis(size, more) {
    return { stroke: paint("ink-3"), font: `11px ${paint("font")}`, size, grid: { stroke: paint("line"), width: 1 }, ticks: { show: false }, ...more };
  }

  function series(told, key, colour, more) {
    const number = new Intl.NumberFormat(told.locale, { maximumFractionDigits: 1 });
    return { label: told.names[key], stroke: paint(colour), width: 2, points: { show: false }, value: (_, value) => (value == null ? "–" : number.format(value)), ...more };
  }

  const kinds = {
    contacts: (told) => ({
      keys: ["high", "low", "expected"],
      series: [series(told, "high", "accent-line", { width: 1 }), series(told, "low", "accent-line", { width: 1 }), series(told, "expected", "accent")],
      bands: [{ series: [1, 2], fill: paint("accent-soft") }],
    }),
    people: (told) => ({
      keys: ["needed", "rostered"],
      series: [series(told, "needed", "warn", { paths: stepped }), series(told, "rostered", "ok", { paths: stepped, dash: [6, 4] })],
      bands: [],
    }),
  };

  function draw(box) {
    const told = JSON.parse(box.dataset.values), kind = kinds[box.dataset.plan](told);
    const day = new Intl.DateTimeFormat(told.locale, { weekday: "short", day: "numeric", timeZone: "UTC" });
    const moment = new Intl.DateTimeFormat(told.locale, { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
    box.replaceChildren();
    const midnights = told.at.filter((at) => at % 86400 === 0);
    const options = {
      width: box.clientWidth, height: 204, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"), padding: [8, 12, 0, 0],
      cursor: { y: false, points: { size: 6 } }, legend: { live: true }, bands: kind.bands,
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.08)] } },
      axes: [
        axis(28, { splits: () => midnights, values: (_, marks) => marks.map((at) => day.format(new Date(at * 1000))), align: 1 }),
        axis(40, { values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? mark : "")) }),
      ],
      series: [{ value: (_, at) => (at == null ? "" : moment.format(new Date(at * 1000))), label: "" }, ...kind.series],
    };
    charts.push([box, new uPlot(options, [told.at, ...kind.keys.map((key) => told.series[key])], box)]);
  }

  function drawAll() {
    while (charts.length) charts.pop()[1].destroy();
    for (const box of document.querySelectorAll("[data-plan]")) draw(box);
  }

  drawAll();
  new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => {
    for (const [box, chart] of charts) chart.setSize({ width: box.clientWidth, height: 204 });
  });
})();
