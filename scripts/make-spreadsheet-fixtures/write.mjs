// The fixtures that SheetJS writes. Usage: node write.mjs OUT, with the package `xlsx` installed where the environment variable XLSX points.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const XLSX = createRequire(join(process.env.XLSX ?? process.cwd(), "x.js"))("xlsx");
const list = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), "list.json"), "utf8"));
const out = process.argv[2];
const serial = (iso) => Date.parse(iso + "T00:00:00Z") / 86400000 + 25569;

function customers() {
  const sheet = XLSX.utils.aoa_to_sheet([[list.title], [list.as_of], [], list.headers]);
  list.rows.forEach((row, r) => row.forEach((value, c) => {
    if (value === "") return;
    const at = XLSX.utils.encode_cell({ r: r + 4, c });
    if (c === 7) sheet[at] = { t: "n", v: serial(value), z: "m/d/yy" };
    else if (c === 9) sheet[at] = { t: "n", v: value, f: `I${r + 5}-${+(row[8] - value).toFixed(2)}` };
    else if (typeof value === "boolean") sheet[at] = { t: "b", v: value };
    else if (typeof value === "number") sheet[at] = { t: "n", v: value };
    else sheet[at] = { t: "s", v: value };
  }));
  const foot = list.rows.length + 4;
  sheet[XLSX.utils.encode_cell({ r: foot, c: 0 })] = { t: "s", v: list.total_label };
  sheet[XLSX.utils.encode_cell({ r: foot, c: 8 })] = { t: "n", v: list.total_limit };
  sheet["!ref"] = XLSX.utils.encode_range({ s: { r: 0, c: 0 }, e: { r: foot, c: 12 } });
  sheet["!merges"] = [XLSX.utils.decode_range("A1:M1")];
  return sheet;
}

function whole() {
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, customers(), "Customers");
  XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(list.notes), list.notes_sheet);
  return book;
}

function numeric() {
  const sheet = XLSX.utils.aoa_to_sheet([list.numeric.headers, ...list.numeric.rows.map((row) => row.map((v) => (v === "" ? null : v)))]);
  list.numeric.rows.forEach((_, r) => { sheet[XLSX.utils.encode_cell({ r: r + 1, c: 5 })].z = "00000"; });
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, sheet, "Sheet1");
  return book;
}

const write = (book, name, bookType) => writeFileSync(join(out, name), XLSX.write(book, { type: "buffer", bookType, compression: true }));
for (const [name, type] of [
  ["list-sheetjs.xlsx", "xlsx"], ["list-sheetjs.xlsm", "xlsm"], ["list-sheetjs.xlsb", "xlsb"], ["list-sheetjs-biff8.xls", "biff8"],
  ["list-sheetjs-biff5.xls", "biff5"], ["list-sheetjs.ods", "ods"], ["list-sheetjs-xml2003.xls", "xlml"], ["list-sheetjs-html.xls", "html"],
  ["list-sheetjs-text.xls", "txt"],
]) write(whole(), name, type);
for (const [name, type] of [["numeric-sheetjs.xlsb", "xlsb"], ["numeric-sheetjs.xls", "biff8"], ["numeric-sheetjs.ods", "ods"], ["numeric-sheetjs-xml2003.xls", "xlml"]]) {
  write(numeric(), name, type);
}
console.log(`SheetJS ${XLSX.version}`);
