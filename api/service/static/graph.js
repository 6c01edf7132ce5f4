// The picture of neighbours: a unit pointed at lights up with its line and its row of the table and
// shows the tasks shared with it; the picture is enlarged and moved; a role narrows both without a
// new page. Without this file the picture's links, its table and the form work by themselves.

const MOST = 5;
const STEP = 1.4;
const form = document.getElementById("by-role");

function light(unit, on) {
  for (const part of document.querySelectorAll("#shared [data-unit]")) {
    if (part.dataset.unit === unit) part.classList.toggle("on", on);
  }
}

/** What is shared with a unit, taken from its row of the table. */
function tell(about, unit, href) {
  const row = [...document.querySelectorAll("tr[data-unit]")].find((r) => r.dataset.unit === unit);
  if (!row) return;
  const name = document.createElement("a");
  name.href = href;
  name.textContent = row.querySelector("th").textContent;
  const head = document.createElement("p");
  head.append(name, ` ${row.querySelector(".roles").textContent}`);
  about.replaceChildren(head, row.querySelector("ul").cloneNode(true));
  about.hidden = false;
}

function enliven() {
  const graph = document.getElementById("graph");
  for (const part of document.querySelectorAll("#graph a[data-unit], tr[data-unit]")) {
    const unit = part.dataset.unit;
    for (const name of ["pointerenter", "focusin"]) part.addEventListener(name, () => light(unit, true));
    for (const name of ["pointerleave", "focusout"]) part.addEventListener(name, () => light(unit, false));
  }
  if (!graph) return;
  const about = graph.querySelector(".about");
  for (const node of graph.querySelectorAll("svg a")) {
    const show = () => tell(about, node.dataset.unit, node.getAttribute("href"));
    for (const name of ["pointerenter", "focusin"]) node.addEventListener(name, show);
  }
  move(graph);
}

function move(graph) {
  const area = graph.querySelector(".scroll");
  const svg = graph.querySelector("svg");
  const { width, height } = svg.viewBox.baseVal;
  let scale = 1, x = 0, y = 0, drag = null, dragged = false, touched = "";

  function put() {
    x = Math.min(Math.max(x, 0), width - width / scale);
    y = Math.min(Math.max(y, 0), height - height / scale);
    svg.setAttribute("viewBox", `${x} ${y} ${width / scale} ${height / scale}`);
    svg.classList.toggle("near", scale > 1);
  }
  /** Enlarge about a point of the picture (parts of its width and height from its corner). */
  function zoom(by, partX = 0.5, partY = 0.5) {
    const before = scale;
    scale = Math.min(Math.max(scale * by, 1), MOST);
    x += partX * width * (1 / before - 1 / scale);
    y += partY * height * (1 / before - 1 / scale);
    put();
  }
  const acts = {
    in: () => zoom(STEP),
    out: () => zoom(1 / STEP),
    all: () => { scale = 1; put(); },
  };
  area.scrollLeft = (area.scrollWidth - area.clientWidth) / 2; // on a phone the middle comes first
  const tools = graph.querySelector(".tools");
  tools.hidden = false;
  tools.addEventListener("click", (event) => acts[event.target.dataset.zoom]?.());
  area.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 60 / scale;
    const keys = {
      "+": acts.in, "=": acts.in, "-": acts.out, 0: acts.all,
      ArrowLeft: () => { x -= step; put(); }, ArrowRight: () => { x += step; put(); },
      ArrowUp: () => { y -= step; put(); }, ArrowDown: () => { y += step; put(); },
    };
    const act = keys[event.key];
    // The whole picture does not move: the page does.
    if (!act || (event.key.startsWith("Arrow") && scale === 1)) return;
    event.preventDefault();
    act();
  });
  area.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(event.deltaY < 0 ? STEP : 1 / STEP, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }, { passive: false });
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (scale > 1) drag = { id: event.pointerId, x: event.clientX, y: event.clientY };
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag || drag.id !== event.pointerId) return;
    const part = width / scale / svg.getBoundingClientRect().width;
    if (!dragged && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 4) return;
    if (!dragged) svg.setPointerCapture(event.pointerId);
    dragged = true;
    x -= (event.clientX - drag.x) * part;
    y -= (event.clientY - drag.y) * part;
    drag.x = event.clientX;
    drag.y = event.clientY;
    put();
  });
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, () => { drag = null; });
  svg.addEventListener("click", (event) => {
    const node = event.target.closest("a");
    if (dragged) event.preventDefault();
    else if (node && event.pointerType === "touch" && touched !== node.dataset.unit) {
      // A finger cannot point first: its first touch shows, its second goes there.
      event.preventDefault();
      touched = node.dataset.unit;
    }
  });
}

form?.addEventListener("change", async () => {
  const address = `${location.pathname}?${new URLSearchParams(new FormData(form))}`;
  const response = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok) {
    form.submit();
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.getElementById("shared").replaceWith(page.getElementById("shared"));
  history.replaceState(null, "", `${address}#neighbours`);
  enliven();
});
form?.querySelector("button").remove();
enliven();
