"use strict";
// Searching and sorting of the report's tables, and the pages in full size. Without this script the tables are just as readable.
{
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const few = 8;
  // Rows that are laid out at once.
  const LIMIT = Number(document.body.dataset.shown);

  for (const table of document.querySelectorAll("table.data")) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    if (rows.length === 0) continue;
    const title = table.closest("section").querySelector("h2")?.textContent ?? "this table";

    let order = rows;
    let words = [];
    let all = rows.length <= LIMIT;
    // Gathered when somebody searches: a page of many thousands of rows opens without it.
    let text;
    let tell = () => {};

    const draw = () => {
      if (words.length > 0) text ??= new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
      let fitting = 0;
      for (const row of order) {
        const fits = words.every((word) => text.get(row).includes(word));
        row.hidden = !fits;
        row.classList.toggle("later", fits && !all && fitting >= LIMIT);
        fitting += fits ? 1 : 0;
      }
      tell(fitting);
    };

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
      const more = document.createElement("button");
      more.type = "button";
      more.textContent = "Show all";
      more.addEventListener("click", () => { all = true; draw(); });
      label.append(input);
      bar.append(label, count, " ", more);
      table.before(bar);
      tell = (fitting) => {
        more.hidden = all || fitting <= LIMIT;
        count.textContent = more.hidden ? ` ${fitting} of ${rows.length}` : ` the first ${LIMIT} of ${fitting}`;
      };
      tell(rows.length);
      let waiting;
      input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
          draw();
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
        order = rows.slice().sort((a, b) => (down ? -1 : 1) * collator.compare(keys.get(a), keys.get(b)));
        body.append(...order);
        draw();
      });
    });
  }

  // What is folded away is printed, too.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });

  // A page in full size, with the same boxes; its picture is fetched from the folder beside this file when it is asked for.
  const dialog = document.getElementById("large");
  const page = dialog.querySelector(".page");
  document.addEventListener("click", (event) => {
    const small = event.target.closest("a.thumb");
    if (!small || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const picture = document.createElement("img");
    picture.alt = small.querySelector("img").alt;
    picture.src = small.getAttribute("href");
    const failed = document.createElement("p");
    failed.hidden = true;
    failed.textContent = `The picture is not there: ${small.getAttribute("href")}. Keep the folder of pages beside this file.`;
    picture.addEventListener("error", () => { failed.hidden = false; });
    const boxes = Array.from(small.querySelectorAll("i"), (box) => {
      const copy = box.cloneNode();
      copy.tabIndex = 0;
      copy.setAttribute("role", "note");
      copy.setAttribute("aria-label", box.title);
      copy.removeAttribute("title");
      copy.dataset.label = box.title;
      return copy;
    });
    page.replaceChildren(picture, failed, ...boxes);
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => page.replaceChildren());
}
