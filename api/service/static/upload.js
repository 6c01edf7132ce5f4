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
  field.required = chosen.size === 0;
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
      row.append(file.name, drop);
      return row;
    }),
  );
}

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

function send(file, row) {
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", file.name);
  const stop = row.querySelector("button").cloneNode(true);
  row.replaceChildren(file.name, bar, stop);
  const body = new FormData(form);
  body.delete("file");
  body.append("file", file);
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
    return;
  }
  event.preventDefault();
  form.querySelector("button.primary").disabled = true;
  const jobs = [];
  const rows = [...list.children];
  let at = 0;
  for (const file of chosen.values()) jobs.push(await send(file, rows[at++]));
  const sent = jobs.filter(Boolean);
  if (sent.length === 1 && jobs.length === 1) location.assign(`/documents/jobs/${sent[0]}`);
  else if (sent.length) location.assign(`/documents/uploads?${sent.map((job) => `job=${job}`).join("&")}`);
  else form.querySelector("button.primary").disabled = false;
});
