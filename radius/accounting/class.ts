/** What our Class says of a login: `L1:<subscription id>:<login id, 16 hex>:<mode>`, with more behind it. */
export interface LoginClass {
  subscriptionId: string;
  loginId: string;
  mode: 'full' | 'throttled' | 'garden';
}

const MODES = { f: 'full', t: 'throttled', g: 'garden' } as const;
/** What follows is read in SQL: `:`, on a plan with rules the rate, and `@` with 16 hex digits that say what the login was told of (access_card). */
const SHAPE = /^L1:(\d{1,18}):([0-9a-f]{16}):([ftg])(?::\S{1,64})?$/;

/** Reads the Class at a span of read-record.ts; undefined when there is none or it is not ours. */
export function readClass(bytes: Buffer, span: number): LoginClass | undefined {
  const start = span >> 13;
  // Octets 'L' and '1' first: the everyday packets of routers that echo nothing, or somebody else's Class, cost no expression.
  if (span === 0 || bytes[start] !== 0x4c || bytes[start + 1] !== 0x31) return undefined;
  const match = SHAPE.exec(bytes.toString('latin1', start, span & 0x1fff));
  if (!match) return undefined;
  return { subscriptionId: match[1]!, loginId: match[2]!, mode: MODES[match[3] as keyof typeof MODES] };
}
