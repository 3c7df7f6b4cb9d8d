//! Spreadsheets on disk to customers, the whole way. All names and numbers are made up.

use certonboard::customers::{CustomerList, Settle, SettleContradictions, Target, Wish, propose, read};
use certonboard::domain::{Cell, Customer, ExemptStatus, Grid, IssueKind, Severity};
use certonboard::sources::spreadsheet::{self, Limits, OpenOptions, SpreadsheetError};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn load(path: &Path) -> CustomerList {
    let grids = spreadsheet::read(path, &OpenOptions::default()).unwrap();
    let layout = propose(&grids, &Wish::default()).unwrap();
    read(&grids, &layout, &Settle::default())
}

fn load_bytes(name: &str, bytes: impl AsRef<[u8]>) -> CustomerList {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    load(&path)
}

fn codes(list: &CustomerList) -> Vec<&str> {
    list.customers.iter().map(|customer| customer.code.as_str()).collect()
}

fn exempt(list: &CustomerList) -> Vec<&str> {
    list.customers.iter().filter(|customer| customer.is_exempt()).map(|customer| customer.code.as_str()).collect()
}

fn customer<'l>(list: &'l CustomerList, code: &str) -> &'l Customer {
    list.customers.iter().find(|customer| customer.code.as_str() == code).unwrap_or_else(|| panic!("no {code} in {:?}", codes(list)))
}

fn kinds(list: &CustomerList, row: u32) -> Vec<(IssueKind, Severity)> {
    list.issues.iter().filter(|issue| issue.row == Some(row)).map(|issue| (issue.kind, issue.severity)).collect()
}

/// Larger samples that are kept outside the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("CERTONBOARD_SHARED") else {
        eprintln!("skipped: CERTONBOARD_SHARED is not set, so {name} is not read");
        return None;
    };
    Some(Path::new(&folder).join(name))
}

// ---- samples kept elsewhere ------------------------------------------------------------------------------------------------------------

#[test]
fn the_corpus_list_gives_exactly_its_exempt_customers() {
    let (Some(file), Some(truth)) = (shared("corpus/dev/customers.xlsx"), shared("corpus/dev/customers_truth.json")) else { return };
    let truth: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(truth).unwrap()).unwrap();
    let list = load(&file);
    let summary = &list.summary;
    let found: BTreeSet<&str> = exempt(&list).into_iter().collect();
    let wanted = truth["exempt_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(summary.total as u64, truth["total"].as_u64().unwrap());
    assert_eq!(summary.usable, summary.total);
    assert_eq!(found, wanted);
    println!("total {} exempt {} issues {}", summary.total, summary.exempt, list.issues.len());
}

#[test]
fn real_exports_of_two_formats_agree() {
    let (Some(old), Some(new)) = (shared("erp/northwind_customers.xls"), shared("erp/northwind_customers.xlsx")) else { return };
    let (old, new) = (load(&old), load(&new));
    for list in [&old, &new] {
        let summary = &list.summary;
        println!("{:?}\n{summary:?}", list.layout);
        for issue in list.issues.iter().take(5) {
            println!("{issue:?}");
        }
        assert_eq!(summary.total, 29);
    }
    assert_eq!(codes(&old).len(), codes(&new).len());
}

// ---- the exports of many systems -------------------------------------------------------------------------------------------------------

struct Export {
    name: &'static str,
    text: &'static str,
    all: &'static [&'static str],
    exempt: &'static [&'static str],
}

const EXPORTS: &[Export] = &[
    Export {
        name: "shopify.csv",
        text: "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags\n\
            '6512340001,Ann,Fowler,ann@fowler.example,yes,Fowler Dental,12 Mill Rd,,Dayton,OH,US,'45402,'+19375550101,,no,12.00,1,,yes,\n\
            6512340002,Bob,Grant,bob@grant.example,no,,9 Oak Ave,Apt 2,Reno,NV,US,89501,,7755550102,no,0.00,0,,no,vip\n",
        all: &["6512340001", "6512340002"],
        exempt: &["6512340001"],
    },
    Export {
        name: "quickbooks_desktop.csv",
        text: "Active Status,Customer,Balance,Balance Total,Company,First Name,Last Name,Main Phone,Fax,Main Email,Bill to 1,Bill to 2,Bill to 3,Bill to 4,Ship to 1,Customer Type,Terms,Sales Tax Code,Tax item,Account No.\n\
            Active,Ames Hardware,0.00,0.00,Ames Hardware Inc.,Ann,Ames,937-555-0101,,ap@ames.example,Ames Hardware Inc.,12 Mill Rd,\"Dayton, OH 45402\",,x,Retail,Net 30,Non,Montgomery,\n\
            Active,Bow Cycles,12.50,12.50,Bow Cycles,,,,,b@bow.example,9 Oak Ave,\"Reno, NV 89501\",USA,,x,Retail,Net 30,Tax,Washoe,\n\
            Not-active,Old Town Goods,0.00,0.00,Old Town Goods,,,,,,1 Elm St,\"Reno, NV 89501\",,,x,,,Tax,,\n",
        all: &["Ames Hardware", "Bow Cycles"],
        exempt: &["Ames Hardware"],
    },
    Export {
        name: "list.iif",
        text: "!HDR\tPROD\tVER\nHDR\tBooks\tV1\n!CUST\tNAME\tREFNUM\tBADDR1\tBADDR2\tBADDR3\tBADDR4\tSADDR1\tPHONE1\tFAXNUM\tEMAIL\tTAXABLE\tSALESTAXCODE\tRESALENUM\tCOMPANYNAME\tFIRSTNAME\tLASTNAME\tHIDDEN\n\
            CUST\tAmes\t1\tAmes Ltd\t12 Mill Rd\tDayton, OH 45402\t\t\t\t\ta@ames.example\tN\tNon\t51-1\tAmes Ltd\t\t\tN\n\
            CUST\tBow\t2\tBow Inc\t9 Oak Ave\tReno, NV 89501\t\t\t\t\t\tY\tTax\t\tBow Inc\t\t\tN\n\
            !ENDCUST\nENDCUST\n",
        all: &["Ames", "Bow"],
        exempt: &["Ames"],
    },
    Export {
        name: "netsuite.csv",
        text: "Internal ID,ID,Name,Company Name,Email,Phone,Billing Address 1,Billing Address 2,Billing City,Billing State/Province,Billing Zip,Billing Country,Shipping State/Province,Taxable,Resale Number,Inactive,Sales Rep\n\
            101,CUS0101,CUS0101 Ames Ltd,Ames Ltd,ap@ames.example,937-555-0101,12 Mill Rd,,Dayton,Ohio,45402,United States,Nevada,No,51-0012,No,Kim\n\
            102,CUS0102,CUS0102 Bow Inc,Bow Inc,b@bow.example,,9 Oak Ave,Suite 4,Reno,Nevada,89501,United States,Nevada,Yes,,No,Kim\n\
            103,CUS0103,CUS0103 Cee Co,Cee Co,c@cee.example,,7 Elm St,,Reno,Nevada,89501,United States,Nevada,Yes,,Yes,Kim\n",
        all: &["CUS0101", "CUS0102"],
        exempt: &["CUS0101"],
    },
    Export {
        name: "sage100.csv",
        text: "ARDivisionNo,CustomerNo,CustomerName,AddressLine1,AddressLine2,AddressLine3,City,State,ZipCode,CountryCode,TelephoneNo,FaxNo,EmailAddress,TaxSchedule,TaxExemptNo,CreditLimit\n\
            01,ABF,Ames Ltd,12 Mill Rd,,,Dayton,OH,45402,USA,(937) 555-0101,,ap@ames.example,OH,51-0012,5000\n\
            01,AVNET,Bow Inc,9 Oak Ave,,,Reno,NV,89501,USA,,,b@bow.example,NV,,100\n\
            02,ABF,Cee Co,7 Elm St,,,Reno,NV,89501,USA,,,c@cee.example,EXEMPT,,100\n",
        all: &["01-ABF", "01-AVNET", "02-ABF"],
        exempt: &["01-ABF", "02-ABF"],
    },
    Export {
        name: "gp.txt",
        text: "CUSTNMBR\tCUSTNAME\tCNTCPRSN\tADDRESS1\tADDRESS2\tCITY\tSTATE\tZIP\tCOUNTRY\tPHONE1\tFAX\tTAXEXMT1\tTAXSCHID\tINACTIVE\n\
            AMESLTD0001    \tAmes Ltd                \tAnn Ames  \t12 Mill Rd    \t     \tDayton   \tOH  \t45402     \tUSA  \t93755501010000\t00000000000000\t51-0012      \tUSASTCITY-6*\t0\n\
            BOWINC0001     \tBow Inc                 \t          \t9 Oak Ave     \t     \tReno     \tNV  \t89501     \tUSA  \t              \t              \t             \tUSASTCITY-6*\t0\n",
        all: &["AMESLTD0001", "BOWINC0001"],
        exempt: &["AMESLTD0001"],
    },
    Export {
        name: "business_central.csv",
        text: "No.,Name,Name 2,Address,Address 2,City,County,Post Code,Country/Region Code,Phone No.,E-Mail,Contact,Tax Liable,Tax Area Code,Tax Exemption No.,Blocked\n\
            C00010,Ames Ltd,,12 Mill Rd,,Dayton,OH,45402,US,,ap@ames.example,Ann,FALSE,AVATAX,51-0012, \n\
            C00020,Bow Inc,,9 Oak Ave,,Reno,NV,89501,US,,b@bow.example,,TRUE,AVATAX,, \n\
            C00030,Cee Co,,7 Elm St,,Reno,NV,89501,US,,c@cee.example,,TRUE,AVATAX,,All\n",
        all: &["C00010", "C00020"],
        exempt: &["C00010"],
    },
    Export {
        name: "sap_b1.csv",
        text: "CardCode;CardName;CardType;Address;City;State;ZipCode;Country;Phone1;EmailAddress;VatStatus\n\
            C1001;Ames Ltd;C;12 Mill Rd;Dayton;OH;45402;US;;ap@ames.example;N\n\
            C1002;Bow Inc;C;9 Oak Ave;Reno;NV;89501;US;;b@bow.example;Y\n\
            V2001;Vee Supply;S;1 Dock St;Reno;NV;89501;US;;v@vee.example;Y\n",
        all: &["C1001", "C1002"],
        exempt: &["C1001"],
    },
    Export {
        name: "acumatica.csv",
        text: "CustomerID,CustomerName,Status,AddressLine1,AddressLine2,City,State,PostalCode,Country,Email,Tax Zone,Tax Exemption Number,EntityUsageType\n\
            AMES01,Ames Ltd,Active,12 Mill Rd,,Dayton,OH,45402,US,ap@ames.example,AVALARA,51-0012,G\n\
            BOW01,Bow Inc,Active,9 Oak Ave,,Reno,NV,89501,US,b@bow.example,AVALARA,,\n\
            CEE01,Cee Co,Inactive,7 Elm St,,Reno,NV,89501,US,c@cee.example,AVALARA,,\n",
        all: &["AMES01", "BOW01"],
        exempt: &["AMES01"],
    },
    Export {
        name: "by_hand.csv",
        text: "Harbor Goods - Customer Master,,,,,,,\nAs of 3/1/2026,,,,,,,\n,,,,,,,\nAcct #,Customer,Mailing Address,City,ST,Zip,E-mail,Exempt (Y/N)\n\
            1001,Ames Ltd,12 Mill Rd,Dayton,OH,45402,ap@ames.example,x\n\
            1002,Bow Inc,9 Oak Ave,Reno,Nev.,89501,b@bow.example,\n\
            1003,Total Office Supply,7 Elm St,Newark,NJ,7102,c@total.example,X\n\
            ,,,,,,,\nTotal customers,3,,,,,,\n",
        all: &["1001", "1002", "1003"],
        exempt: &["1001", "1003"],
    },
    Export {
        name: "status_words.csv",
        text: "Customer Number|Company Name|Street Address|Town|State|Postal Code|Tax Status|Exemption Type\n\
            A1|Ames Ltd|12 Mill Rd|Dayton|OH|45402|Exempt|Reseller\nA2|Bow Inc|9 Oak Ave|Reno|NV|89501|Taxable|\nA3|Cee Co|7 Elm St|Reno|NV|89501|Non-Taxable|Government\n",
        all: &["A1", "A2", "A3"],
        exempt: &["A1", "A3"],
    },
    Export {
        name: "one_cell.csv",
        text: "Client Code,Client Name,Full Address,Taxable?\nA1,Ames Ltd,\"12 Mill Rd, Dayton, OH 45402\",N\nA2,Bow Inc,\"9 Oak Ave\nReno, NV 89501\",Y\n",
        all: &["A1", "A2"],
        exempt: &["A1"],
    },
    Export {
        name: "use_codes.csv",
        text: "CustomerCode,CompanyName,Line1,City,Region,PostalCode,Country,CustomerUsageType,ExemptionNo\n\
            A1,Ames Ltd,12 Mill Rd,Dayton,OH,45402,US,G,51-1\nA2,Bow Inc,9 Oak Ave,Reno,NV,89501,US,,\nA3,Cee City,7 Elm St,Reno,NV,89501,US,N,\n",
        all: &["A1", "A2", "A3"],
        exempt: &["A1", "A3"],
    },
    Export {
        name: "no_flag.csv",
        text: "Dealer ID,Dealer Name,Address Line 1,City,Prov/State,Postal/Zip,Country,Resale Certificate #,Cert Expiration\n\
            D1,Ames Ltd,12 Mill Rd,Dayton,OH,45402,USA,51-0012,12/31/2027\nD2,Bow Inc,9 Oak Ave,Ottawa,Ont.,k1a0b1,Canada,N/A,\n",
        all: &["D1", "D2"],
        exempt: &["D1"],
    },
    Export {
        name: "xero.csv",
        text: "*ContactName,AccountNumber,EmailAddress,FirstName,LastName,POAttentionTo,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,POCountry,SAAddressLine1,SACity,SARegion,SAPostalCode,SACountry,PhoneNumber,AccountsReceivableTaxCodeName\n\
            Ames Ltd,X1,ap@ames.example,,,,12 Mill Rd,,,,Dayton,OH,45402,USA,1 Dock St,Reno,NV,89501,USA,,Tax Exempt\n\
            Bow Inc,X2,b@bow.example,,,,,,,,,,,,9 Oak Ave,Reno,NV,89501,USA,,Tax on Sales\n",
        all: &["X1", "X2"],
        exempt: &["X1"],
    },
    Export {
        name: "sage50.csv",
        text: "Customer ID,Customer Name,Prospect,Inactive,Bill to Contact First Name,Bill to Contact Last Name,Bill to Address-Line One,Bill to Address-Line Two,Bill to City,Bill to State,Bill to Zip,Bill to Country,Bill to Sales Tax ID,Ship to Address 1-Line One,Ship to City 1,Ship to State 1,Customer Type,Telephone 1,Fax Number,Customer E-mail,Resale Number\n\
            AMES,Ames Ltd,FALSE,FALSE,Ann,Ames,12 Mill Rd,,Dayton,OH,45402,USA,OHTAX,1 Dock St,Reno,NV,,937-555-0101,,ap@ames.example,51-0012\n\
            BOW,Bow Inc,FALSE,FALSE,,,9 Oak Ave,,Reno,NV,89501,USA,NVTAX,,,,,,,b@bow.example,\n\
            CEE,Cee Co,FALSE,TRUE,,,7 Elm St,,Reno,NV,89501,USA,NVTAX,,,,,,,c@cee.example,\n",
        all: &["AMES", "BOW"],
        exempt: &["AMES"],
    },
    Export {
        name: "sage300.csv",
        text: "IDCUST,TEXTSNAM,NAMECUST,TEXTSTRE1,TEXTSTRE2,NAMECITY,CODESTTE,CODEPSTL,CODECTRY,NAMECTAC,TEXTPHON1,TEXTPHON2,CODETAXGRP,SWACTV\n\
            1100,AMES,Ames Ltd,12 Mill Rd,,Dayton,OH,45402,USA,Ann Ames,9375550101,,EXEMPT,1\n1105,BOW,Bow Inc,9 Oak Ave,,Reno,NV,89501,USA,,,,NVSTAX,1\n1200,CEE,Cee Co,7 Elm St,,Reno,NV,89501,USA,,,,NVSTAX,0\n",
        all: &["1100", "1105"],
        exempt: &["1100"],
    },
    Export {
        name: "epicor.csv",
        text: "Company,CustID,CustNum,Name,Address1,Address2,Address3,City,State,Zip,Country,PhoneNum,FaxNum,EmailAddress,TaxExempt,TaxRegionCode,ResaleID,CreditHold\n\
            HARBOR,AMES,1,Ames Ltd,12 Mill Rd,,,Dayton,OH,45402,USA,,,ap@ames.example,51-0012,OH,,FALSE\nHARBOR,BOW,2,Bow Inc,9 Oak Ave,,,Reno,NV,89501,USA,,,b@bow.example,,NV,,FALSE\n",
        all: &["AMES", "BOW"],
        exempt: &["AMES"],
    },
    Export {
        name: "odoo.csv",
        text: "External ID,Name,Is a Company,Reference,Street,Street2,City,State,Zip,Country,Email,Phone,Is Tax Exempt,Exemption Number,Exemption Code\n\
            __export__.res_partner_1,Ames Ltd,TRUE,P001,12 Mill Rd,,Dayton,Ohio (US),45402,United States,ap@ames.example,,TRUE,51-0012,G\n\
            __export__.res_partner_2,Bow Inc,TRUE,P002,9 Oak Ave,,Reno,Nevada (US),89501,United States,b@bow.example,,FALSE,,\n",
        all: &["P001", "P002"],
        exempt: &["P001"],
    },
    Export {
        name: "table_dump.csv",
        text: "CUST_NBR,CUST_NM,ADDR_LINE_1,ADDR_LINE_2,CITY_NM,STATE_CD,POSTAL_CD,CTRY_CD,EMAIL_ADDR,PHONE_NBR,ACTV_FLG,TAX_EXEMPT_FLG,EXEMPT_CERT_NBR,EXEMPT_RSN_CD,EXEMPT_EXP_DT,SLS_REP_CD,CRT_DT\n\
            0000012,AMES LTD,12 MILL RD,,DAYTON,OH,45402,USA,ap@ames.example,9375550101,Y,Y,51-0012,RESALE,2027-12-31,KL,2019-01-01\n\
            0000345,BOW INC,9 OAK AVE,,RENO,NV,89501,USA,b@bow.example,,Y,N,,,,KL,2019-01-01\n0000346,CEE CO,7 ELM ST,,RENO,NV,89501,USA,c@cee.example,,N,N,,,,KL,2019-01-01\n",
        all: &["0000012", "0000345"],
        exempt: &["0000012"],
    },
    Export {
        name: "ticks.csv",
        text: "Customer,Customer No.,Billing Street,Billing City,Billing State,Billing Postal Code,Shipping Street,Shipping City,Shipping State,Taxable,Exempt Cert On File\n\
            Ames Ltd,1001,12 Mill Rd,Dayton,OH,45402,12 Mill Rd,Dayton,OH,,X\nBow Inc,1002,9 Oak Ave,Reno,NV,89501,9 Oak Ave,Reno,NV,X,\nCee Co,1003,7 Elm St,Reno,NV,89501,7 Elm St,Reno,NV,X,\n",
        all: &["1001", "1002", "1003"],
        exempt: &["1001"],
    },
    Export {
        name: "tax_codes.csv",
        text: "Account Number,Account Name,Address,City,State,Zip Code,Tax Code,Status\n\
            A-1,Ames Ltd,12 Mill Rd,Dayton,OH,45402,EXM,Active\nA-2,Bow Inc,9 Oak Ave,Reno,NV,89501,NV-WASHOE,Active\nA-3,Cee Co,7 Elm St,Reno,NV,89501,NT,Closed\nA-4,Dee Co,7 Elm St,Reno,NV,89501,NT,Active\n",
        all: &["A-1", "A-2", "A-4"],
        exempt: &["A-1", "A-4"],
    },
];

#[test]
fn exports_of_many_systems_are_understood() {
    let mut wrong = Vec::new();
    for export in EXPORTS {
        let list = load_bytes(export.name, export.text);
        if codes(&list) != export.all || exempt(&list) != export.exempt {
            let columns: Vec<String> =
                list.layout.mapping.columns.iter().map(|(target, column)| format!("{target}={}", column.header)).collect();
            let issues: Vec<&str> = list.issues.iter().map(|issue| issue.message.as_str()).collect();
            wrong.push(format!(
                "{}: {:?} exempt {:?}\n  {columns:?}\n  {issues:?}\n  unmapped {:?}",
                export.name,
                codes(&list),
                exempt(&list),
                list.layout.unmapped
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_read_beside_the_flag_is_right_too() {
    let list = load_bytes("no_flag.csv", EXPORTS.iter().find(|e| e.name == "no_flag.csv").unwrap().text);
    let ames = customer(&list, "D1");
    assert_eq!(ames.exemption.number.as_ref().unwrap().as_str(), "51-0012");
    assert_eq!(ames.exemption.expires.unwrap().to_string(), "2027-12-31");
    assert!(ames.exemption.rule.contains("Resale Certificate #"));
    let bow = customer(&list, "D2");
    assert_eq!(
        (bow.address.country.code(), bow.address.region.as_ref().unwrap().code(), bow.address.postal_code.as_str()),
        ("CA", "ON", "K1A 0B1")
    );

    let list = load_bytes("status_words.csv", EXPORTS.iter().find(|e| e.name == "status_words.csv").unwrap().text);
    assert_eq!(customer(&list, "A1").exemption.reason.as_ref().unwrap().as_str(), "RESALE");
    assert_eq!(&*customer(&list, "A1").exemption.rule, "column “Tax Status” says “Exempt”");

    let list = load_bytes("netsuite.csv", EXPORTS.iter().find(|e| e.name == "netsuite.csv").unwrap().text);
    assert_eq!(customer(&list, "CUS0101").ship_to.iter().map(|r| r.code()).collect::<Vec<_>>(), ["NV"]);
    assert_eq!(list.summary.inactive, 1);

    let list = load_bytes("shopify.csv", EXPORTS.iter().find(|e| e.name == "shopify.csv").unwrap().text);
    assert_eq!(customer(&list, "6512340002").name, "Bob Grant");
    assert_eq!(customer(&list, "6512340001").address.postal_code, "45402");

    let list = load_bytes("xero.csv", EXPORTS.iter().find(|e| e.name == "xero.csv").unwrap().text);
    assert_eq!(customer(&list, "X2").address.line1, "9 Oak Ave");
}

// ---- data quality ----------------------------------------------------------------------------------------------------------------------

const DIRTY: &str = "Customer ID,Company Name,Address 1,Address 2,City,State,Zip,Country,Email,Tax Exempt,Resale Number\n\
    C-1 ,Ames Ltd,12 Mill Rd,,Newark,NJ,7102,US,ap@ames.example,Y,51-1\n\
    C-2,Bow Inc,9 Oak Ave,,Reno,Nevadda,89501,,bow@@bow,N,\n\
    C-3,Cee Co,7 Elm St,,Reno,TX,89501,US,,No,51-3\n\
    C-3,Cee Co,7 Elm St,,Reno,TX,89501,US,,No,51-3\n\
    C-2,Bow Inc,77 Other St,,Reno,NV,89501,,,Y,\n\
    c-2,Bow Two,9 Oak Ave,,Reno,NV,895011234,,a@b.example; c@d.example,maybe,\n\
    1.23457E+11,Dee Co,7 Elm St,,Reno,NV,89501,US,,Y,\n\
    ,Eff Co,7 Elm St,,Reno,NV,89501,US,,Y,\n\
    C-9,,7 Elm St,,Reno,NV,89501,US,,Y,\n\
    C-10,Gee Co,,PO Box 7,Reno,,89501,US,,Y,\n\
    C-11,Aitch\u{7} Co,7 Elm St,,Reno,NV,,US,,Y,\n\
    C-12,Eye Co,7 Elm St,,Berlin,,10115,Germany,,Y,\n";

#[test]
fn dirty_rows_are_repaired_or_named() {
    use IssueKind as K;
    use Severity as S;
    let list = load_bytes("dirty.csv", DIRTY);
    assert_eq!(codes(&list), ["C-1", "C-2", "C-3", "c-2", "C-10", "C-12"]);
    assert_eq!(customer(&list, "C-1").address.postal_code, "07102");
    assert_eq!(customer(&list, "C-2").address.region.as_ref().unwrap().code(), "NV");
    assert_eq!(customer(&list, "C-2").address.line1, "9 Oak Ave");
    assert_eq!(customer(&list, "c-2").address.postal_code, "89501-1234");
    assert_eq!(customer(&list, "c-2").contact.email.as_deref(), Some("a@b.example"));
    assert_eq!(customer(&list, "C-10").address.line1, "PO Box 7");
    assert_eq!(customer(&list, "C-10").address.region.as_ref().unwrap().code(), "NV");
    assert_eq!(customer(&list, "C-12").address.country.code(), "DE");
    assert_eq!(kinds(&list, 2), [(K::CodeLooksAltered, S::Repaired), (K::BadPostalCode, S::Repaired)]);
    assert_eq!(kinds(&list, 3), [(K::BadRegion, S::Repaired), (K::BadEmail, S::Warning)]);
    assert_eq!(kinds(&list, 4), [(K::Contradiction, S::Warning), (K::BadPostalCode, S::Warning)]);
    assert_eq!(kinds(&list, 5), [(K::DuplicateRow, S::Repaired)]);
    assert_eq!(kinds(&list, 6).last(), Some(&(K::DuplicateCode, S::Error)));
    assert!(kinds(&list, 7).contains(&(K::NearDuplicate, S::Warning)) && kinds(&list, 7).contains(&(K::BadExemption, S::Warning)));
    assert_eq!(kinds(&list, 8), [(K::CodeLooksAltered, S::Error)]);
    assert_eq!(kinds(&list, 9), [(K::MissingCode, S::Error)]);
    assert_eq!(kinds(&list, 10), [(K::MissingName, S::Error)]);
    assert_eq!(kinds(&list, 11), [(K::BadRegion, S::Repaired)]);
    assert!(kinds(&list, 12).contains(&(K::ControlCharacters, S::Repaired)) && kinds(&list, 12).contains(&(K::MissingAddress, S::Error)));
    assert_eq!((list.summary.merged, list.conflicting.len(), list.rejected.len()), (1, 1, 4));
    assert!(list.issues.iter().all(|issue| issue.suggestion.is_some()));
    let summary = &list.summary;
    assert_eq!((summary.total, summary.usable, summary.exempt), (10, 6, 7));
}

#[test]
fn contradictions_go_as_settled() {
    let grids = [Grid::of_texts("S", &DIRTY.lines().map(|line| line.split(',').collect::<Vec<_>>()).collect::<Vec<_>>())];
    let layout = propose(&grids, &Wish::default()).unwrap();
    let as_exempt = read(&grids, &layout, &Settle { contradictions: SettleContradictions::AsExempt, ..Settle::default() });
    assert!(customer(&as_exempt, "C-3").is_exempt());
    let by_flag = read(&grids, &layout, &Settle::default());
    assert!(!customer(&by_flag, "C-3").is_exempt());
}

// ---- formats ---------------------------------------------------------------------------------------------------------------------------

const PLAIN: &str = "Customer ID,Company Name,Address 1,City,State,Zip,Tax Exempt\r\n001,Café Zoë,12 Mill Rd,Dayton,OH,45402,Y\r\n002,Bow Inc,9 Oak Ave,Reno,NV,89501,N\r\n";

#[test]
fn text_files_in_every_encoding_read_alike() {
    let utf16 = |little: bool| {
        PLAIN.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect::<Vec<u8>>()
    };
    let cases = [
        PLAIN.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", PLAIN.as_bytes()].concat(),
        encoding_rs::WINDOWS_1252.encode(PLAIN).0.into_owned(),
        utf16(true),
        [b"\xff\xfe".to_vec(), utf16(true)].concat(),
        utf16(false),
        [b"\xfe\xff".to_vec(), utf16(false)].concat(),
        PLAIN.replace(',', ";").into_bytes(),
        PLAIN.replace(',', "\t").into_bytes(),
        PLAIN.replace("\r\n", "\n").into_bytes(),
        PLAIN.replace("\r\n", "\r").into_bytes(),
    ];
    for (at, bytes) in cases.iter().enumerate() {
        let list = load_bytes("list.csv", bytes);
        assert_eq!(codes(&list), ["001", "002"], "case {at}");
        assert_eq!(customer(&list, "001").name, "Café Zoë", "case {at}");
        assert_eq!(exempt(&list), ["001"], "case {at}");
        assert_eq!(list.customers[1].row, 3, "case {at}");
    }
}

/// A workbook with a notes sheet before, numbers and dates where they do harm, and a total at the foot.
fn workbook(path: &Path) {
    use rust_xlsxwriter::{Format, Workbook};
    let mut book = Workbook::new();
    let notes = book.add_worksheet();
    notes.set_name("Notes").unwrap();
    notes.write(0, 0, "Exported for the tax team. Customer ID is our number.").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("Customer List").unwrap();
    sheet.write(0, 0, "Harbor Goods").unwrap();
    let headers = ["Customer ID", "Company Name", "Address 1", "City", "State", "Zip", "Tax Exempt", "Exemption Expiry"];
    for (column, header) in (0u16..).zip(headers) {
        sheet.write(2, column, header).unwrap();
    }
    let padded = Format::new().set_num_format("00000");
    let day = Format::new().set_num_format("mm/dd/yyyy");
    for (row, (code, zip, exempt)) in (3u32..).zip([(17.0, 7102.0, true), (10233.0, 7103.0, false), (10234.0, 7104.0, true)]) {
        sheet.write_with_format(row, 0, code, &padded).unwrap();
        for (column, text) in [(1, "Ames Ltd"), (2, "12 Mill Rd"), (3, "Newark"), (4, "NJ")] {
            sheet.write(row, column, text).unwrap();
        }
        sheet.write(row, 5, zip).unwrap();
        sheet.write(row, 6, exempt).unwrap();
        sheet.write_with_format(row, 7, 46_387.0, &day).unwrap();
    }
    sheet.write(6, 0, "Total").unwrap();
    sheet.write(6, 1, 3.0).unwrap();
    sheet.write(1_048_575, 16_383, "far").unwrap();
    book.save(path).unwrap();
}

#[test]
fn a_workbook_is_read_as_the_merchant_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.xlsx");
    workbook(&path);
    let list = load(&path);
    assert_eq!((list.layout.sheet.as_str(), list.layout.header_row), ("Customer List", 3));
    assert_eq!(codes(&list), ["00017", "10233", "10234"]);
    assert_eq!(exempt(&list), ["00017", "10234"]);
    assert_eq!(customer(&list, "00017").address.postal_code, "07102");
    assert_eq!(customer(&list, "00017").exemption.expires.unwrap().to_string(), "2026-12-31");

    let wrong = spreadsheet::read(&path, &OpenOptions { sheet: Some("Customers List".into()), ..OpenOptions::default() }).unwrap_err();
    assert!(wrong.to_string().contains("did you mean `Customer List`?"), "{wrong}");
    let right = spreadsheet::read(&path, &OpenOptions { sheet: Some("notes".into()), ..OpenOptions::default() }).unwrap();
    assert_eq!(right.len(), 1);
    let small = Limits { unpacked_bytes: 1000, ..Limits::default() };
    assert!(matches!(
        spreadsheet::read(&path, &OpenOptions { limits: small, ..OpenOptions::default() }),
        Err(SpreadsheetError::TooBig { .. })
    ));
}

#[test]
fn a_zip_that_lies_about_its_size_is_refused() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.xlsx");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("xl/workbook.xml", options).unwrap();
    zip.write_all(&vec![b' '; 8 << 20]).unwrap();
    zip.finish().unwrap();
    // The directory is made to say that the part is tiny.
    let mut bytes = std::fs::read(&path).unwrap();
    let real = (8u32 << 20).to_le_bytes();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == real {
            bytes[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
        }
    }
    std::fs::write(&path, bytes).unwrap();
    let limits = Limits { unpacked_bytes: 1 << 20, ..Limits::default() };
    let error = spreadsheet::read(&path, &OpenOptions { limits, ..OpenOptions::default() }).unwrap_err();
    assert!(matches!(error, SpreadsheetError::TooBig { .. } | SpreadsheetError::Damaged { .. }), "{error}");
}

#[test]
fn every_refusal_is_one_line_that_names_the_file_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let cases = [
        (folder.path().join("none.xlsx"), "check the path"),
        (folder.path().to_owned(), "folder"),
        (file("empty.csv", b""), "export"),
        (file("blank.csv", b"\n\n , ,\n"), "export"),
        (file("a.pdf.xlsx", b"%PDF-1.7 ..."), "PDF"),
        (file("web.xls", b"<html><p>Sign in</p></html>"), "web page"),
        (file("broken.xlsx", b"PK\x03\x04 no zip"), "damaged"),
        (file("broken.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook"), "damaged"),
        (file("noise.csv", &[0, 1, 2, 0, 0, 9, 200, 255].repeat(50)), "neither"),
    ];
    for (path, word) in cases {
        let text = spreadsheet::read(&path, &OpenOptions::default()).unwrap_err().to_string();
        assert!(text.contains(word) && text.lines().count() == 1, "{text}");
        assert!(text.contains(path.file_name().unwrap().to_str().unwrap()), "{text}");
    }
}

// ---- anything at all -------------------------------------------------------------------------------------------------------------------

fn any_cell() -> impl Strategy<Value = (u8, String)> {
    let texts = prop_oneof![
        3 => "[ -~]{0,12}",
        2 => "\\PC{0,8}",
        1 => ".{0,20}",
        3 => prop::sample::select(vec!["Customer ID", "Name", "Company", "Address 1", "City", "State", "Zip", "Email", "Tax Exempt", "Taxable", "Resale Number", "Ship To State", "Bill to 1", "Y", "No", "exempt", "OH", "45402", "7102", "Total", "12 Mill Rd, Dayton, OH 45402", "1.2E+11", "K1A 0B1", "12/31/2026", "CA 90210", "ΟΔΟΣ", "İİİ 45402", "a@b.example"]).prop_map(str::to_owned),
    ];
    (0u8..8, texts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_grid_gives_a_list_or_a_named_error(rows in prop::collection::vec(prop::collection::vec(any_cell(), 0..9), 0..12)) {
        let mut grid = Grid::new("S");
        for (number, row) in (1u32..).zip(&rows) {
            grid.start_row(number);
            for (kind, text) in row {
                grid.push(match kind {
                    0 => Cell::Empty,
                    1 => Cell::Number(text),
                    2 => Cell::Bool(text.len() % 2 == 0),
                    3 => Cell::Date(text),
                    4 => Cell::Error(text),
                    _ => Cell::Text(text),
                });
            }
        }
        let grids = [grid];
        let forced = Wish { columns: rows.first().into_iter().flatten().zip(Target::ALL).map(|((_, header), target)| (*target, header.clone())).collect(), header_row: Some(1), ..Wish::default() };
        for wish in [Wish::default(), forced] {
            if let Ok(layout) = propose(&grids, &wish) {
                let list = read(&grids, &layout, &Settle::default());
                let told = list.customers.len() + list.rejected.len() + list.summary.inactive + list.summary.merged + list.summary.not_customers + list.summary.further_addresses;
                let conflicts = list.issues.iter().filter(|issue| issue.kind == IssueKind::DuplicateCode).count();
                prop_assert_eq!(told + conflicts, list.summary.rows_read);
                let summary = &list.summary;
                prop_assert_eq!(summary.exempt + summary.taxable, summary.total);
            }
        }
    }

    #[test]
    fn any_bytes_give_grids_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.csv");
        std::fs::write(&path, bytes).unwrap();
        if let Ok(grids) = spreadsheet::read(&path, &OpenOptions::default()) {
            let _ = propose(&grids, &Wish::default());
        }
    }
}

// ---- what a second look found -----------------------------------------------------------------------------------------------------------

#[test]
fn a_settled_value_counts_to_the_letter_and_nowhere_else() {
    let text = "Customer ID,Name,Address,City,State,Zip,Tax Code\n\
        C1,Ames Ltd,12 Mill Rd,Dayton,OH,45402,A+\n\
        C2,Bow Inc,9 Oak Ave,Reno,NV,89501,A\n\
        C3,Cee Co,7 Elm St,Reno,NV,89501,\n\
        C4,Dee Co,8 Elm St,Reno,NV,89501,*\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    std::fs::write(&path, text).unwrap();
    let grids = spreadsheet::read(&path, &OpenOptions::default()).unwrap();
    let layout = propose(&grids, &Wish::default()).unwrap();
    let with = |values: &[(&str, ExemptStatus)]| {
        let values = values.iter().map(|(value, status)| (Settle::value_key(value), *status)).collect();
        read(&grids, &layout, &Settle { values, ..Settle::default() })
    };
    assert_eq!(exempt(&with(&[("A+", ExemptStatus::Exempt)])), ["C1"]);
    assert_eq!(exempt(&with(&[("A", ExemptStatus::Exempt), ("A+", ExemptStatus::Taxable)])), ["C2"]);
    assert_eq!(exempt(&with(&[("*", ExemptStatus::Exempt)])), ["C4"]);
}

#[test]
fn repeated_headers_and_totals_say_nothing_of_their_columns() {
    let list = load_bytes(
        "list.csv",
        "Customer ID,Name,Address,City,State,Zip,Taxable\n\
         C1,Ames Ltd,12 Mill Rd,Dayton,OH,45402,X\n\
         C2,Bow Inc,9 Oak Ave,Reno,NV,89501,\n\
         Customer ID,Name,Address,City,State,Zip,Taxable\n\
         C3,Cee Co,7 Elm St,Reno,NV,89501,X\n\
         Total customers: 3,,,,,,2 taxed\n",
    );
    assert_eq!((codes(&list), exempt(&list)), (vec!["C1", "C2", "C3"], vec!["C2"]));
    assert_eq!(list.summary.not_customers, 2);
}

#[test]
fn a_customer_with_ship_to_rows_only_is_not_lost() {
    let list = load_bytes(
        "list.csv",
        "CardCode,CardName,AddressType,Address,City,State,ZipCode,Tax Exempt\n\
         C1,Ames Ltd,bo_BillTo,12 Mill Rd,Dayton,OH,45402,N\n\
         C1,Ames Ltd,bo_ShipTo,1 Dock St,Reno,NV,89501,N\n\
         C9,Nine Co,bo_ShipTo,7 Elm St,Reno,NV,89501,Y\n\
         C9,Nine Co,bo_ShipTo,8 Elm St,Reno,NV,89501,Y\n",
    );
    assert_eq!(codes(&list), ["C1"]);
    assert_eq!(customer(&list, "C1").ship_to.iter().map(|region| region.code().to_owned()).collect::<Vec<_>>(), ["NV"]);
    assert_eq!(list.rejected.iter().map(|row| (row.code.as_deref(), row.exempt)).collect::<Vec<_>>(), [(Some("C9"), true)]);
    let summary = &list.summary;
    assert_eq!((summary.total, summary.exempt, list.summary.further_addresses), (2, 1, 2));
}

#[test]
fn a_partnership_is_a_customer_and_so_is_page_plumbing() {
    let list = load_bytes(
        "list.csv",
        "Customer,Record Type,Bill to 1,Bill to City,Bill to State,Bill to Zip,Ship to Address,Ship to City,Ship to State,Ship to Zip,Tax Exempt\n\
         Ames Ltd,Corporation,12 Mill Rd,Dayton,OH,45402,12 Mill Rd,Dayton,OH,45402,N\n\
         Bow & Sons,Partnership,9 Oak Ave,Reno,NV,89501,9 Oak Ave,Reno,NV,89501,Y\n\
         Page Plumbing,Sole Proprietorship,,,,,7 Elm St,Reno,NV,89501,Y\n",
    );
    assert_eq!(codes(&list), ["Ames Ltd", "Bow & Sons", "Page Plumbing"]);
    assert_eq!(exempt(&list), ["Bow & Sons", "Page Plumbing"]);
}

#[test]
fn a_number_at_the_front_of_a_company_is_not_taken_for_its_code() {
    let list = load_bytes(
        "list.csv",
        "Customer ID,Name,Address,City,State,Zip,Tax Exempt\n\
         84,84 Lumber,12 Mill Rd,Dayton,OH,45402,N\n\
         CUS0101,CUS0101 Bow Inc,9 Oak Ave,Reno,NV,89501,N\n\
         C\u{fffd}1,Cee Co,7 Elm St,Reno,NV,89501,N\n",
    );
    assert_eq!(list.customers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["84 Lumber", "Bow Inc"]);
    assert_eq!(list.rejected.len(), 1);
}

#[test]
fn one_company_under_two_codes_is_told_and_branches_are_not() {
    let list = load_bytes(
        "list.csv",
        "Customer ID,Name,Address,City,State,Zip,Parent Customer,Tax Exempt\n\
         C1,\"Ames Hardware, Inc.\",12 Mill Street,Dayton,OH,45402,,N\n\
         C2,AMES HARDWARE,12 MILL ST.,Dayton,OH,45402-1234,,N\n\
         C3,Ames Hardware,14 Mill St,Dayton,OH,45402,,N\n\
         C4,Ames Hardware,12 Mill St,Dayton,OH,45402,C1,N\n",
    );
    let told: Vec<(Option<u32>, &str)> = list
        .issues
        .iter()
        .filter(|issue| issue.kind == IssueKind::LikelyDuplicate)
        .map(|issue| (issue.row, issue.message.as_str()))
        .collect();
    assert_eq!(told, [(Some(3), "has the name and address of customer C1 in row 2")]);
    assert_eq!(list.summary.children, 1);
}

#[test]
fn a_long_list_read_in_pieces_counts_as_when_read_whole() {
    use certonboard::customers::{Finished, Reading};
    let mut text = String::from("Customer ID,Name,Address,City,State,Zip,Tax Exempt,Resale Number\n");
    for n in 0..30_000 {
        // The habit of the codes and the meaning of an empty flag show only late.
        let code = if n < 25_000 { format!("C{n}") } else { format!("{n:08}") };
        let flag = if n > 29_000 { "Y" } else { "" };
        text += &format!("{code},Firm {n} Ltd,{n} Mill Rd,Dayton,OH,45402,{flag},{}\n", if n % 7 == 0 { "51-001" } else { "" });
    }
    text += "C17,Firm 17 Ltd,17 Mill Rd,Dayton,OH,45402,,\nC18,Other,18 Mill Rd,Dayton,OH,45402,,\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    std::fs::write(&path, text).unwrap();
    let mut book = spreadsheet::Book::open(&path, &OpenOptions::default()).unwrap();
    let heads = book.heads(spreadsheet::HEAD_ROWS).unwrap();
    assert!(heads[0].more && heads[0].len() == spreadsheet::HEAD_ROWS);
    let layout = propose(&heads, &Wish::default()).unwrap();
    let settle = Settle::default();
    let whole = read(&spreadsheet::read(&path, &OpenOptions::default()).unwrap(), &layout, &settle);
    let mut reading = Reading::survey(&layout, &settle, &heads[0]);
    let mut passes = 0;
    let counted = loop {
        passes += 1;
        let mut pieces = Vec::new();
        let ended = book.rows(&layout.sheet, &mut |grid| {
            pieces.push(reading.piece(&grid));
            Some(grid)
        });
        assert_eq!(ended.unwrap(), spreadsheet::Rows::All);
        assert!(pieces.len() > 10);
        match reading.finish(pieces) {
            Finished::Done(list) => break list,
            Finished::Again(better) => reading = *better,
        }
    };
    assert_eq!(counted.summary, whole.summary);
    assert_eq!((whole.customers.len(), whole.summary.merged, whole.conflicting.len()), (30_000, 1, 1));
    assert_eq!(counted.issues, whole.issues);
    assert!(passes >= 2, "the duplicates need a second look");
}

#[test]
fn letters_that_turn_out_late_to_be_of_another_encoding_are_read_again() {
    let mut bytes = b"Customer ID,Name,Address,City,State,Zip,Tax Exempt\n".to_vec();
    for n in 0..40_000 {
        bytes.extend(format!("C{n},Firm {n} Ltd,{n} Mill Rd,Dayton,OH,45402,N\n").bytes());
    }
    bytes.extend(b"C40000,Caf\xe9 Ltd,1 Mill Rd,Dayton,OH,45402,Y\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    std::fs::write(&path, bytes).unwrap();
    let mut book = spreadsheet::Book::open(&path, &OpenOptions::default()).unwrap();
    let mut last = String::new();
    let mut take = |grid: Grid| {
        last = grid.rows().last().map(|row| row.get(1).text().to_owned()).unwrap_or_default();
        Some(grid)
    };
    assert_eq!(book.rows("list", &mut take).unwrap(), spreadsheet::Rows::Again);
    assert_eq!(book.rows("list", &mut take).unwrap(), spreadsheet::Rows::All);
    assert_eq!(last, "Café Ltd");
}
