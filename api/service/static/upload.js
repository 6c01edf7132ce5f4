// Uploads: files and folders dropped or chosen, sent one after another, each with its progress.

const form = document.getElementById("upload");
const field = form.querySelector("input[name=file]");
const folder = document.getElementById("folder");
const area = form.querySelector(".drop");
const list = form.querySelector(".sending");
const kinds = field.accept.split(",");
const chosen = new Map(); // path → file, in the order of choice

for (const part of form.querySelectorAll(".live")) part.hidden = false;

const readable = (file) => kinds.some((kind) => file.name.toLowerCase().endsWith(kind));

function choose(files) {
  for (const file of files) chosen.set(`${file.webkitRelativePath || file.name} ${file.size}`, file);
  list.replaceChildren(
    ...[...chosen].map(([key, file]) => {
      const row = document.createElement("li");
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "small";
      drop.textContent = form.dataset.cancel;
      drop.setAttribute("aria-label", `${form.dataset.cancel}: ${file.name}`);
      drop.addEventListener("click", () => {
        chosen.delete(key);
        choose([]);
      });
      const up = document.createElement("button");
      up.type = "button";
      up.className = "small";
      up.textContent = "↑";
      up.hidden = !form.elements.together.checked;
      up.setAttribute("aria-label", `${list.dataset.up}: ${file.name}`);
      up.addEventListener("click", () => {
        const at = order().indexOf(key);
        reorder(order().with(at, order()[Math.max(0, at - 1)]).with(Math.max(0, at - 1), key));
        list.children[Math.max(0, at - 1)].querySelector("button").focus();
      });
      row.append(up, file.name, drop);
      return row;
    }),
  );
}

const order = () => [...chosen.keys()];

function reorder(keys) {
  const files = keys.map((key) => [key, chosen.get(key)]);
  chosen.clear();
  for (const [key, file] of files) chosen.set(key, file);
  choose([]);
}

// The pages of one document: first by name, then as they are moved.
form.elements.together.addEventListener("change", () =>
  reorder(order().sort((a, b) => (form.elements.together.checked ? a.localeCompare(b, "zh", { numeric: true }) : 0))),
);

field.addEventListener("change", () => {
  choose(field.files);
  field.value = "";
});
folder.addEventListener("change", () => {
  choose([...folder.files].filter(readable));
  folder.value = "";
});
area.addEventListener("dragover", (event) => {
  event.preventDefault();
  area.classList.add("over");
});
area.addEventListener("dragleave", () => area.classList.remove("over"));
area.addEventListener("drop", async (event) => {
  event.preventDefault();
  area.classList.remove("over");
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  const plain = [...event.dataTransfer.files];
  const found = await Promise.all(entries.map((entry, at) => (entry?.isDirectory ? inside(entry) : [plain[at]])));
  choose(found.flat().filter(Boolean));
});

async function inside(entry) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    return readable(file) ? [file] : [];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return found;
    for (const each of some) found.push(...(await inside(each)));
  }
}

function hidden(name, value) {
  const kept = form.querySelector(`input[type=hidden][name=${name}]`) ?? document.createElement("input");
  Object.assign(kept, { type: "hidden", name, value });
  form.append(kept);
}

function send(file, row, at) {
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", file.name);
  const stop = row.querySelector("button:last-child").cloneNode(true);
  row.replaceChildren(file.name, bar, stop);
  const body = new FormData(form);
  body.delete("file");
  body.append("file", file);
  body.append("at", String(at));
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    stop.addEventListener("click", () => request.abort());
    request.upload.addEventListener("progress", (event) => {
      bar.max = event.total;
      bar.value = event.loaded;
    });
    const ended = () => {
      stop.remove();
      const job = /\/documents\/jobs\/([^/?#]+)$/.exec(request.responseURL)?.[1];
      bar.replaceWith(job ? "✓" : form.dataset.failed);
      done(job ?? null);
    };
    for (const event of ["load", "error", "abort"]) request.addEventListener(event, ended);
    request.open("POST", form.action);
    request.send(body);
  });
}

form.addEventListener("submit", async (event) => {
  if (chosen.size === 0) return;
  if (form.elements.together.checked) {
    const pages = new DataTransfer(); // one request: the pages make one document
    for (const file of chosen.values()) pages.items.add(file);
    field.files = pages.files;
    hidden("ordered", "1");
    return;
  }
  event.preventDefault();
  form.querySelector("button.primary").disabled = true;
  // They are sent one by one and belong together all the same.
  hidden("delivery", crypto.getRandomValues(new Uint32Array(4)).join("-"));
  const names = [...chosen.values()].map((file) => file.webkitRelativePath || file.name);
  hidden("names", names.length > 1 && names.length <= 100 ? names.join("\n") : "");
  const jobs = [];
  const rows = [...list.children];
  let at = 0;
  for (const file of chosen.values()) jobs.push(await send(file, rows[at], at++));
  const sent = jobs.filter(Boolean);
  if (sent.length === 1 && jobs.length === 1) location.assign(`/documents/jobs/${sent[0]}`);
  else if (sent.length) location.assign(`/documents/uploads?${sent.map((job) => `job=${job}`).join("&")}`);
  else form.querySelector("button.primary").disabled = false;
});
