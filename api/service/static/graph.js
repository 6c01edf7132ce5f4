// The picture of neighbours: a unit pointed at lights up with its line and its row of the table.

function light(unit, on) {
  for (const part of document.querySelectorAll("[data-unit]")) {
    if (part.dataset.unit === unit) part.classList.toggle("on", on);
  }
}
for (const part of document.querySelectorAll("#graph a, tr[data-unit]")) {
  const unit = part.dataset.unit;
  for (const name of ["pointerenter", "focusin"]) part.addEventListener(name, () => light(unit, true));
  for (const name of ["pointerleave", "focusout"]) part.addEventListener(name, () => light(unit, false));
}
