// Lays out an answer as api/service/pages/answers.py does: links for units and days, numbered marks.

const MOST_MARKS = 6;
const SHORT = 12;

export function cited(citations) {
  return citations.map((c, place) => {
    const at = `from=${c.span[0]}&to=${c.span[1]}`;
    const base = `/documents/${encodeURIComponent(c.document_id)}`;
    const quote = c.quote.replace(/\s+/g, "");
    const label = [...quote].length <= SHORT ? quote : c.path;
    return { number: place + 1, path: c.path, quote, label, href: `${base}?${at}#here`, clause: `${base}/clause?${at}` };
  });
}

export function names(line, path) {
  let at = path ? line.indexOf(path) : -1;
  while (at >= 0) {
    const before = at ? line[at - 1] : "";
    const after = line.slice(at + path.length, at + path.length + 1);
    if (!/[0-9/]/.test(before) && !/[0-9/(]/.test(after)) return true;
    at = line.indexOf(path, at + 1);
  }
  return false;
}

function link(words, href) {
  const a = document.createElement("a");
  a.href = href;
  a.textContent = words;
  return a;
}

function* pieces(line, units) {
  const wanted = [...new Set(units)].sort((a, b) => b.length - a.length);
  const escaped = wanted.map((u) => u.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"));
  const pattern = new RegExp([...escaped, "(?<!\\d)\\d{4}-\\d{2}-\\d{2}(?!\\d)"].join("|"), "g");
  let at = 0;
  for (const found of line.matchAll(pattern)) {
    if (found.index > at) yield document.createTextNode(line.slice(at, found.index));
    const words = found[0];
    yield link(words, wanted.includes(words) ? `/units/${encodeURIComponent(words)}` : `/tasks?until=${words}`);
    at = found.index + words.length;
  }
  if (at < line.length) yield document.createTextNode(line.slice(at));
}

export function markOf(citation, label) {
  const a = link(String(citation.number), citation.href);
  a.className = "mark";
  a.dataset.cite = citation.number;
  a.setAttribute("aria-label", label.replace("{n}", citation.number));
  return a;
}

/** The paragraphs of an answer. */
export function paragraphs(answer, label) {
  const citations = cited(answer.citations);
  const units = answer.units.map((u) => u.unit);
  const named = new Map();
  for (const c of citations) if (units.includes(c.quote) && !named.has(c.quote)) named.set(c.quote, c);
  const done = new Set();
  const put = (p, c) => {
    p.append(markOf(c, label));
    done.add(c.number);
  };
  const lines = answer.answer.split("\n").filter((line) => line.trim());
  const out = lines.map((line) => {
    const p = document.createElement("p");
    for (const piece of pieces(line, units)) {
      p.append(piece);
      const found = piece.href ? named.get(piece.textContent) : undefined;
      if (!found) continue;
      named.delete(found.quote);
      put(p, found);
    }
    return p;
  });
  lines.forEach((line, place) => {
    const here = citations.filter((c) => !done.has(c.number) && names(line, c.path)).slice(0, MOST_MARKS);
    for (const c of here) put(out[place], c);
  });
  if (out.length) for (const c of citations) if (!done.has(c.number)) put(out[0], c);
  return out;
}
