// The text of a document: which kinds of facts are marked; what was asked for comes into view.

const legend = document.getElementById("legend");
const text = document.getElementById("text");

legend.classList.add("live");
for (const box of legend.querySelectorAll("input")) {
  box.disabled = false;
  box.addEventListener("change", () => text.classList.toggle(`hide-${box.value}`, !box.checked));
}
// After the browser's own jump to #here, which would leave it under the head of the page.
window.addEventListener("load", () => {
  if (location.hash && location.hash !== "#here") return;
  text.querySelector("mark.hit")?.scrollIntoView({ block: "center" });
});

// An address made before the text was shown in parts: what it names may stand in another part.
const wanted = decodeURIComponent(location.hash.slice(1));
const elsewhere = Number(text.dataset.parts) > 1 && /^(clause|plan|milestone|target|task)-/.test(wanted);
if (elsewhere && !document.getElementById(wanted)) {
  location.replace(`${location.pathname}?fact=${encodeURIComponent(wanted)}#here`);
}
