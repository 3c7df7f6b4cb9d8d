-- The sandbox's store. What must always hold is said here, so that no handler can break it.
-- Days are 'YYYY-MM-DD', moments 'YYYY-MM-DDTHH:MM:SS.ffffff+00:00': text order is time order.

CREATE TABLE IF NOT EXISTS companies (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL,
  code TEXT NOT NULL CHECK (length(code) BETWEEN 1 AND 25),
  name TEXT NOT NULL,
  is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
  created TEXT NOT NULL,
  modified TEXT NOT NULL,
  setup_status TEXT NOT NULL CHECK (setup_status IN ('NotProvisioned', 'InProgress', 'Provisioned')),
  setup_polls INTEGER NOT NULL DEFAULT 0 CHECK (setup_polls >= 0),
  UNIQUE (account_id, code)
);

CREATE TABLE IF NOT EXISTS exposure_zones (
  id INTEGER PRIMARY KEY,
  company_id INTEGER NOT NULL REFERENCES companies (id),
  name TEXT NOT NULL,
  tag TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  region TEXT NOT NULL,
  country TEXT NOT NULL CHECK (length(country) = 2),
  level TEXT NOT NULL CHECK (level IN ('state', 'county', 'city')),
  created TEXT NOT NULL,
  modified TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS exposure_zones_by_name ON exposure_zones (name COLLATE NOCASE);

CREATE TABLE IF NOT EXISTS exempt_reasons (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  exempts INTEGER NOT NULL CHECK (exempts IN (0, 1))
);

CREATE TABLE IF NOT EXISTS cover_letters (
  id INTEGER PRIMARY KEY,
  company_id INTEGER NOT NULL REFERENCES companies (id),
  title TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  description TEXT NOT NULL,
  active INTEGER NOT NULL CHECK (active IN (0, 1)),
  page_count INTEGER NOT NULL,
  template_filename TEXT NOT NULL,
  version INTEGER NOT NULL,
  created TEXT NOT NULL,
  modified TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS certificate_attributes (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  description TEXT NOT NULL,
  is_system INTEGER NOT NULL CHECK (is_system IN (0, 1))
);

CREATE TABLE IF NOT EXISTS customer_attributes (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  description TEXT NOT NULL,
  is_system INTEGER NOT NULL CHECK (is_system IN (0, 1)),
  is_non_deliver INTEGER NOT NULL CHECK (is_non_deliver IN (0, 1)),
  is_changeable INTEGER NOT NULL CHECK (is_changeable IN (0, 1))
);

CREATE TABLE IF NOT EXISTS countries (
  code TEXT PRIMARY KEY CHECK (length(code) = 2),
  alpha3 TEXT NOT NULL UNIQUE CHECK (length(alpha3) = 3),
  name TEXT NOT NULL,
  is_eu INTEGER NOT NULL,
  requires_region INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS regions (
  country TEXT NOT NULL REFERENCES countries (code),
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  classification TEXT NOT NULL,
  sst INTEGER,
  taxable INTEGER,
  PRIMARY KEY (country, code)
) WITHOUT ROWID;

-- A customer that the service made itself, out of a code on a certificate, has nothing but its code: hence the nullable columns.
CREATE TABLE IF NOT EXISTS customers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  company_id INTEGER NOT NULL REFERENCES companies (id),
  code TEXT NOT NULL COLLATE BINARY CHECK (length(code) BETWEEN 1 AND 50),
  alternate_id TEXT,
  name TEXT,
  attn_name TEXT,
  line1 TEXT,
  line2 TEXT,
  city TEXT,
  postal_code TEXT,
  phone TEXT,
  fax TEXT,
  email TEXT,
  contact_name TEXT,
  country TEXT REFERENCES countries (code),
  region TEXT,
  is_bill INTEGER CHECK (is_bill IN (0, 1)),
  is_ship INTEGER CHECK (is_ship IN (0, 1)),
  taxpayer_id TEXT,
  custom_fields TEXT CHECK (custom_fields IS NULL OR json_valid(custom_fields)),
  created TEXT NOT NULL,
  modified TEXT NOT NULL,
  UNIQUE (company_id, code),
  CHECK (NOT (coalesce(is_bill, 0) AND coalesce(is_ship, 0)))
);

-- Lists are paged in the order of the ids.
CREATE INDEX IF NOT EXISTS customers_by_company ON customers (company_id);

CREATE TABLE IF NOT EXISTS customer_zones (
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  zone_id INTEGER NOT NULL REFERENCES exposure_zones (id),
  PRIMARY KEY (customer_id, zone_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS customer_ship_tos (
  bill_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  ship_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  PRIMARY KEY (bill_id, ship_id),
  CHECK (bill_id <> ship_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS customer_ship_tos_by_ship ON customer_ship_tos (ship_id);

CREATE TABLE IF NOT EXISTS customer_attribute_links (
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  attribute_id INTEGER NOT NULL REFERENCES customer_attributes (id),
  PRIMARY KEY (customer_id, attribute_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS certificates (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  company_id INTEGER NOT NULL REFERENCES companies (id),
  signed_date TEXT NOT NULL CHECK (signed_date GLOB '????-??-??'),
  expiration_date TEXT CHECK (expiration_date GLOB '????-??-??'),
  filename TEXT,
  valid INTEGER NOT NULL CHECK (valid IN (0, 1)),
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  exempt_percentage REAL NOT NULL CHECK (exempt_percentage BETWEEN 0 AND 100),
  is_single INTEGER NOT NULL DEFAULT 0 CHECK (is_single IN (0, 1)),
  exemption_number TEXT,
  zone_id INTEGER NOT NULL REFERENCES exposure_zones (id),
  reason_id INTEGER NOT NULL REFERENCES exempt_reasons (id),
  validated_reason_id INTEGER REFERENCES exempt_reasons (id),
  status TEXT NOT NULL CHECK (status IN ('PENDING', 'COMPLETE')),
  tax_number_type TEXT,
  business_number_type TEXT,
  document_exists INTEGER NOT NULL DEFAULT 0 CHECK (document_exists IN (0, 1)),
  page_count INTEGER NOT NULL DEFAULT 0 CHECK (page_count >= 0),
  processing_polls INTEGER NOT NULL DEFAULT 0 CHECK (processing_polls >= 0),
  created TEXT NOT NULL,
  modified TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS certificates_by_company ON certificates (company_id);
CREATE INDEX IF NOT EXISTS certificates_by_created ON certificates (company_id, created);

CREATE TABLE IF NOT EXISTS certificate_customers (
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  certificate_id INTEGER NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
  PRIMARY KEY (customer_id, certificate_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS certificate_customers_by_certificate ON certificate_customers (certificate_id);

CREATE TABLE IF NOT EXISTS certificate_attribute_links (
  certificate_id INTEGER NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
  attribute_id INTEGER NOT NULL REFERENCES certificate_attributes (id),
  PRIMARY KEY (certificate_id, attribute_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS po_numbers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  certificate_id INTEGER NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
  po_number TEXT NOT NULL CHECK (length(po_number) BETWEEN 1 AND 50)
);
CREATE INDEX IF NOT EXISTS po_numbers_by_certificate ON po_numbers (certificate_id);

-- Either one file with all pages, or one JPEG for each page.
CREATE TABLE IF NOT EXISTS documents (
  certificate_id INTEGER NOT NULL REFERENCES certificates (id) ON DELETE CASCADE,
  page INTEGER NOT NULL CHECK (page >= 1),
  kind TEXT NOT NULL CHECK (kind IN ('Pdf', 'Jpeg', 'Tiff', 'Png')),
  bytes BLOB NOT NULL CHECK (length(bytes) > 0),
  PRIMARY KEY (certificate_id, page)
);

CREATE TABLE IF NOT EXISTS invitations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  company_id INTEGER NOT NULL REFERENCES companies (id),
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  recipient TEXT,
  cover_letter_id INTEGER REFERENCES cover_letters (id),
  delivery TEXT NOT NULL CHECK (delivery IN ('Email', 'Fax', 'Download')),
  token TEXT NOT NULL UNIQUE,
  polls INTEGER NOT NULL CHECK (polls >= 0),
  created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS invitations_by_company ON invitations (company_id);
CREATE INDEX IF NOT EXISTS invitations_by_customer ON invitations (customer_id);

CREATE TABLE IF NOT EXISTS invitation_zones (
  invitation_id INTEGER NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
  zone_id INTEGER NOT NULL REFERENCES exposure_zones (id),
  PRIMARY KEY (invitation_id, zone_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS invitation_reasons (
  invitation_id INTEGER NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
  reason_id INTEGER NOT NULL REFERENCES exempt_reasons (id),
  PRIMARY KEY (invitation_id, reason_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ecommerce_tokens (
  token TEXT PRIMARY KEY,
  company_id INTEGER NOT NULL REFERENCES companies (id),
  customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  created TEXT NOT NULL,
  expires TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS api_tokens (
  token TEXT PRIMARY KEY,
  expires TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS calls (
  operation TEXT PRIMARY KEY,
  requests INTEGER NOT NULL,
  writes INTEGER NOT NULL,
  effective_writes INTEGER NOT NULL
) WITHOUT ROWID;
