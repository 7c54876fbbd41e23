import { sliceApiRoutes } from '../slices';
import { answerChecker, type CheckedAnswer } from './answer-check';

/** An answer of the API: status and parsed JSON body. */
export interface Answer<T = unknown> {
  status: number;
  body: T;
  headers: Headers;
}

/** Talks to a running web process over HTTP as one signed-in program. Paths are below /api. */
export interface ApiClient {
  readonly baseUrl: string;
  readonly token: string | undefined;
  get<T = unknown>(path: string): Promise<Answer<T>>;
  post<T = unknown>(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  patch<T = unknown>(path: string, body: unknown): Promise<Answer<T>>;
  put<T = unknown>(path: string, body: unknown): Promise<Answer<T>>;
  delete<T = unknown>(path: string): Promise<Answer<T>>;
  /** A client with somebody else's token, or none. */
  as(token: string | undefined): ApiClient;
}

/** Made at the first answer: a test that never asks must not load every slice. */
let check: ((answer: CheckedAnswer) => void) | undefined;
const checkAnswer = (answer: CheckedAnswer): void => {
  check ??= answerChecker(sliceApiRoutes().flatMap(({ routes }) => routes));
  check(answer);
};

/**
 * Every answer is held to the OpenAPI document (answer-check.ts): one that the document does not promise throws.
 * @param baseUrl e.g. http://127.0.0.1:3000
 */
export function apiClient(baseUrl: string, token?: string): ApiClient {
  const send = async <T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> => {
    const response = await fetch(`${baseUrl}/api${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const read: unknown = text === '' ? undefined : parse(text);
    checkAnswer({ method, path, status: response.status, body: read });
    return { status: response.status, headers: response.headers, body: read as T };
  };
  return {
    baseUrl,
    token,
    get: (path) => send('GET', path),
    post: (path, body, headers) => send('POST', path, body, headers),
    patch: (path, body) => send('PATCH', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path) => send('DELETE', path),
    as: (other) => apiClient(baseUrl, other),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
