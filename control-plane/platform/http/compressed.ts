import compression from 'compression';
import type { Request, RequestHandler } from 'express';

/** Answers under this many bytes fit into a packet anyway. */
const LEAST_BYTES = 1024;

/**
 * Compresses pages, files and JSON with brotli or gzip, and says so in Vary. What another site's page made a browser ask for goes out as it is: the
 * length of a compressed answer that holds both a secret and words of the asker's choice tells the secret (BREACH). Why this is enough:
 * docs/decisions/0028. Mounted after the event stream, which would wait for its compressor.
 */
export function compressed(): RequestHandler {
  const compress = compression({
    threshold: LEAST_BYTES,
    filter: (req, res) => askedByItself(req) && compression.filter(req, res),
  });
  return (req, res, next) => {
    res.vary('Sec-Fetch-Site');
    compress(req, res, next);
  };
}

/**
 * Whether whoever asks chose the address: our own page, a person at the address bar, or a program with its token. Browsers say so (Sec-Fetch-Site) under
 * https; on plain http, where they do not, whoever could read a length can read the page.
 */
function askedByItself(req: Request): boolean {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return !req.secure || req.get('authorization') !== undefined;
}
