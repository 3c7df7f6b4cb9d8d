// The fixture that Apache POI writes (xls only: XSSF of Debian 12 does not run, its XMLBeans being of another version). Usage: java -cp '/usr/share/java/*' Write.java OUT LIST.tsv, the list having been flattened by flatten.py.
import java.io.FileOutputStream;
import java.nio.file.*;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Date;
import java.util.List;
import org.apache.poi.hssf.usermodel.HSSFWorkbook;
import org.apache.poi.ss.usermodel.*;
import org.apache.poi.ss.util.CellRangeAddress;

class Write {
    public static void main(String[] args) throws Exception {
        List<String> lines = Files.readAllLines(Paths.get(args[1]));
        write(new HSSFWorkbook(), lines, args[0] + "/list-poi.xls");
        System.out.println("Apache POI " + org.apache.poi.Version.getVersion());
    }

    static void write(Workbook book, List<String> lines, String path) throws Exception {
        CellStyle date = book.createCellStyle();
        date.setDataFormat(book.createDataFormat().getFormat("d-mmm-yyyy"));
        Sheet sheet = null;
        int r = 0;
        for (String line : lines) {
            if (line.startsWith("# ")) {
                sheet = book.createSheet(line.substring(2));
                r = 0;
                continue;
            }
            Row row = sheet.createRow(r++);
            String[] cells = line.split("\t", -1);
            for (int c = 0; c < cells.length; c++) {
                String kind = cells[c].isEmpty() ? "" : cells[c].substring(0, 2);
                String value = cells[c].isEmpty() ? "" : cells[c].substring(2);
                switch (kind) {
                    case "t:": row.createCell(c).setCellValue(value); break;
                    case "n:": row.createCell(c).setCellValue(Double.parseDouble(value)); break;
                    case "b:": row.createCell(c).setCellValue(value.equals("true")); break;
                    case "f:": row.createCell(c).setCellFormula(value); break;
                    case "d:":
                        row.createCell(c).setCellValue(Date.from(LocalDate.parse(value).atStartOfDay(ZoneId.systemDefault()).toInstant()));
                        row.getCell(c).setCellStyle(date);
                        break;
                    default: break;
                }
            }
        }
        book.getSheet("Customers").addMergedRegion(new CellRangeAddress(0, 0, 0, 12));
        book.getCreationHelper().createFormulaEvaluator().evaluateAll();
        try (FileOutputStream file = new FileOutputStream(path)) { book.write(file); }
    }
}
