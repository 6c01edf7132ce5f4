// The list of what needs a look: choosing a filter asks at once; one box chooses the whole page.

for (const field of document.querySelectorAll("form.filters select")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
const all = document.getElementById("all");
if (all) {
  const boxes = [...document.querySelectorAll("#looks input[name=item]")];
  all.closest("label").hidden = boxes.length === 0;
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  for (const box of boxes) {
    box.addEventListener("change", () => (all.checked = boxes.every((one) => one.checked)));
  }
}
