// Runs before the first paint: light, dark, or what the system says.
(() => {
  const theme = localStorage.getItem("switchboard:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
