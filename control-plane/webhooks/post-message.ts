import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { guardHost } from './address-guard';

/** Why no answer came, or none that counts. */
export type Fault =
  'bad_url' | 'refused_address' | 'unresolved' | 'timeout' | 'connection' | 'certificate' | 'redirect' | 'stopped';

/** What came of one try. `status` is missing when no answer came. */
export interface Posted {
  ms: number;
  status: number | undefined;
  fault: Fault | undefined;
  retryAfterS: number | undefined;
  responseHead: Record<string, string>;
  responseBody: string;
}

export interface PostOptions {
  /** Private networks that may be reached (LANGO_INSECURE_WEBHOOK_NETWORKS). */
  networks: readonly string[];
  /** For everything: name, connection, TLS, answer. */
  timeoutMs: number;
  /** Ends the try when this process ends. */
  stop?: AbortSignal | undefined;
}

const BODY_KEPT = 2000;
const HEADERS_KEPT = 30;

/** Sends one JSON body to a receiver that we do not trust: to a checked address, without following redirects, reading no more than is kept. Never throws. */
export async function postMessage(
  target: string,
  headers: Record<string, string>,
  body: string,
  options: PostOptions,
): Promise<Posted> {
  const began = performance.now();
  const nothing = (fault: Fault): Posted => ({
    ms: Math.round(performance.now() - began),
    status: undefined,
    fault,
    retryAfterS: undefined,
    responseHead: {},
    responseBody: '',
  });
  if (!URL.canParse(target)) return nothing('bad_url');
  const url = new URL(target);
  const late = AbortSignal.timeout(options.timeoutMs);
  const signal = options.stop ? AbortSignal.any([late, options.stop]) : late;
  try {
    const guarded = await guardHost(url, options.networks);
    if (guarded.kind !== 'address') return nothing(guarded.kind === 'refused' ? 'refused_address' : 'unresolved');
    const answer = await ask(url, guarded, headers, body, signal);
    const responseBody = await readSome(answer);
    const status = answer.statusCode ?? 0;
    return {
      ms: Math.round(performance.now() - began),
      status,
      fault: status >= 300 && status < 400 ? 'redirect' : undefined,
      retryAfterS: secondsOf(answer.headers['retry-after']),
      responseHead: shownHead(answer),
      responseBody,
    };
  } catch (error) {
    if (options.stop?.aborted) return nothing('stopped');
    if (late.aborted) return nothing('timeout');
    return nothing(faultOf(error));
  }
}

function ask(
  url: URL,
  to: { address: string; family: 4 | 6 },
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        // A connection of its own: a kept one would have been opened to an address that was checked earlier.
        agent: false,
        lookup: (_host, lookupOptions, done) => {
          if (lookupOptions.all) done(null, [to]);
          else done(null, to.address, to.family);
        },
        maxHeaderSize: 16_384,
        signal,
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The beginning of the answer's body; the rest is not waited for. */
async function readSome(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer) {
      parts.push(part as Buffer);
      size += (part as Buffer).length;
      if (size >= BODY_KEPT) break;
    }
  } catch {
    // The status has come: a body that breaks off or never ends changes nothing.
  } finally {
    answer.destroy();
  }
  return Buffer.concat(parts).toString('utf8').replaceAll('\0', '').slice(0, BODY_KEPT);
}

function shownHead(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer.headers)
      .filter(([name]) => name !== 'set-cookie')
      .slice(0, HEADERS_KEPT)
      .map(([name, value]) => [name, String(value).replaceAll('\0', '').slice(0, 300)]),
  );
}

function secondsOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\d{1,6}$/.test(retryAfter)) return Number(retryAfter);
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}

function faultOf(error: unknown): Fault {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)
    ? 'certificate'
    : 'connection';
}
