import { z } from 'zod';
import { invalid, notFound, Problem, type Fields } from './problem';

const BIGINT_MAX = 9_223_372_036_854_775_807n;
const DEPTH_MAX = 32;

/**
 * An id from a URL or filter.
 * @throws Problem 404 for anything that cannot be an id: letters, signs, leading zeros, more than a bigint
 */
export function parseId(text: string): bigint {
  if (!/^[1-9]\d{0,18}$/.test(text)) throw notFound();
  const id = BigInt(text);
  if (id > BIGINT_MAX) throw notFound();
  return id;
}

/** Zod: an id inside a body or query (a string or a safe integer), as bigint. */
export const idField = z
  .union([z.string(), z.int().positive()], 'must be an id')
  .transform((value) => String(value))
  .refine((text) => /^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= BIGINT_MAX, 'must be an id')
  .transform((text) => BigInt(text))
  .meta({ type: 'string', pattern: '^[1-9][0-9]{0,18}$' });

/** Zod: what every list takes. `cursor` is the opaque nextCursor of the page before. Extend it with filters. */
export const listQuery = z.object({
  q: z.string().trim().max(200).optional(),
  limit: z.coerce.number('must be a whole number').int('must be a whole number').min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

/** One page of a list as it leaves the API. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** The id after which a list goes on, or undefined on the first page. @throws Problem 422 for a cursor that we did not make */
export function cursorId(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^i[1-9]\d{0,18}$/.test(text) || BigInt(text.slice(1)) > BIGINT_MAX) {
    throw invalid({ cursor: 'is not a cursor of this list; leave it out to start at the first page' });
  }
  return BigInt(text.slice(1));
}

/** Cuts the one row too many that the query fetched (take: limit + 1) and names the cursor of the next page. */
export function pageOf<Row>(rows: Row[], limit: number, idOf: (row: Row) => bigint): Page<Row>;
export function pageOf<Row, T>(rows: Row[], limit: number, idOf: (row: Row) => bigint, shape: (row: Row) => T): Page<T>;
export function pageOf<Row, T>(
  rows: Row[],
  limit: number,
  idOf: (row: Row) => bigint,
  shape?: (row: Row) => T,
): Page<Row | T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: shape ? items.map(shape) : items,
    nextCursor: more ? Buffer.from(`i${idOf(last)}`).toString('base64url') : null,
  };
}

/** Bytes as the API shows them: an integer below 2^53 (9 PB). A router that counts beyond that is shown as that much: a list must not fail over it. */
export function bytes(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** Parses with a schema. @throws Problem 422 that names each wrong field */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  refuseHostileText(value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(fieldsOf(parsed.error));
}

/** The first complaint per field, by its path joined with dots (`validity.count`); `body` when the whole is of the wrong kind. */
export function fieldsOf(error: z.ZodError): Fields {
  const fields: Fields = Object.create(null) as Fields;
  for (const issue of error.issues) {
    const name = issue.path.map(String).join('.') || 'body';
    fields[name] ??= issue.message;
  }
  return { ...fields };
}

/** NUL cannot be stored as text by Postgres and no honest value contains one; nesting has a limit so that nothing recurses without end. */
export function refuseHostileText(value: unknown): void {
  const rest: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }];
  for (let at = rest.pop(); at; at = rest.pop()) {
    if (at.depth > DEPTH_MAX)
      throw new Problem(400, 'too_deep', `The body is nested more than ${DEPTH_MAX} levels deep.`);
    if (typeof at.value === 'string') {
      if (at.value.includes('\0')) throw invalid({ [at.path || 'body']: 'must not contain a NUL character' });
    } else if (typeof at.value === 'object' && at.value !== null) {
      for (const [key, inner] of Object.entries(at.value)) {
        if (key.includes('\0')) throw invalid({ body: 'must not contain a NUL character in a name' });
        rest.push({ value: inner, path: at.path ? `${at.path}.${key}` : key, depth: at.depth + 1 });
      }
    }
  }
}
