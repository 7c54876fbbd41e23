import type { TestCompany, TestLango } from './lango';

/** What a page answered: its status, where it sent the browser, and its text. */
export interface ConsoleAnswer {
  status: number;
  location: string;
  text: string;
}

/** Somebody at the console without a browser: for what forms do. What pages look like is for Chromium (admin/testing/browser.ts). */
export interface ConsoleClient {
  get(path: string, headers?: Record<string, string>): Promise<ConsoleAnswer>;
  /** Sends a form with the session's token, as the page's own would. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<ConsoleAnswer>;
}

/** Signs somebody in at the form. */
export async function consoleClient(
  lango: TestLango,
  who: Pick<TestCompany, 'email' | 'password'> = lango.company,
): Promise<ConsoleClient> {
  const signIn = await fetch(`${lango.baseUrl}/login`, {
    method: 'POST',
    body: new URLSearchParams({ email: who.email, password: who.password }),
    redirect: 'manual',
  });
  const cookie = signIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const ask = async (path: string, init: RequestInit): Promise<ConsoleAnswer> => {
    const answer = await fetch(lango.baseUrl + path, { redirect: 'manual', ...init });
    return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
  };
  const first = await ask('/plans', { headers: { cookie } });
  const token = /data-csrf="([^"]+)"/.exec(first.text)?.[1];
  if (token === undefined) throw new Error(`${who.email} did not get into the console: ${first.status}`);
  return {
    get: (path, headers = {}) => ask(path, { headers: { ...headers, cookie } }),
    post: (path, fields = {}, headers = {}) =>
      ask(path, {
        method: 'POST',
        headers: { ...headers, cookie },
        body: new URLSearchParams({ ...fields, _csrf: token }),
      }),
  };
}
