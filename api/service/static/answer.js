// Lays out an answer as api/service/pages/answers.py does: links for units and days, numbered marks.
// A test of the browser compares them.

const SHORT = 12;
const EDGE = 8;

export function cited(citations) {
  return citations.map((c, place) => {
    const at = `from=${c.span[0]}&to=${c.span[1]}`;
    const base = `/documents/${encodeURIComponent(c.document_id)}`;
    const quote = c.quote.replace(/\s+/g, "");
    const all = [...quote];
    const edges = `${all.slice(0, EDGE).join("")}……${all.slice(-EDGE).join("")}`;
    const label = all.length <= SHORT ? quote : `${c.path} ${edges}`.trimStart();
    return { number: place + 1, path: c.path, quote, label, href: `${base}?${at}#here`, clause: `${base}/clause?${at}` };
  });
}

function link(words, href) {
  const a = document.createElement("a");
  a.href = href;
  a.textContent = words;
  return a;
}

export function markOf(citation, label) {
  const a = link(String(citation.number), citation.href);
  a.className = "mark";
  a.dataset.cite = citation.number;
  a.setAttribute("aria-label", `${label.replace("{n}", citation.number)}: ${citation.label}`);
  return a;
}

/** The paragraphs of an answer: its statements, each with the marks of what proves it. */
export function paragraphs(answer, label) {
  const citations = cited(answer.citations);
  return answer.statements.map((statement) => {
    const p = document.createElement("p");
    for (const piece of statement.pieces) {
      if (piece.unit) p.append(link(piece.text, `/units/${encodeURIComponent(piece.unit)}`));
      else if (piece.day) p.append(link(piece.text, `/tasks?until=${encodeURIComponent(piece.day)}`));
      else p.append(piece.text);
      for (const place of piece.citations) p.append(markOf(citations[place], label));
    }
    return p;
  });
}
