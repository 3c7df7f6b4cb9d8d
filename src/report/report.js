"use strict";
// Searching and sorting of the report's tables. Without this script the tables are just as readable.
{
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const few = 8;

  for (const table of document.querySelectorAll("table.data")) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    if (rows.length === 0) continue;
    const text = rows.map((row) => row.textContent.toLowerCase());
    const title = table.closest("section").querySelector("h2")?.textContent ?? "this table";

    if (rows.length > few) {
      const bar = document.createElement("p");
      bar.className = "search";
      const label = document.createElement("label");
      label.textContent = "Search ";
      const input = document.createElement("input");
      input.type = "search";
      input.setAttribute("aria-label", `Search in ${title}`);
      const count = document.createElement("span");
      count.setAttribute("role", "status");
      label.append(input);
      bar.append(label, count);
      table.before(bar);
      const tell = (shown) => { count.textContent = ` ${shown} of ${rows.length}`; };
      tell(rows.length);
      let waiting;
      input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
          let shown = 0;
          rows.forEach((row, at) => {
            const fits = words.every((word) => text[at].includes(word));
            row.hidden = !fits;
            shown += fits ? 1 : 0;
          });
          tell(shown);
        }, 80);
      });
    }

    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keys = new Map(rows.map((row) => [row, row.cells[column]?.textContent.trim() ?? ""]));
        const order = rows.slice().sort((a, b) => (down ? -1 : 1) * collator.compare(keys.get(a), keys.get(b)));
        body.append(...order);
      });
    });
  }
}
