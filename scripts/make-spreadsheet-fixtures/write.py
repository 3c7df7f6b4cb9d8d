"""The fixtures that Python programs write: openpyxl, pandas with XlsxWriter, xlwt, odfpy, msoffcrypto-tool. Usage: write.py OUT"""
import datetime as dt, json, os, sys
from importlib.metadata import version

here = os.path.dirname(os.path.abspath(__file__))
out = sys.argv[1]
L = json.load(open(os.path.join(here, "list.json"), encoding="utf-8"))
H, R, N = L["headers"], L["rows"], L["numeric"]
DATE, FORMULA, LIMIT = 7, 9, 8
HEADER_AT = 4  # 1-based row of the headers; row 3 is blank


def typed(row):
    return [dt.date.fromisoformat(v) if i == DATE else (v if v != "" else None) for i, v in enumerate(row)]


def openpyxl_files():
    from openpyxl import Workbook
    book = Workbook()
    sheet = book.active
    sheet.title = "Customers"
    sheet["A1"] = L["title"]
    sheet.merge_cells("A1:M1")
    sheet["A2"] = L["as_of"]
    for c, head in enumerate(H, 1):
        sheet.cell(HEADER_AT, c, head)
    for r, row in enumerate(R, HEADER_AT + 1):
        for c, value in enumerate(typed(row), 1):
            # openpyxl stores formulas without a result.
            cell = sheet.cell(r, c, f"=I{r}-{row[LIMIT] - row[FORMULA]:g}" if c == FORMULA + 1 else value)
            if c == DATE + 1:
                cell.number_format = "mm/dd/yyyy"
    foot = HEADER_AT + len(R) + 1
    sheet.cell(foot, 1, L["total_label"])
    sheet.cell(foot, LIMIT + 1, L["total_limit"])
    notes = book.create_sheet(L["notes_sheet"])
    for row in L["notes"]:
        notes.append(row)
    book.save(f"{out}/list-openpyxl.xlsx")

    book = Workbook()
    sheet = book.active
    sheet.append(N["headers"])
    for row in N["rows"]:
        sheet.append(row)
        sheet.cell(sheet.max_row, 6).number_format = "00000"
    book.save(f"{out}/numeric-openpyxl.xlsx")


def pandas_file():
    import pandas as pd
    frame = pd.DataFrame([typed(row) for row in R], columns=H)
    frame["Customer Since"] = pd.to_datetime(frame["Customer Since"])
    with pd.ExcelWriter(f"{out}/list-pandas-xlsxwriter.xlsx", engine="xlsxwriter", datetime_format="yyyy-mm-dd") as writer:
        pd.DataFrame(L["notes"]).to_excel(writer, sheet_name=L["notes_sheet"], index=False, header=False)
        frame.to_excel(writer, sheet_name="Customers", index=False, startrow=HEADER_AT - 1)
        sheet = writer.sheets["Customers"]
        sheet.merge_range("A1:M1", L["title"])
        sheet.write("A2", L["as_of"])
        for r, row in enumerate(R, HEADER_AT):
            sheet.write_formula(r, FORMULA, f"=I{r + 1}-{row[LIMIT] - row[FORMULA]:g}", None, row[FORMULA])
        foot = HEADER_AT + len(R)
        sheet.write(foot, 0, L["total_label"])
        sheet.write(foot, LIMIT, L["total_limit"])


def xlwt_files():
    import xlwt
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Customers")
    sheet.write_merge(0, 0, 0, len(H) - 1, L["title"])
    sheet.write(1, 0, L["as_of"])
    date = xlwt.easyxf(num_format_str="MM/DD/YYYY")
    for c, head in enumerate(H):
        sheet.write(HEADER_AT - 1, c, head)
    for r, row in enumerate(R, HEADER_AT):
        for c, value in enumerate(typed(row)):
            if value is None:
                continue
            if c == FORMULA:
                # xlwt stores formulas without a result.
                sheet.write(r, c, xlwt.Formula(f"I{r + 1}-{row[LIMIT] - row[FORMULA]:g}"))
            elif c == DATE:
                sheet.write(r, c, value, date)
            else:
                sheet.write(r, c, value)
    foot = HEADER_AT + len(R)
    sheet.write(foot, 0, L["total_label"])
    sheet.write(foot, LIMIT, L["total_limit"])
    notes = book.add_sheet(L["notes_sheet"])
    for r, row in enumerate(L["notes"]):
        for c, value in enumerate(row):
            notes.write(r, c, value)
    book.save(f"{out}/list-xlwt.xls")

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    zeros = xlwt.easyxf(num_format_str="00000")
    for c, head in enumerate(N["headers"]):
        sheet.write(0, c, head)
    for r, row in enumerate(N["rows"], 1):
        for c, value in enumerate(row):
            if value != "":
                sheet.write(r, c, value, *([zeros] if c == 5 else []))
    book.save(f"{out}/numeric-xlwt.xls")


def odfpy_file():
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import CoveredTableCell, Table, TableCell, TableRow
    from odf.text import P
    book = OpenDocumentSpreadsheet()

    def text(value):
        cell = TableCell(valuetype="string")
        cell.addElement(P(text=value))
        return cell

    sheet = Table(name="Customers")
    row = TableRow()
    cell = TableCell(valuetype="string", numbercolumnsspanned=str(len(H)), numberrowsspanned="1")
    cell.addElement(P(text=L["title"]))
    row.addElement(cell)
    row.addElement(CoveredTableCell(numbercolumnsrepeated=str(len(H) - 1)))
    sheet.addElement(row)
    row = TableRow()
    row.addElement(text(L["as_of"]))
    sheet.addElement(row)
    row = TableRow(numberrowsrepeated=str(HEADER_AT - 3))
    row.addElement(TableCell())
    sheet.addElement(row)
    row = TableRow()
    for head in H:
        row.addElement(text(head))
    sheet.addElement(row)
    for r, values in enumerate(R, HEADER_AT + 1):
        row = TableRow()
        for c, value in enumerate(values):
            if value == "":
                cell = TableCell()
            elif c == DATE:
                cell = TableCell(valuetype="date", datevalue=value)
                cell.addElement(P(text=dt.date.fromisoformat(value).strftime("%m/%d/%Y")))
            elif isinstance(value, bool):
                cell = TableCell(valuetype="boolean", booleanvalue=str(value).lower())
                cell.addElement(P(text=str(value).upper()))
            elif c == FORMULA:
                cell = TableCell(valuetype="float", value=value, formula=f"of:=[.I{r}]-{values[LIMIT] - value:g}")
                cell.addElement(P(text=f"{value:g}"))
            elif isinstance(value, (int, float)):
                cell = TableCell(valuetype="float", value=value)
                cell.addElement(P(text=f"{value:g}"))
            else:
                cell = text(value)
            row.addElement(cell)
        sheet.addElement(row)
    row = TableRow()
    row.addElement(text(L["total_label"]))
    row.addElement(TableCell(numbercolumnsrepeated=str(LIMIT - 1)))
    row.addElement(TableCell(valuetype="float", value=L["total_limit"]))
    sheet.addElement(row)
    book.spreadsheet.addElement(sheet)
    notes = Table(name=L["notes_sheet"])
    for values in L["notes"]:
        row = TableRow()
        for value in values:
            row.addElement(text(value))
        notes.addElement(row)
    book.spreadsheet.addElement(notes)
    book.save(f"{out}/list-odfpy.ods")


def protected():
    import msoffcrypto
    from msoffcrypto.format.ooxml import OOXMLFile
    with open(f"{out}/list-openpyxl.xlsx", "rb") as plain, open(f"{out}/protected-msoffcrypto.xlsx", "wb") as locked:
        OOXMLFile(plain).encrypt("secret", locked)


openpyxl_files()
pandas_file()
xlwt_files()
odfpy_file()
protected()
for name in ["openpyxl", "pandas", "xlsxwriter", "xlwt", "odfpy", "msoffcrypto-tool"]:
    print(f"{name} {version(name)}")
