-- The accounts that all of a company's money goes through. One row each, so whoever holds it while it does other work makes everybody else wait: their
-- side of a transfer is booked when the transaction ends, in one moment with its commit.

-- Nothing is decided by the balance of these: no floor, no customer's.
CREATE OR REPLACE FUNCTION ledger_is_busy(p_code text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT p_code IN ('cash', 'bank', 'cheques', 'mpesa', 'familybank', 'stripe', 'sales') $$;
GRANT EXECUTE ON FUNCTION ledger_is_busy TO lango_web, lango_jobs;

-- Books the sides that ledger_post_one left, when the transaction ends; a transfer whose entries are all there is left alone. All busy accounts of the transaction are
-- locked at once and in the order of their ids, after everything else that it has locked: so no two wait for each other in a circle.
CREATE OR REPLACE FUNCTION ledger_post_busy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_left text := nullif(current_setting('lango.ledger_busy', true), '');
  side record;
  a ledger_account;
BEGIN
  IF v_left IS NOT NULL THEN
    PERFORM 1 FROM ledger_account x WHERE x.id = ANY (string_to_array(v_left, ',')::bigint[]) AND ledger_is_busy(x.code) ORDER BY x.id FOR NO KEY UPDATE;
    PERFORM set_config('lango.ledger_busy', '', true);
  END IF;
  -- By the transfer's two entries (+ 0), never through all those of the account.
  FOR side IN SELECT s.id, s.cents FROM (VALUES (NEW.debit_account_id, -NEW.amount_cents), (NEW.credit_account_id, NEW.amount_cents)) AS s (id, cents)
    WHERE NOT EXISTS (SELECT FROM ledger_entry e WHERE e.transfer_id = NEW.id AND e.account_id + 0 = s.id) ORDER BY s.id
  LOOP
    UPDATE ledger_account x SET balance_cents = x.balance_cents + side.cents, version = x.version + 1 WHERE x.id = side.id RETURNING * INTO STRICT a;
    INSERT INTO ledger_entry (tenant_id, transfer_id, account_id, amount_cents, previous_balance_cents, balance_cents, account_version)
    VALUES (NEW.tenant_id, NEW.id, a.id, side.cents, a.balance_cents - side.cents, a.balance_cents, a.version);
  END LOOP;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS ledger_post_busy ON ledger_transfer;
CREATE CONSTRAINT TRIGGER ledger_post_busy AFTER INSERT ON ledger_transfer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_post_busy();
