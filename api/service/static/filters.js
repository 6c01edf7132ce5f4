// The filters of the tasks: choosing from a list or a day asks at once.

// On a phone the results come first.
if (matchMedia("(max-width: 720px)").matches) document.querySelector("details.box").open = false;

const form = document.querySelector("form.filters");
for (const field of form.querySelectorAll("select, input[type=checkbox]")) {
  field.addEventListener("change", () => form.requestSubmit());
}
form.addEventListener("submit", () => {
  // Empty fields say nothing: the address stays short enough to be passed on.
  for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
});
window.addEventListener("pageshow", () => {
  for (const field of form.elements) field.disabled = false;
});
