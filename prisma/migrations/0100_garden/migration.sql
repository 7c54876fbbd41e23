-- What customers in the walled garden read: how this company is paid and reached.
CREATE TABLE garden_page (
  tenant_id bigint PRIMARY KEY REFERENCES tenant,
  words text NOT NULL CHECK (length(words) <= 600),
  phone text NOT NULL CHECK (length(phone) <= 40),
  updated_at timestamptz NOT NULL DEFAULT lango_now()
);
SELECT platform_protect_table('garden_page');
GRANT SELECT, INSERT, UPDATE ON garden_page TO lango_web;
