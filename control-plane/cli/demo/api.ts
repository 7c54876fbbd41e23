import { setTimeout as sleep } from 'node:timers/promises';

/** A signed-in client of Lango's own API. The demo uses no other door, so it shows what an integrator can do. */
export interface Api {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: object): Promise<T>;
  patch<T>(path: string, body: object): Promise<T>;
  /** Every item of a list, page by page. */
  all<T>(path: string): Promise<T[]>;
}

/** An answer that is not what was asked for. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const tries = 40;

/** Signs in and answers a client that signs in anew when its token has run out, and waits when it is told to (429, 503). */
export async function signedIn(baseUrl: string, who: { email: string; password: string }): Promise<Api> {
  return client(baseUrl, await signIn(baseUrl, who), () => signIn(baseUrl, who));
}

/** The same with an access token of the company (console, API tokens), which is not made anew. */
export function withToken(baseUrl: string, token: string): Api {
  return client(baseUrl, token);
}

function client(baseUrl: string, firstToken: string, renew?: () => Promise<string>): Api {
  let token = firstToken;
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await fetch(`${baseUrl}/api/${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(20_000),
      });
      if (answer.ok) return (await answer.json()) as T;
      if (answer.status === 401 && attempt < 3 && renew) token = await renew();
      else if ((answer.status === 429 || answer.status === 503) && attempt < tries)
        await sleep(Number(answer.headers.get('retry-after') ?? 2) * 1000);
      else throw new ApiRefusal(answer.status, `${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    }
  };
  return {
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    patch: (path, body) => ask('PATCH', path, body),
    all: async <T>(path: string) => {
      const items: T[] = [];
      for (let cursor = ''; ;) {
        const page = await ask<{ items: T[]; nextCursor: string | null }>(
          'GET',
          `${path}?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
        );
        items.push(...page.items);
        if (!page.nextCursor) return items;
        cursor = page.nextCursor;
      }
    },
  };
}

async function signIn(baseUrl: string, who: { email: string; password: string }): Promise<string> {
  const answer = await fetch(`${baseUrl}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: who.email, password: who.password }),
    signal: AbortSignal.timeout(20_000),
  });
  if (!answer.ok) throw new ApiRefusal(answer.status, `sign-in answered ${answer.status}`);
  return ((await answer.json()) as { token: string }).token;
}
