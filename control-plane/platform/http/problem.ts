/** Field name → what is wrong with it and what to do, in words for the person who filled it in. */
export type Fields = Record<string, string>;

/**
 * An answer that is an error: thrown by routes and turned into `{error: {code, message, fields?}}` (or an HTML page). Anything written in the
 * request's transaction is rolled back. `message` goes to the caller as it stands, so it says what to do and never quotes internals.
 */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields?: Fields,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
    this.name = 'Problem';
  }
}

/** 404: the thing does not exist, or belongs to another company, which must look the same. */
export function notFound(what = 'It'): Problem {
  return new Problem(404, 'not_found', `${what} does not exist or has been removed. Check the id.`);
}

/** 409: what is asked cannot be done in the present state. `code` is a snake_case word that programs may rely on. */
export function conflict(code: string, message: string, fields?: Fields): Problem {
  return new Problem(409, code, message, fields);
}

/** 422: values that are understood and not acceptable. */
export function invalid(
  fields: Fields,
  message = 'Some values are not acceptable. Correct the fields named and send again.',
): Problem {
  return new Problem(422, 'invalid', message, fields);
}

export function unauthorized(
  message = 'Sign in first: send a valid token as Authorization: Bearer.',
  code = 'unauthorized',
): Problem {
  return new Problem(401, code, message, undefined, { 'WWW-Authenticate': 'Bearer' });
}

export function forbidden(permission: string): Problem {
  return new Problem(
    403,
    'forbidden',
    `Your role does not include ${permission}. Ask an administrator of your company for it.`,
  );
}

/** 429, with the seconds after which another try makes sense. */
export function tooMany(retryAfterS: number, message = `Too many requests. Try again in ${retryAfterS} s.`): Problem {
  return new Problem(429, 'too_many_requests', message, undefined, { 'Retry-After': String(retryAfterS) });
}
