import { isUnavailable, sqlFault } from '../db/faults';
import { conflict, invalid, notFound, Problem } from './problem';

/**
 * Any thrown thing as a Problem: our own pass through, body-parser's and the database's are translated, the rest is a 500 that says nothing.
 * The caller logs those with `status >= 500`.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return (
    fromBodyParser(error) ??
    fromDatabase(error) ??
    new Problem(500, 'internal', 'Something went wrong on our side. It has been logged; try again in a moment.')
  );
}

function fromBodyParser(error: unknown): Problem | undefined {
  const { type, status } = (typeof error === 'object' && error !== null ? error : {}) as {
    type?: unknown;
    status?: unknown;
  };
  if (type === 'entity.too.large' || status === 413)
    return new Problem(413, 'too_large', 'The body is too large. Send at most 256 kB.');
  if (type === 'entity.parse.failed')
    return new Problem(400, 'malformed_json', 'The body is not valid JSON. Send one JSON object.');
  if (type === 'parameters.too.many') return new Problem(400, 'too_many_parameters', 'The form has too many fields.');
  // A path like /%zz that cannot be decoded.
  if (error instanceof URIError) return notFound('That address');
  // An unknown charset or compression, a false length: http-errors carries the status.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new Problem(400, 'malformed_body', 'The body cannot be read. Send JSON in UTF-8.');
  return undefined;
}

/** What tenants_keep_limit() raised: the company's licence is over, or holds no more of these. */
function overLimit(message: string): Problem {
  const [, what, most] = /limit_(\w+) (\d+)/.exec(message) ?? [];
  if (what === undefined)
    return conflict(
      'licence_over',
      'The licence of your company has run out, so nothing new can be added. What runs goes on running. Ask the operator of this installation.',
    );
  return conflict(
    'limit_reached',
    `The licence of your company holds ${most} ${what} and there are as many. Ask the operator of this installation for more.`,
  );
}

function fromDatabase(error: unknown): Problem | undefined {
  if (isUnavailable(error))
    return new Problem(503, 'unavailable', 'The database is not answering. Try again in a few seconds.', undefined, {
      'Retry-After': '3',
    });
  if ((error as { code?: unknown } | null)?.code === 'P2025') return notFound();
  const fault = sqlFault(error);
  if (fault === undefined) return undefined;
  const { state } = fault;
  if (state === 'LG402') return overLimit(fault.message);
  if (state === '23505')
    return conflict(
      'duplicate',
      'Something with the same name or number exists already. Look for it, or choose another.',
    );
  if (state === '23503')
    return conflict('in_use', 'Something else still refers to this, or what you refer to does not exist.');
  if (state === '23514' || state === '23502' || state.startsWith('22'))
    return invalid({ body: 'holds a value outside its range' });
  if (state === '55P03' || state === '40P01' || state === '40001')
    return conflict('busy', 'Somebody else is changing the same thing right now. Try again.');
  return undefined;
}
