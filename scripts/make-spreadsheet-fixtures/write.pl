# The fixtures that Perl's Spreadsheet::WriteExcel and Excel::Writer::XLSX write. Usage: perl write.pl OUT
use strict; use warnings; use utf8;
use FindBin; use JSON::PP; use Spreadsheet::WriteExcel; use Excel::Writer::XLSX;
my $out = shift;
open my $in, '<:raw', "$FindBin::Bin/list.json" or die $!;
my $list = decode_json(do { local $/; <$in> });
for my $kind ('Spreadsheet::WriteExcel', 'Excel::Writer::XLSX') {
    my $book = $kind->new($kind eq 'Excel::Writer::XLSX' ? "$out/list-perl.xlsx" : "$out/list-perl.xls");
    my $sheet = $book->add_worksheet('Customers');
    my $date = $book->add_format(num_format => 'mm/dd/yyyy');
    my $text = $book->add_format(num_format => '@');
    $sheet->merge_range('A1:M1', $list->{title}, $book->add_format(bold => 1));
    $sheet->write_string(1, 0, $list->{as_of});
    $sheet->write_string(3, $_, $list->{headers}[$_]) for 0 .. $#{$list->{headers}};
    my $r = 4;
    for my $row (@{$list->{rows}}) {
        for my $c (0 .. $#$row) {
            my $value = $row->[$c];
            if ($c == 7) { $sheet->write_date_time($r, $c, $value . 'T', $date) }
            elsif ($c == 8) { $sheet->write_number($r, $c, $value) }
            elsif ($c == 9) { my $f = sprintf('=I%d-%s', $r + 1, $row->[8] - $value); $sheet->write_formula($r, $c, $f, undef, $value) }
            elsif ($c == 10) {
                # Spreadsheet::WriteExcel knows no booleans; it writes a formula.
                if ($kind eq 'Excel::Writer::XLSX') { $sheet->write_boolean($r, $c, $value ? 1 : 0) }
                else { $sheet->write_string($r, $c, $value ? 'TRUE' : 'FALSE') }
            }
            elsif ($value ne '') { $sheet->write_string($r, $c, $value, $text) }
        }
        $r++;
    }
    $sheet->write_string($r, 0, $list->{total_label});
    $sheet->write_number($r, 8, $list->{total_limit});
    my $notes = $book->add_worksheet($list->{notes_sheet});
    my $n = 0;
    for my $row (@{$list->{notes}}) { $notes->write_string($n, $_, $row->[$_]) for 0 .. $#$row; $n++ }
    $book->close;
    no strict 'refs';
    print "$kind ", ${"${kind}::VERSION"}, "\n";
}
