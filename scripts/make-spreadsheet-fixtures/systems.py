"""Files in the shapes that systems write under the name `.xls`, which are no workbooks: those systems can't be run here, so their shape is
written out by hand: NetSuite's "Export - Microsoft Excel" (SpreadsheetML 2003), a web ERP's HTML table within a page's layout, a report's
tab-separated text. Usage: systems.py OUT"""
import json, os, sys
from xml.sax.saxutils import escape

L = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "list.json"), encoding="utf-8"))
out = sys.argv[1]


def xml_cell(c, value, more=""):
    if value == "":
        return ""
    # Blank cells are left out, so each cell behind one says where it stands.
    at = f' ss:Index="{c + 1}"'
    if c == 7:
        return f'<Cell{at} ss:StyleID="d"><Data ss:Type="DateTime">{value}T00:00:00.000</Data></Cell>'
    if isinstance(value, bool):
        return f'<Cell{at}><Data ss:Type="Boolean">{int(value)}</Data></Cell>'
    if isinstance(value, (int, float)):
        return f'<Cell{at}{more}><Data ss:Type="Number">{value}</Data></Cell>'
    return f'<Cell{at}><Data ss:Type="String">{escape(value)}</Data></Cell>'


rows = [f'<Row><Cell ss:MergeAcross="12" ss:StyleID="t"><Data ss:Type="String">{escape(L["title"])}</Data></Cell></Row>',
        f'<Row><Cell><Data ss:Type="String">{escape(L["as_of"])}</Data></Cell></Row>',
        '<Row ss:Index="4">' + "".join(xml_cell(c, h) for c, h in enumerate(L["headers"])) + "</Row>"]
for r, row in enumerate(L["rows"], 5):
    rows.append("<Row>" + "".join(xml_cell(c, v, f' ss:Formula="=RC[-1]-{row[8] - v:g}"' if c == 9 else "") for c, v in enumerate(row)) + "</Row>")
rows.append("<Row>" + xml_cell(0, L["total_label"]) + xml_cell(8, L["total_limit"]) + "</Row>")
notes = ["<Row>" + "".join(xml_cell(c, v) for c, v in enumerate(row)) + "</Row>" for row in L["notes"]]
with open(f"{out}/list-netsuite-shape.xls", "w", encoding="utf-8") as file:
    file.write('<?xml version="1.0" encoding="utf-8"?>\n<?mso-application progid="Excel.Sheet"?>\n'
               '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:o="urn:schemas-microsoft-com:office:office" '
               'xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" '
               'xmlns:html="http://www.w3.org/TR/REC-html40">\n'
               '<Styles><Style ss:ID="d"><NumberFormat ss:Format="Short Date"/></Style><Style ss:ID="t"><Font ss:Bold="1"/></Style></Styles>\n'
               f'<Worksheet ss:Name="Customers"><Table>{chr(10).join(rows)}</Table></Worksheet>\n'
               f'<Worksheet ss:Name="{L["notes_sheet"]}"><Table>{chr(10).join(notes)}</Table></Worksheet>\n</Workbook>\n')


def html_cell(c, v):
    if isinstance(v, bool):
        v = str(v).upper()
    text = escape(str(v)).replace("ü", "&uuml;").replace("ñ", "&#241;") if v != "" else "&nbsp;"
    # Excel takes the zeros off unless the cell is marked as text.
    return f'<td style="mso-number-format:\\@">{text}' + ("</td>" if c % 2 else "")


with open(f"{out}/list-web-erp-shape.xls", "w", encoding="utf-8") as file:
    file.write('<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.0 Transitional//EN">\n<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>'
               '<meta http-equiv="Content-Type" content="text/html; charset=utf-8"><title>Report</title>'
               '<style>td { color: #000 } /* <table> */</style><script>var t = "<table><tr><td>not data</td></tr></table>";</script></head>\n'
               '<body><table width="100%"><tr><td><img src="logo.gif"></td><td>'
               '<table><tr><td>Printed by</td><td>Ines</td></tr><tr><td>Page</td><td>1</td></tr></table></td></tr><tr><td colspan=2>\n'
               f'<table border=1><thead><tr><th colspan="13">{escape(L["title"])}</th></tr>\n<tr>'
               + "".join(f"<th>{h.replace(' ', '<br/>', 1)}</th>" for h in L["headers"]) + "</tr></thead><tbody>\n")
    for row in L["rows"]:
        file.write("<tr>" + "".join(html_cell(c, v) for c, v in enumerate(row)) + "\n")
    file.write(f'<tr><td colspan=8>{L["total_label"]}<td>{L["total_limit"]}</table>\n</td></tr></table><!-- <table><tr><td>end</td></tr></table> --></body></html>\n')

with open(f"{out}/list-report-shape.xls", "w", encoding="cp1252", errors="replace", newline="\r\n") as file:
    file.write(L["title"] + "\n" + L["as_of"] + "\n\n" + "\t".join(L["headers"]) + "\n")
    for row in L["rows"]:
        file.write("\t".join(str(v).upper() if isinstance(v, bool) else str(v) for v in row) + "\n")
    file.write(L["total_label"] + "\t" * 8 + str(L["total_limit"]) + "\n")
