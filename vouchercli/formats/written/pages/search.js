// The search of a site. Its rows lie in search-0.js, search-1.js ...: scripts, because a page that
// is opened as a file may read nothing else. They are read when somebody begins to search.
"use strict";

const MOST = 50; // rows that are shown
const form = document.getElementById("search");
const asked = document.getElementById("asked");
const said = document.getElementById("said");
const found = document.getElementById("found");
const parts = Number(form.dataset.parts);
const rows = []; // of each part: {text, cells, href}
let read = 0;

const folded = text => text.normalize("NFKC").toLowerCase();

// What each part calls. `page` is where its rows stand; of the part without one, each row begins
// with its own page.
function addRows(part, page, lines) {
  rows[part] = lines.map((line, at) => {
    const cells = page ? line : line.slice(1);
    return { text: folded(cells.join("\n")), cells, href: page ? `${page}#t1r${at + 1}` : line[0] };
  });
}

function readPart(part) {
  const script = document.createElement("script");
  script.src = `search-${part}.js`;
  script.onload = script.onerror = () => {
    read += 1;
    if (read === parts || read % 10 === 0) answer();
  };
  document.head.append(script);
}

function line(row) {
  const tr = document.createElement("tr");
  document.querySelectorAll("#found thead th").forEach((heading, at) => {
    const cell = document.createElement(at ? "td" : "th");
    cell.className = heading.className;
    if (at === 0) {
      cell.scope = "row";
      const link = document.createElement("a");
      link.href = row.href;
      link.textContent = row.cells[0];
      cell.append(link);
    } else {
      cell.textContent = row.cells[at] ?? "";
    }
    tr.append(cell);
  });
  return tr;
}

function answer() {
  const words = folded(asked.value).split(/\s+/).filter(Boolean);
  const fits = words.length ? rows.flat().filter(row => words.every(word => row.text.includes(word))) : [];
  found.hidden = !fits.length;
  found.querySelector("tbody").replaceChildren(...fits.slice(0, MOST).map(line));
  const text = read < parts ? form.dataset.reading : fits.length ? form.dataset.found : form.dataset.nothing;
  const values = { shown: Math.min(fits.length, MOST), count: fits.length, read, parts };
  said.textContent = words.length ? text.replace(/\{(\w+)\}/g, (_, name) => values[name].toLocaleString("en")) : "";
}

let wanted = false;
let pause = 0;
asked.addEventListener("input", () => {
  for (let part = 0; part < parts && !wanted; part += 1) readPart(part);
  wanted = true;
  clearTimeout(pause);
  pause = setTimeout(answer, 150);
});
form.addEventListener("submit", event => {
  event.preventDefault();
  answer();
});
