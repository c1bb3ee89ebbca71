/** Lucide 1.62.0 (ISC, see icons.LICENSE): only the paths that the widget draws. */

const PATHS = {
  send: ["M3.714 3.048a.498.498 0 0 0-.683.627l2.843 7.627a2 2 0 0 1 0 1.396l-2.842 7.627a.498.498 0 0 0 .682.627l18-8.5a.5.5 0 0 0 0-.904z", "M6 12h16"],
  attach: ["m16 6-8.414 8.586a2 2 0 0 0 2.829 2.829l8.414-8.586a4 4 0 1 0-5.657-5.657l-8.379 8.551a6 6 0 1 0 8.485 8.485l8.379-8.551"],
  close: ["M18 6 6 18", "m6 6 12 12"],
  down: ["m6 9 6 6 6-6"],
  phone: ["M13.832 16.568a1 1 0 0 0 1.213-.303l.355-.465A2 2 0 0 1 17 15h3a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2A18 18 0 0 1 2 4a2 2 0 0 1 2-2h3a2 2 0 0 1 2 2v3a2 2 0 0 1-.8 1.6l-.468.351a1 1 0 0 0-.292 1.233 14 14 0 0 0 6.392 6.384"],
  person: ["M3 11h3a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-5Zm0 0a9 9 0 1 1 18 0m0 0v5a2 2 0 0 1-2 2h-1a2 2 0 0 1-2-2v-3a2 2 0 0 1 2-2h3Z", "M21 16v2a4 4 0 0 1-4 4h-5"],
  bot: ["M12 8V4H8", "M6 8h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2Z", "M2 14h2", "M20 14h2", "M15 13v2", "M9 13v2"],
  sent: ["M20 6 9 17l-5-5"],
  sending: ["M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20", "M12 6v6h4"],
  alert: ["M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20", "M12 8v4", "M12 16h.01"],
  more: ["M11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0", "M18 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0", "M4 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0"],
  mail: ["m22 7-8.991 5.727a2 2 0 0 1-2.009 0L2 7", "M4 4h16a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z"],
  again: ["M3 12a9 9 0 1 0 9-9 9.75 9.75 0 0 0-6.74 2.74L3 8", "M3 3v5h5"],
  file: ["M6 22a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h8a2.4 2.4 0 0 1 1.704.706l3.588 3.588A2.4 2.4 0 0 1 20 8v12a2 2 0 0 1-2 2z", "M14 2v5a1 1 0 0 0 1 1h5"],
  plus: ["M5 12h14", "M12 5v14"],
  score1: ["M15 12v-1.584", "M17 10a5 5 0 00-3 1", "M7 10a5 5 0 013 1", "M9 12v-1.584", "M9 17a5 5 0 016.001 0", "M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20"],
  score2: ["M15 10V9", "M9 10V9", "M9 16a5 5 0 016 0", "M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20"],
  score3: ["M15 10V9", "M8 16h8", "M9 10V9", "M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20"],
  score4: ["M15 10V9", "M16.472 15a6 6 0 01-8.943 0", "M9 10V9", "M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20"],
  score5: ["M15 10V9", "M7.084 14.302a5.12 5.12 0 009.833 0 .24.24 0 00-.235-.302H7.32a.24.24 0 00-.235.302", "M9 10V9", "M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20"],
};

const SVG = "http://www.w3.org/2000/svg";

/** A picture beside words; it is never the only name of anything. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const drawn = { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "aria-hidden": "true", "stroke-linecap": "round", "stroke-linejoin": "round" };
  for (const [key, value] of Object.entries(drawn)) svg.setAttribute(key, value);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
