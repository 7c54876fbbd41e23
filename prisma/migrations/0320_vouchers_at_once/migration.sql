-- A hundred thousand codes at once: the checks of each row's company and batch took half of the time. The rows of one statement are of one batch or few,
-- so the statement is checked as a whole, and more sharply: the batch must be the same company's. Nobody deletes a batch that has codes.
-- Locks voucher for a moment; no row is rewritten.
ALTER TABLE voucher DROP CONSTRAINT voucher_tenant_id_fkey, DROP CONSTRAINT voucher_batch_id_fkey;

CREATE FUNCTION voucher_keep_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v record;
BEGIN
  FOR v IN SELECT DISTINCT f.tenant_id, f.batch_id FROM fresh f LOOP
    PERFORM 1 FROM voucher_batch b WHERE b.id = v.batch_id AND b.tenant_id = v.tenant_id FOR KEY SHARE;
    IF NOT FOUND THEN
      RAISE foreign_key_violation USING MESSAGE = format('vouchers of company %s may not be of batch %s', v.tenant_id, v.batch_id);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER voucher_keep_batch AFTER INSERT ON voucher REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION voucher_keep_batch();
-- Only voucher_split moves codes between batches, and nobody may write the column.

CREATE FUNCTION voucher_keep_codes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM voucher u WHERE u.batch_id = OLD.id) THEN
    RAISE foreign_key_violation USING MESSAGE = format('batch %s has vouchers', OLD.id);
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER voucher_keep_codes BEFORE DELETE ON voucher_batch FOR EACH ROW EXECUTE FUNCTION voucher_keep_codes();

-- The last character of each code is worked out from those before it (control-plane/vouchers/check-character.ts): a typing error is told from a guess.
ALTER TABLE voucher_batch ADD COLUMN with_check boolean NOT NULL DEFAULT false;

-- A part of a batch that was handed over or came back is a batch of its own; this is the one that its codes were made in. voucher_split alone writes it.
ALTER TABLE voucher_batch ADD COLUMN split_from bigint;
