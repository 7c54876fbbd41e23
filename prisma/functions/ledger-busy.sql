-- The accounts that all of a company's money goes through. One row each, so whoever holds it while it does other work makes everybody else wait: their
-- side of a transfer is booked when the transaction ends, in one moment with its commit.

-- Nothing is decided by the balance of these: no floor, no customer's.
CREATE OR REPLACE FUNCTION ledger_is_busy(p_code text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT p_code IN ('cash', 'bank', 'cheques', 'mpesa', 'familybank', 'stripe', 'sales') $$;
GRANT EXECUTE ON FUNCTION ledger_is_busy TO lango_web, lango_jobs;

-- Books the sides of these transfers that belong to busy accounts: locked at once and in the order of their ids, each account written once however many
-- transfers there are. Granted to nobody.
CREATE OR REPLACE FUNCTION ledger_book_busy(p_transfers bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE v_accounts bigint[];
BEGIN
  -- Each row by its key: a plan that was made while there were few walks all accounts in the order of their ids.
  SELECT array_agg(DISTINCT s.id) INTO v_accounts
  FROM unnest(p_transfers) AS p (id) JOIN ledger_transfer t ON t.id = p.id CROSS JOIN LATERAL unnest(ARRAY[t.debit_account_id, t.credit_account_id]) AS s (id);
  PERFORM 1 FROM unnest(v_accounts) AS u (id) JOIN ledger_account a ON a.id = u.id WHERE ledger_is_busy(a.code) ORDER BY a.id + 0 FOR NO KEY UPDATE OF a;
  WITH side AS (
    SELECT t.id, t.tenant_id, a.id AS account_id, s.cents, a.balance_cents, a.version
    FROM unnest(p_transfers) AS p (id) JOIN ledger_transfer t ON t.id = p.id
    CROSS JOIN LATERAL (VALUES (t.debit_account_id, -t.amount_cents), (t.credit_account_id, t.amount_cents)) AS s (account_id, cents)
    JOIN ledger_account a ON a.id = s.account_id WHERE ledger_is_busy(a.code)
  ), moved AS (
    UPDATE ledger_account a SET balance_cents = a.balance_cents + x.cents, version = a.version + x.entries
    FROM (SELECT s.account_id, sum(s.cents)::bigint AS cents, count(*) AS entries FROM side s GROUP BY 1) x WHERE a.id = x.account_id
  )
  INSERT INTO ledger_entry (tenant_id, transfer_id, account_id, amount_cents, previous_balance_cents, balance_cents, account_version)
  SELECT s.tenant_id, s.id, s.account_id, s.cents, s.balance_cents + (sum(s.cents) OVER w)::bigint - s.cents, s.balance_cents + (sum(s.cents) OVER w)::bigint, s.version + row_number() OVER w
  FROM side s WINDOW w AS (PARTITION BY s.account_id ORDER BY s.id);
END $$;

-- Books what ledger_write left, when the transaction ends and after everything else that it has locked: so no two wait for each other in a circle. The first
-- of its transfers books for all; a transfer whose entries are there already is left alone.
CREATE OR REPLACE FUNCTION ledger_post_busy() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  v_left bigint[] := string_to_array(nullif(current_setting('lango.ledger_busy', true), ''), ',')::bigint[];
BEGIN
  IF v_left IS NOT NULL THEN
    PERFORM ledger_book_busy(v_left);
    -- Numbers of one transaction rise.
    PERFORM set_config('lango.ledger_busy', '', true), set_config('lango.ledger_booked', v_left[cardinality(v_left)]::text, true);
  END IF;
  IF NEW.id > coalesce(nullif(current_setting('lango.ledger_booked', true), '')::bigint, 0) AND (SELECT count(*) FROM ledger_entry e WHERE e.transfer_id = NEW.id) <> 2 THEN
    PERFORM ledger_book_busy(ARRAY[NEW.id]);
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS ledger_post_busy ON ledger_transfer;
CREATE CONSTRAINT TRIGGER ledger_post_busy AFTER INSERT ON ledger_transfer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_post_busy();
