"""The list as typed tab-separated lines, for the writers that read no JSON. Usage: flatten.py > LIST.tsv"""
import json, os
L = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "list.json"), encoding="utf-8"))
def line(cells): print("\t".join(cells))
def cell(c, v, r, row):
    if v == "": return ""
    if c == 7: return f"d:{v}"
    if c == 9: return f"f:I{r}-{row[8] - v:g}"
    if isinstance(v, bool): return f"b:{str(v).lower()}"
    return f"n:{v}" if isinstance(v, (int, float)) else f"t:{v}"
print("# Customers")
line([f"t:{L['title']}"]); line([f"t:{L['as_of']}"]); line([])
line([f"t:{h}" for h in L["headers"]])
for r, row in enumerate(L["rows"], 5): line([cell(c, v, r, row) for c, v in enumerate(row)])
line([f"t:{L['total_label']}"] + [""] * 7 + [f"n:{L['total_limit']}"])
print(f"# {L['notes_sheet']}")
for row in L["notes"]: line([f"t:{v}" for v in row])
