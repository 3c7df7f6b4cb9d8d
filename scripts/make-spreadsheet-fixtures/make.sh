#!/bin/sh
# Makes tests/fixtures/spreadsheets anew, each file by the program whose name it bears. Needs on Debian 12:
#   apt-get install libreoffice-calc python3-uno gnumeric libspreadsheet-writeexcel-perl libexcel-writer-xlsx-perl libapache-poi-java \
#     default-jdk-headless nodejs npm python3-venv
# The Python and JavaScript packages are installed into a temporary folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/tests/fixtures/spreadsheets
work=${FIXTURES_WORK:-$(mktemp -d)}
mkdir -p "$out" "$work"
[ -d "$work/venv" ] || { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q openpyxl pandas xlsxwriter xlwt odfpy msoffcrypto-tool; }
[ -d "$work/node_modules/xlsx" ] || npm install --silent --prefix "$work" xlsx@0.18.5
find "$out" -type f ! -name README.md -delete # also lock files that were left
cp "$here/list.json" "$out/list.json"

"$work/venv/bin/python" -W ignore "$here/write.py" "$out"
XLSX=$work node "$here/write.mjs" "$out"
perl "$here/write.pl" "$out"
python3 "$here/systems.py" "$out"
python3 "$here/flatten.py" >"$work/list.tsv"
poi=$(ls /usr/share/java/poi.jar /usr/share/java/poi-ooxml.jar /usr/share/java/poi-ooxml-schemas.jar /usr/share/java/xmlbeans.jar \
  /usr/share/java/commons-c*.jar /usr/share/java/commons-math3.jar | tr '\n' ':')
java -cp "$poi" "$here/Write.java" "$out" "$work/list.tsv"

# LibreOffice and Gnumeric start from files of the others, calculate, and write their own.
office() { # FROM TO-NAME FILTER
  rm -rf "$work/lo" && mkdir "$work/lo" && cp "$1" "$work/lo/in.${1##*.}"
  # With a new profile the first call only makes the profile.
  for _ in 1 2 3; do
    [ -d "$work/lo/out" ] || soffice "-env:UserInstallation=file://$work/profile" --headless --norestore --convert-to "$3" --outdir "$work/lo/out" \
      "$work/lo/in.${1##*.}" >/dev/null 2>&1 || true
  done
  mv "$work"/lo/out/* "$out/$2"
}
# From a file that holds the results of its formulas.
list=$out/list-perl.xlsx
numeric=$out/numeric-openpyxl.xlsx
office "$list" list-libreoffice.xlsx 'xlsx:Calc MS Excel 2007 XML'
office "$list" list-libreoffice.xls 'xls:MS Excel 97'
office "$list" list-libreoffice.ods ods:calc8
office "$list" list-libreoffice-html.xls 'html:HTML (StarCalc)'
# Separator, quote, character set (76 UTF-8, 65535 UTF-16, 1 Windows-1252), first line, column formats, language, quote all text, as shown.
office "$list" list-libreoffice-utf8.csv 'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1'
office "$list" list-libreoffice-utf16.csv 'csv:Text - txt - csv (StarCalc):59,34,65535,1,,0,true,true,false,false,false,1'
office "$list" list-libreoffice-1252.csv 'csv:Text - txt - csv (StarCalc):59,34,1,1,,0,false,true,false,false,false,1'
office "$list" list-libreoffice.tsv 'csv:Text - txt - csv (StarCalc):9,34,76,1,,0,false,true,false,false,false,1'
office "$numeric" numeric-libreoffice.xlsx 'xlsx:Calc MS Excel 2007 XML'
office "$numeric" numeric-libreoffice.xls 'xls:MS Excel 97'
office "$numeric" numeric-libreoffice.ods ods:calc8
# The lists that LibreOffice locks.
/usr/bin/python3 "$here/lock.py" "$list" "$out/protected-libreoffice.ods" calc8
/usr/bin/python3 "$here/lock.py" "$list" "$out/protected-libreoffice.xls" 'MS Excel 97'
rm -f "$out"/.~lock.*

gnumeric() { ssconvert --recalc -T "$1" "$2" "$out/$3" >/dev/null 2>&1; }
gnumeric Gnumeric_Excel:xlsx "$list" list-gnumeric.xlsx
gnumeric Gnumeric_Excel:excel_biff8 "$list" list-gnumeric-biff8.xls
gnumeric Gnumeric_Excel:excel_biff7 "$list" list-gnumeric-biff7.xls
gnumeric Gnumeric_OpenCalc:odf "$list" list-gnumeric.ods
gnumeric Gnumeric_html:html40 "$list" list-gnumeric-html.xls
gnumeric Gnumeric_Excel:excel_biff8 "$numeric" numeric-gnumeric.xls
gnumeric Gnumeric_OpenCalc:odf "$numeric" numeric-gnumeric.ods

soffice --version
ssconvert --version 2>&1 | head -1
ls -l "$out"
