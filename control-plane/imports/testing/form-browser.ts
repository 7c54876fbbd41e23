import { connect } from 'node:net';
import type { TestCompany, TestLango } from '../../test-kit/lango';

interface Answer {
  status: number;
  location: string;
  html: string;
}

/** A browser without a screen: signed in, sends forms as a browser does. */
export interface FormBrowser {
  get(path: string): Promise<Answer>;
  post(path: string, values: Record<string, string>): Promise<Answer>;
  upload(path: string, name: string, bytes: Buffer, more?: { token?: string }): Promise<Answer>;
  /** Announces a body of so many bytes without sending one, and gives the raw answer. */
  announce(path: string, bytes: number): Promise<string>;
  /** What is chosen in the selects of a page. */
  chosen(html: string): Record<string, string>;
}

/** Signs somebody in through the form. */
export async function signedInBrowser(
  lango: TestLango,
  company: Pick<TestCompany, 'email' | 'password'> = lango.company,
): Promise<FormBrowser> {
  const send = (path: string, init: RequestInit) => fetch(`${lango.baseUrl}${path}`, { redirect: 'manual', ...init });
  const login = await send('/login', {
    method: 'POST',
    body: new URLSearchParams({ email: company.email, password: company.password }),
  });
  const cookie = login.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const headers = { cookie };
  const answerOf = async (response: Response): Promise<Answer> => ({
    status: response.status,
    location: response.headers.get('location') ?? '',
    html: await response.text(),
  });
  const get = async (path: string) => answerOf(await send(path, { headers }));
  const token = /name="_csrf" value="([^"]+)"/.exec((await get('/imports/new')).html)?.[1] ?? '';
  return {
    get,
    post: async (path, values) =>
      answerOf(await send(path, { method: 'POST', headers, body: new URLSearchParams({ _csrf: token, ...values }) })),
    async upload(path, name, bytes, more = {}) {
      const body = new FormData();
      body.set('_csrf', more.token ?? token);
      body.set('file', new Blob([new Uint8Array(bytes)], { type: 'text/csv' }), name);
      return answerOf(await send(path, { method: 'POST', headers, body }));
    },
    announce: (path, bytes) =>
      new Promise((resolve, reject) => {
        const { hostname, port, host } = new URL(lango.baseUrl);
        const socket = connect(Number(port), hostname);
        let text = '';
        socket.setEncoding('utf8');
        socket.on('data', (chunk: string) => (text += chunk));
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: ${bytes}\r\n\r\n`,
        );
      }),
    chosen: (html) =>
      Object.fromEntries(
        [...html.matchAll(/<select[^>]* name="([^"]+)"[\s\S]*?<\/select>/g)].map(([select, name = '']) => [
          name,
          /<option value="([^"]*)" selected/.exec(select)?.[1] ?? '',
        ]),
      ),
  };
}
