import type { RequestHandler } from 'express';
import multer, { MulterError } from 'multer';
import { Problem } from './problem';

/** A file that came with a form. */
export interface Upload {
  /** As the browser named it; for showing, never for a path. */
  name: string;
  bytes: Buffer;
}

/** What multipart puts around a file: borders, the other fields. */
const AROUND_BYTES = 64 * 1024;

/**
 * Reads a form with one file (the field `file`) into memory. A length that is told and too large is refused before a byte of the body is read; one that is
 * not told is cut off where it becomes too large. The route's permission has been asked before.
 */
export function readUpload(maxBytes: number): RequestHandler {
  const read = multer({
    storage: multer.memoryStorage(),
    defParamCharset: 'utf8',
    limits: { fileSize: maxBytes, files: 1, fields: 50, parts: 60, fieldSize: AROUND_BYTES },
  }).single('file');
  return (req, res, next) => {
    if (Number(req.get('content-length') ?? 0) > maxBytes + AROUND_BYTES) {
      // What is still on its way is not waited for.
      res.set('Connection', 'close');
      next(tooLarge(maxBytes));
      return;
    }
    read(req, res, (error: unknown) => {
      if (error instanceof MulterError && error.code === 'LIMIT_FILE_SIZE') res.set('Connection', 'close');
      next(error === undefined || error === null ? undefined : problemOf(error, maxBytes));
    });
  };
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(
    413,
    'too_large',
    `The file is larger than ${Math.floor(maxBytes / 1_000_000)} MB. Split it and send the parts one by one.`,
  );
}

function problemOf(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof MulterError) && !(error instanceof Error)) return error;
  if (error instanceof MulterError && error.code === 'LIMIT_FILE_SIZE') return tooLarge(maxBytes);
  return new Problem(400, 'malformed_form', 'The form cannot be read. Load the page again and choose the file anew.');
}
