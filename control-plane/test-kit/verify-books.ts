import { Client } from 'pg';

/** More than most tests write; sealing goes on until nothing is left. */
const BATCH = 20_000;

/**
 * What no test may leave behind, whatever it does to the product: a chain of the audit that does not hold, books that do not balance, sales without their
 * invoices, or refunds that the books do not hold.
 * What is not sealed yet is sealed first. One line for each fault.
 */
export async function bookFaults(ownerUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: ownerUrl });
  try {
    await client.connect();
  } catch (error) {
    // The test has taken its database away itself.
    if ((error as { code?: string }).code === '3D000') return [];
    throw error;
  }
  try {
    await client.query(`DO $$ BEGIN WHILE audit_seal_events(${BATCH}) > 0 LOOP END LOOP; END $$`);
    const audit = await client.query<{ fault: string }>(
      `SELECT 'the audit: ' || problem AS fault FROM audit_verify() WHERE problem IS NOT NULL`,
    );
    const ledger = await client.query<{ fault: string }>(
      `SELECT format('the ledger: %s (account %s, transfer %s)', problem, account_id, transfer_id) AS fault FROM ledger_verify() LIMIT 5`,
    );
    const invoices = await client.query<{ fault: string }>(
      `SELECT format('the invoices: %s (invoice %s, expected %s, found %s)', problem, invoice_id, expected, found) AS fault FROM invoice_verify() LIMIT 5`,
    );
    const refunds = await client.query<{ fault: string }>(
      `SELECT format('the refunds: %s (refund %s, expected %s, found %s)', problem, refund_id, expected, found) AS fault FROM payment_refund_verify() LIMIT 5`,
    );
    const cheques = await client.query<{ fault: string }>(
      `SELECT format('the cheques: %s (payment %s, expected %s, found %s)', problem, payment_id, expected, found) AS fault FROM payment_cheque_verify() LIMIT 5`,
    );
    return [...audit.rows, ...ledger.rows, ...invoices.rows, ...refunds.rows, ...cheques.rows].map(
      ({ fault }) => fault,
    );
  } finally {
    await client.end();
  }
}
