import { callJson, textOf, type CallSpec, type Called } from './call';

/** How an account is let in where calls need a token that is fetched first (OAuth, client credentials). */
export interface TokenDoor {
  /** One token for each: addresses and credentials, hashed. */
  key: string;
  fetch: CallSpec;
  /** Whether a refusal with this code may mean that the token is not known (any more). */
  isBadToken(code: string): boolean;
}

interface Token {
  value: string;
  until: number;
}

/** A token is taken for over this long before its end. */
const EARLY_MS = 60_000;
const tokens = new Map<string, Promise<Token | Called>>();

/** Calls with a token; once more with a new one where this one was not known. */
export async function callWithToken(door: TokenDoor, spec: CallSpec): Promise<Called> {
  for (let fresh = false; ; fresh = true) {
    const token = await tokenOf(door, fresh);
    if ('kind' in token) return token;
    const answer = await callJson({ ...spec, headers: { ...spec.headers, authorization: `Bearer ${token.value}` } });
    if (fresh || answer.kind !== 'refused' || !door.isBadToken(answer.code)) return answer;
  }
}

/** Who asks while one is fetched waits for the same. A failure is not kept, and asked nothing of the account itself. */
async function tokenOf(door: TokenDoor, fresh: boolean): Promise<Token | Called> {
  const held = tokens.get(door.key);
  const known = await held;
  if (known && !('kind' in known) && !fresh && known.until > Date.now()) return known;
  // Somebody else has begun to fetch one meanwhile.
  const other = tokens.get(door.key);
  if (other && other !== held) return other;
  const fetched = fetchToken(door);
  tokens.set(door.key, fetched);
  const token = await fetched;
  if ('kind' in token && tokens.get(door.key) === fetched) tokens.delete(door.key);
  return token;
}

async function fetchToken(door: TokenDoor): Promise<Token | Called> {
  const answer = await callJson(door.fetch);
  // Without a token nothing was asked of the account.
  if (answer.kind === 'silent') return { kind: 'unreached', text: `no token: ${answer.text}` };
  if (answer.kind === 'refused') return { ...answer, code: 'credentials' };
  if (answer.kind === 'unreached') return answer;
  const value = textOf(answer.body['access_token']);
  const seconds = Number(textOf(answer.body['expires_in'])) || 3_599;
  if (value === '') return { kind: 'unreached', text: 'no token in the answer' };
  return { value, until: Date.now() + Math.max(seconds * 1_000 - EARLY_MS, 1_000) };
}
