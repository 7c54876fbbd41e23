import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Row } from '../../../../radius/routeros';
import type { RouterConfig } from './config';
import type { Command, Reply } from './reply';

const LONGEST_MS = 60_000;
const LARGEST_BYTES = 16 * 1024 * 1024;
/** What `output=user` gives to a script at most. */
const USER_BYTES = 64_512;

interface Answer {
  status: number;
  body: Buffer;
}

/** `/tool/fetch`: really asks over HTTP, from the router's own address, and writes what comes into a file. */
export function fetchCommand(config: RouterConfig): Command {
  return async (args): Promise<Reply> => {
    const url = args['url'] ?? urlOf(args);
    let at: URL;
    try {
      at = new URL(url);
    } catch {
      return { trap: 'failure: invalid URL' };
    }
    if (config.system.deviceMode.fetch === false) return { trap: 'failure: not allowed by device-mode' };
    if (at.protocol !== 'http:' && at.protocol !== 'https:') return { trap: 'failure: unsupported mode' };
    let answer: Answer;
    try {
      answer = await ask(at, args, config);
    } catch (error) {
      return { trap: `failure: ${wordsOf(error as NodeJS.ErrnoException)}` };
    }
    if (answer.status >= 400)
      return {
        trap:
          config.version === '6.49'
            ? `failure: closing connection: <${answer.status}>`
            : `failure: Fetch failed with status ${answer.status}`,
      };
    return finish(config, args, at, answer);
  };
}

function finish(config: RouterConfig, args: Row, at: URL, { body }: Answer): Reply {
  const output = args['output'] ?? 'file';
  const kilo = String(Math.ceil(body.length / 1024));
  const said = { status: 'finished', downloaded: kilo, total: kilo, duration: '1s' };
  if (output === 'none' || args['keep-result'] === 'no' || args['keep-result'] === 'false') return { rows: [said] };
  if (output.startsWith('user')) {
    if (body.length > USER_BYTES) return { trap: 'failure: response too large' };
    return { rows: [{ ...said, data: body.toString('utf8') }] };
  }
  const refusal = config.files.write(args['dst-path'] ?? at.pathname.split('/').pop() ?? 'index.html', body);
  return refusal === undefined ? { rows: [said] } : { trap: refusal };
}

function urlOf(args: Row): string {
  const { mode = 'http', address = '', host, port, 'src-path': path = '' } = args;
  return `${mode}://${host ?? address}${port ? `:${port}` : ''}/${path.replace(/^\//, '')}`;
}

/** The certificate is believed unless `check-certificate` asks for it; then a root imported into the router counts too. */
function ask(at: URL, args: Row, config: RouterConfig): Promise<Answer> {
  const checks = args['check-certificate'] !== undefined && args['check-certificate'] !== 'no';
  const body = args['http-data'];
  const headers = Object.fromEntries(
    (args['http-header-field'] ?? '')
      .split(',')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const options = {
    method: (args['http-method'] ?? (body === undefined ? 'get' : 'post')).toUpperCase(),
    headers: {
      'User-Agent': 'MikroTik/6.x Fetch',
      ...headers,
      ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
    },
    agent: false as const,
    timeout: LONGEST_MS,
    rejectUnauthorized: checks,
    ...(checks && config.system.trusted.length > 0 && { ca: config.system.trusted }),
    ...(config.options.address !== undefined && isLoopback(at.hostname) && { localAddress: config.options.address }),
  };
  return new Promise((resolve, reject) => {
    const call = (at.protocol === 'https:' ? httpsRequest : httpRequest)(at, options, (response) => {
      collect(response).then((octets) => resolve({ status: response.statusCode ?? 0, body: octets }), reject);
    });
    call.on('timeout', () => call.destroy(Object.assign(new Error('idle timeout'), { code: 'ETIMEDOUT' })));
    call.on('error', reject);
    call.end(body);
  });
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_BYTES) throw new Error('file too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.');
}

function wordsOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'could not resolve address';
  if (code === 'ETIMEDOUT') return 'connection timeout';
  if (/CERT|SELF_SIGNED|VERIFY/.test(code ?? '')) return 'ssl: no trusted CA certificate found (6)';
  return message || 'closing connection';
}
