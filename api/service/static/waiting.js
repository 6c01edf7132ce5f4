// A job that goes on: look again soon, and show what changed without loading the page anew.

const card = document.getElementById("job");

async function look() {
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("job");
    if (!fresh) return location.reload(); // signed out meanwhile, or gone
    if (fresh.innerHTML !== card.innerHTML) {
      const held = card.contains(document.activeElement);
      card.replaceChildren(...fresh.childNodes);
      if (held) (card.querySelector("button, a") ?? card).focus();
    }
    if (!fresh.dataset.running) return;
  } catch {
    // The service is starting anew: it will be there again.
  }
  setTimeout(look, 1500);
}
setTimeout(look, 1500);
