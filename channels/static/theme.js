/** The company's colour, made readable in both themes (contrast by WCAG 2.2, 1.4.3: at least 4.5 to 1). */

const channel = (byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
const bytes = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
const hex = (colour) => "#" + colour.map((byte) => Math.round(byte).toString(16).padStart(2, "0")).join("");
const luminance = (colour) => 0.2126 * channel(colour[0]) + 0.7152 * channel(colour[1]) + 0.0722 * channel(colour[2]);
const mixed = (colour, other, share) => colour.map((byte, i) => byte + (other[i] - byte) * share);

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const WHITE = [255, 255, 255];
const INK = [15, 18, 24];

/** `colour` moved towards `towards` until it reads on `ground`. */
function readable(colour, ground, towards) {
  for (let share = 0; share < 1; share += 0.05) {
    const tried = mixed(colour, towards, share);
    if (contrast(tried, ground) >= 4.6) return tried;
  }
  return towards;
}

function palette(accent, isDark) {
  const surface = isDark ? [23, 27, 35] : [246, 247, 249];
  const soft = mixed(surface, accent, isDark ? 0.22 : 0.1);
  const text = readable(accent, soft, isDark ? WHITE : INK);
  const brandInk = contrast(accent, WHITE) >= 4.5 ? WHITE : INK;
  return {
    "--brand": hex(accent), "--brand-ink": hex(brandInk),
    "--accent": hex(text), "--accent-ink": hex(isDark ? INK : contrast(text, WHITE) >= 4.5 ? WHITE : INK),
    "--accent-soft": hex(soft),
    "--accent-line": hex(mixed(surface, accent, isDark ? 0.45 : 0.28)),
  };
}

/** Follows the system unless the page set "light" or "dark". */
export function applyTheme(accentHex, wanted) {
  const accent = bytes(accentHex);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const isDark = wanted ? wanted === "dark" : system.matches;
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
    for (const [name, value] of Object.entries(palette(accent, isDark))) document.documentElement.style.setProperty(name, value);
  };
  system.addEventListener("change", apply);
  apply();
}
