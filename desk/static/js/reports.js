// The charts of the reports, in the colours of the theme; and filters that apply themselves.
(() => {
  const paint = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const charts = [];

  function times(told) {
    const days = told.at.length > 1 && told.at[1] - told.at[0] >= 86400;
    const format = new Intl.DateTimeFormat(told.locale, days ? { day: "numeric", month: "short", timeZone: "UTC" } : { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
    return (at) => (at == null ? "" : format.format(new Date(at * 1000)));
  }

  function axis(size, more) {
    return { stroke: paint("ink-3"), font: `11px ${paint("font")}`, size, grid: { stroke: paint("line"), width: 1 }, ticks: { show: false }, ...more };
  }

  function line(told, key, colour, more) {
    return { label: told.names[key], stroke: paint(colour), width: 2, spanGaps: false, points: { show: told.at.length < 20, size: 5 }, value: (_, value) => value ?? "–", ...more };
  }

  const percent = (told) => (_, value) => (value == null ? "–" : new Intl.NumberFormat(told.locale, { style: "percent", maximumFractionDigits: 1 }).format(value));
  const seconds = (told) => (_, value) => (value == null ? "–" : told.second.replace("{n}", new Intl.NumberFormat(told.locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)));

  const kinds = {
    contacts: (told) => ({
      keys: ["offered", "abandoned"],
      series: [
        line(told, "offered", "accent", { fill: paint("accent-soft") }),
        line(told, "abandoned", "bad", { dash: [5, 4] }),
      ],
      scales: { y: { range: (_, low, high) => [0, Math.max(4, high * 1.1)] } },
      axes: [axis(40, { values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? mark : "")) })],
    }),
    waits: (told) => ({
      keys: ["sl_excl_short", "wait_p50", "wait_p95"],
      series: [
        line(told, "sl_excl_short", "ok", { scale: "share", value: percent(told) }),
        line(told, "wait_p50", "accent", { scale: "y", value: seconds(told) }),
        line(told, "wait_p95", "warn", { scale: "y", dash: [5, 4], value: seconds(told) }),
      ],
      scales: { y: { range: (_, low, high) => [0, Math.max(10, high * 1.1)] }, share: { range: [0, 1] } },
      axes: [
        axis(48, { scale: "y", values: (_, marks) => marks.map((mark) => seconds(told)(null, mark)) }),
        axis(48, { scale: "share", side: 1, grid: { show: false }, values: (_, marks) => marks.map((mark) => percent(told)(null, mark)) }),
      ],
    }),
  };

  function draw(box) {
    const told = JSON.parse(box.dataset.values), kind = kinds[box.dataset.chart](told), name = times(told);
    box.replaceChildren();
    if (!told.at.length) return;
    const options = {
      width: box.clientWidth, height: 196, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"), padding: [8, 20, 0, 0],
      cursor: { y: false, points: { size: 6 } }, legend: { live: true },
      scales: { x: { time: true }, ...kind.scales },
      axes: [axis(28, { values: (_, marks) => marks.map(name), space: 64 }), ...kind.axes],
      series: [{ value: (_, at) => name(at), label: "" }, ...kind.series],
    };
    charts.push([box, new uPlot(options, [told.at, ...kind.keys.map((key) => told.series[key])], box)]);
  }

  function drawAll() {
    while (charts.length) charts.pop()[1].destroy();
    for (const box of document.querySelectorAll("[data-chart]")) draw(box);
  }

  drawAll();
  document.addEventListener("reports:changed", drawAll);
  new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => {
    for (const [box, chart] of charts) chart.setSize({ width: box.clientWidth, height: 196 });
  });

  const filters = document.querySelector("[data-filters]");
  if (!filters) return;
  const custom = () => {
    const chosen = filters.elements.period.value === "custom";
    for (const label of filters.querySelectorAll("[data-custom]")) label.hidden = !chosen;
    for (const name of ["from", "to"]) filters.elements[name].disabled = !chosen;
  };
  custom();
  filters.addEventListener("change", (event) => {
    custom();
    if (event.target.matches("select") && filters.elements.period.value !== "custom") filters.requestSubmit();
  });
})();
