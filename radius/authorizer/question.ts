/** An Access-Request as radiusd.conf puts it to aaa_ask. */
export interface Question {
  /** aaa_authorize's arguments in one text, parted by blanks (aaa_ask); nothing in it needs quoting. */
  text: string;
  tenant_id: string;
  name_hex: string;
}

const before = "SELECT id, username, attribute, value, op FROM aaa_ask('";
const after = "')";

/** Reads radiusd.conf's statement; undefined for any other, which is for Postgres itself. */
export function parseQuestion(statement: string): Question | undefined {
  if (!statement.startsWith(before) || !statement.endsWith(after)) return undefined;
  const text = statement.slice(before.length, -after.length);
  if (!/^[\w -]*$/.test(text)) return undefined;
  const [, tenant_id = '', , , , name_hex = ''] = text.split(' ', 6);
  return /^\d{1,18}$/.test(tenant_id) && /^(?:[0-9a-f]{2})*$/i.test(name_hex)
    ? { text, tenant_id, name_hex }
    : undefined;
}
