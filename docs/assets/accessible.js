// What the theme's markup lacks: a name for the search dialog, and a way to scroll a wide table by keyboard.

function makeTablesReachable() {
  for (const frame of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
}

document$.subscribe(() => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  makeTablesReachable();
});
addEventListener("load", makeTablesReachable);
addEventListener("resize", makeTablesReachable);
