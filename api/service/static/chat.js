// The chat: questions are sent without leaving the page, answers shown as they come, their sources
// opened beside them. Without this file the same form works by itself.
import { cited, paragraphs } from "./answer.js";

const form = document.getElementById("ask");
const field = document.getElementById("question");
const log = document.getElementById("log");
const follow = document.getElementById("follow");
const source = document.getElementById("source");
const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
const words = form.dataset;
const said = document.getElementById("said");
const asked = [...document.querySelectorAll("article.turn .asked")].map((q) => q.textContent);
let opener = null;

for (const keys of document.querySelectorAll(".keys")) keys.hidden = false;
for (const turn of log.querySelectorAll("article.turn")) enliven(turn);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(field.value.trim());
});
field.addEventListener("keydown", (event) => {
  // 输入法 takes Enter for itself while it composes.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
for (const offered of [document.querySelector(".suggestions"), follow]) {
  offered?.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(event.submitter.value);
  });
}

async function ask(question) {
  if (!question || form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  form.querySelector("button.primary").disabled = true;
  document.querySelector(".suggestions")?.remove();
  document.querySelector(".talk .lead")?.remove();
  document.querySelector(".talk h1").className = "sr";
  follow.replaceChildren();
  field.value = "";
  const turn = document.getElementById("turn").content.firstElementChild.cloneNode(true);
  turn.querySelector(".asked").textContent = question;
  const shown = turn.querySelector(".words");
  const line = document.createElement("p");
  line.className = "waiting";
  line.textContent = words.waiting;
  shown.replaceChildren(line);
  shown.setAttribute("aria-busy", "true");
  said.textContent = words.waiting;
  log.append(turn);
  turn.scrollIntoView({ block: "start" });
  try {
    const answer = await stream(question, line);
    finish(turn, answer);
    asked.push(question);
    suggest(answer);
  } catch (error) {
    turn.querySelector(".answer").classList.add("refused");
    line.className = "";
    line.textContent = error instanceof Told ? error.message : words.failed;
    line.setAttribute("role", "alert");
    said.textContent = "";
    field.value = question;
  } finally {
    shown.removeAttribute("aria-busy");
    form.removeAttribute("aria-busy");
    form.querySelector("button.primary").disabled = false;
    // Not where the reader has gone elsewhere in the meantime.
    if (!document.activeElement || document.activeElement === document.body) field.focus({ preventScroll: true });
  }
}

class Told extends Error {}

function oneSide(message) {
  const [chinese, ...english] = message.split(" / ");
  return words.language === "en" && english.length ? english.join(" / ") : chinese;
}

async function stream(question, line) {
  const body = { question };
  if (words.conversation) body.conversation = words.conversation;
  else body.context = asked.slice(-20);
  const headers = { Accept: "text/event-stream", "Content-Type": "application/json" };
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const response = await fetch("/api/v1/ask", { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Told(oneSide((await response.json()).detail));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "", text = "", answer = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    held += value;
    const events = held.split("\n\n");
    held = events.pop();
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event)?.[1];
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (!name || !data) continue;
      const read = JSON.parse(data);
      if (name === "part") line.textContent = text += read.text;
      if (name === "error") throw new Told(oneSide(read.detail));
      if (name === "done") answer = read;
    }
  }
  if (!answer) throw new Error("cut off");
  return answer;
}

function finish(turn, answer) {
  turn.id = answer.turn ?? "";
  turn.querySelector(".answer").classList.toggle("refused", !answer.answerable);
  const shown = turn.querySelector(".words");
  shown.lang = answer.language === "en" ? "en" : "zh-CN";
  shown.replaceChildren(...paragraphs(answer, words.mark));
  // Read out once and whole, not each part as it comes.
  const told = { certain: words.answer, related: words.related }[answer.outcome] ?? words.refused;
  said.textContent = told.replace("{n}", answer.citations.length).replace("{words}", () => answer.answer);
  const list = turn.querySelector(".sources");
  for (const c of cited(answer.citations)) {
    const a = document.createElement("a");
    const number = document.createElement("b");
    number.textContent = c.number;
    a.append(number, ` ${c.label}`);
    a.href = c.href;
    a.dataset.cite = c.number;
    a.dataset.clause = c.clause;
    const item = document.createElement("li");
    item.append(a);
    list.append(item);
  }
  list.hidden = !answer.citations.length;
  const after = turn.querySelector(".after");
  after.hidden = false;
  const how = after.querySelector(".how");
  how.hidden = !answer.understood;
  how.querySelector("p").textContent = answer.understood ?? "";
  after.querySelector(".as-of").textContent = words.asOf.replace("{day}", answer.as_of);
  const tasks = after.querySelector(".tasks");
  tasks.hidden = !answer.tasks.length;
  tasks.href = `/tasks?id=${answer.tasks.slice(0, 100).join(",")}`;
  tasks.textContent = `${words.tasks} (${answer.tasks.length})`;
  for (const judged of after.querySelectorAll(".thumbs form")) judged.action = `/answers/${answer.turn}/feedback`;
  if (answer.conversation) {
    words.conversation = answer.conversation;
    form.elements.conversation.value = answer.conversation;
    history.replaceState(null, "", `/?c=${encodeURIComponent(answer.conversation)}`);
  }
  enliven(turn);
}

async function suggest(answer) {
  const query = new URLSearchParams({ select: answer.query?.select ?? "" });
  if (answer.query?.states?.includes("overdue")) query.set("late", "1");
  if (!answer.answerable) query.set("silent", "1");
  for (const task of answer.tasks.slice(0, 1)) query.append("task", task);
  for (const unit of new Set(answer.units.slice(0, 20).map((u) => u.unit))) query.append("unit", unit);
  for (const question of asked.slice(-20)) query.append("asked", question);
  const response = await fetch(`/follow?${query}`, { headers: { Accept: "text/html" } }).catch(() => null);
  // The part was rendered and escaped on the server.
  if (response?.ok) follow.innerHTML = await response.text();
}

function enliven(turn) {
  const button = turn.querySelector(".copy");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await copy(asText(turn));
    button.textContent = button.dataset.done;
  });
  turn.addEventListener("click", (event) => {
    const a = event.target.closest("a[data-cite]");
    if (!a || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(turn, a);
  });
  turn.querySelector(".thumbs")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = new FormData(event.target, event.submitter);
    const verdict = given.get("verdict");
    const response = await fetch(`/api/v1${event.target.getAttribute("action")}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
      body: JSON.stringify({ verdict, reason: given.get("reason") ?? "" }),
    }).catch(() => null);
    const thanks = turn.querySelector(".thanks");
    thanks.textContent = response?.ok ? words.thanks : words.failedFeedback;
    if (!response?.ok) return;
    turn.querySelector(".thumbs button[value=right]").setAttribute("aria-pressed", String(verdict === "right"));
    const wrong = turn.querySelector(".wrong");
    wrong.querySelector("summary").classList.toggle("pressed", verdict === "wrong");
    if (wrong.open) {
      wrong.open = false;
      wrong.querySelector("summary").focus();
    }
  });
}

/** A turn in plain text: the question, the answer with [n] for its marks, each source's address. */
function asText(turn) {
  const lines = [...turn.querySelectorAll(".words p")].map((p) => {
    const plain = p.cloneNode(true);
    for (const mark of plain.querySelectorAll(".mark")) mark.textContent = `[${mark.textContent}]`;
    return plain.textContent;
  });
  const places = [...turn.querySelectorAll(".sources a")].map((a) => `[${a.dataset.cite}] ${a.textContent.trim().replace(/^\d+\s*/, "")} ${a.href}`);
  return [turn.querySelector(".asked").textContent, ...lines, ...places].join("\n");
}

/** Browsers give the clipboard only to pages with TLS or of this machine; elsewhere the text is
 * selected in a field and copied by the older command. */
async function copy(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not allowed: the older way may be.
    }
  }
  const held = document.createElement("textarea");
  held.value = text;
  held.className = "sr";
  held.readOnly = true;
  const back = document.activeElement;
  document.body.append(held);
  held.select();
  document.execCommand("copy");
  held.remove();
  back?.focus({ preventScroll: true });
}

async function open(turn, a) {
  const number = a.dataset.cite;
  const place = turn.querySelector(`.sources a[data-cite="${number}"]`);
  const response = await fetch(place.dataset.clause, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok) {
    location.assign(a.href);
    return;
  }
  for (const on of document.querySelectorAll("a.on")) on.classList.remove("on");
  for (const same of turn.querySelectorAll(`a[data-cite="${number}"]`)) same.classList.add("on");
  // The part was rendered and escaped on the server.
  source.querySelector(".body").innerHTML = await response.text();
  source.hidden = false;
  opener = a;
  source.focus({ preventScroll: true });
  source.scrollTop = 0;
}

function close() {
  source.hidden = true;
  for (const on of document.querySelectorAll("a.on")) on.classList.remove("on");
  opener?.focus();
}
source.querySelector(".close").addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !source.hidden) close();
});
if (field.value.trim() && new URLSearchParams(location.search).has("q")) {
  history.replaceState(null, "", "/");
  ask(field.value.trim());
}
