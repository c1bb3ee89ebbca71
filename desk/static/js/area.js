// The tab of the page that is open comes into view on narrow screens.
document.querySelector(".side-menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
