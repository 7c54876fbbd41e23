import { brotliDecompressSync } from 'node:zlib';
import { request } from 'node:http';

/** One answer: how long until its last byte, and how many bytes came over the line. */
export interface Visit {
  ms: number;
  status: number;
  bytes: number;
  body: string;
  cookies: string[];
  location: string | undefined;
}

/** Asks for a page as a browser does that knows brotli. `form` makes it a POST. */
export function visit(
  base: string,
  path: string,
  headers: Record<string, string> = {},
  form?: Record<string, string>,
): Promise<Visit> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(
      base + path,
      {
        method: form ? 'POST' : 'GET',
        headers: {
          'accept-encoding': 'br',
          ...headers,
          ...(form ? { 'content-type': 'application/x-www-form-urlencoded', origin: base } : {}),
        },
      },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          const ms = performance.now() - began;
          const raw = Buffer.concat(pieces);
          const packed = answer.headers['content-encoding'] === 'br';
          resolve({
            ms,
            status: answer.statusCode ?? 0,
            bytes: raw.length,
            body: (packed ? brotliDecompressSync(raw) : raw).toString(),
            cookies: (answer.headers['set-cookie'] ?? []).map((one) => one.split(';')[0] ?? ''),
            location: answer.headers.location,
          });
        });
      },
    );
    asked.on('error', reject);
    asked.end(form ? new URLSearchParams(form).toString() : undefined);
  });
}
