-- Print sheets: the unused codes of a batch as PDF, drawn by a job, in parts of some thousand codes so that a process that is killed loses one part at most.
CREATE TABLE voucher_sheet (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenant,
  batch_id bigint NOT NULL REFERENCES voucher_batch,
  paper text NOT NULL CHECK (paper IN ('a4', '80', '58')),
  locale text NOT NULL CHECK (locale IN ('en', 'sw')),
  -- The hotspot's login page, which the QR codes lead to; empty: they hold the code alone.
  login text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'working' CHECK (state IN ('working', 'done', 'failed')),
  -- Codes that were unused when it was asked for, and how many are drawn.
  total integer NOT NULL CHECK (total > 0),
  done integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT lango_now(),
  created_name text NOT NULL,
  finished_at timestamptz,
  -- When somebody last worked on it, by the machine's clock.
  beat_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON voucher_sheet (batch_id, id DESC);
CREATE INDEX voucher_sheet_at_work ON voucher_sheet (beat_at) WHERE state = 'working';

CREATE TABLE voucher_sheet_part (
  sheet_id bigint NOT NULL REFERENCES voucher_sheet ON DELETE CASCADE,
  no integer NOT NULL CHECK (no BETWEEN 1 AND 1000),
  tenant_id bigint NOT NULL,
  codes integer NOT NULL,
  last_code text NOT NULL,
  pdf bytea NOT NULL,
  PRIMARY KEY (sheet_id, no)
);
-- A PDF is packed already.
ALTER TABLE voucher_sheet_part ALTER COLUMN pdf SET STORAGE EXTERNAL;

SELECT platform_protect_table('voucher_sheet'), platform_protect_table('voucher_sheet_part');
SELECT platform_keep_reference('voucher_sheet', 'batch_id', 'voucher_batch'), platform_keep_reference('voucher_sheet_part', 'sheet_id', 'voucher_sheet');
-- Resellers print what they have paid for.
SELECT platform_open_to_reseller('voucher_sheet', 'EXISTS (SELECT FROM voucher_batch b WHERE b.id = batch_id AND b.charged = ''assignment'')'),
       platform_open_to_reseller('voucher_sheet_part', 'EXISTS (SELECT FROM voucher_sheet s WHERE s.id = sheet_id)');
GRANT SELECT, INSERT ON voucher_sheet, voucher_sheet_part TO lango_web;
GRANT UPDATE (state, done, finished_at, beat_at) ON voucher_sheet TO lango_web;
GRANT SELECT, DELETE ON voucher_sheet TO lango_jobs;
