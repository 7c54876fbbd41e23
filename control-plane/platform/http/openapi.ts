import { z } from 'zod';
import { publicRoute, type ApiRoute } from './route';

/** GET /api/openapi.json, built once from the routes themselves, so that it cannot say anything else than they do. */
export function openApiRoute(routes: ApiRoute[]): ApiRoute {
  let document: unknown;
  return publicRoute({
    method: 'GET',
    path: '/openapi.json',
    summary: 'Read this document',
    run: async () => (document ??= openApiDocument(routes)),
  });
}

/** The OpenAPI 3.1 document of a set of routes. */
export function openApiDocument(routes: ApiRoute[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = `/api${route.path.replace(/:([a-z_]+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lango',
      version: '1',
      summary: 'AAA and billing for internet providers with MikroTik routers',
      description:
        'Sign in with POST /api/auth/login, or make a token in the console for a program of your own. Send it as Authorization: Bearer. Times are UTC, money is in cents with its currency, ids are strings.',
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT or lgk_ token' } },
      schemas: { Problem: problemSchema },
      headers: componentHeaders,
    },
  };
}

const problemSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        fields: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  },
};

const componentHeaders = {
  RequestId: {
    description: 'What to name when you ask us about this request; one of yours (X-Request-Id) is kept.',
    schema: { type: 'string' },
  },
  RetryAfter: { description: 'Seconds after which another try makes sense.', schema: { type: 'integer' } },
  IdempotencyReplayed: {
    description: 'The answer is that of the first request with this Idempotency-Key.',
    schema: { type: 'string', const: 'true' },
  },
};
const requestIdHeader = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };

/** Operations stand together by the first word of their path. */
function tagOf(route: ApiRoute): string {
  return route.path.split('/')[1] ?? '';
}

const refusal = (description: string, headers: object = {}): unknown => ({
  description,
  headers: { ...requestIdHeader, ...headers },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function operation(route: ApiRoute): Record<string, unknown> {
  const open = route.permission === 'public';
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[^a-z0-9]+(.)?/gi, (_all, c: string | undefined) => (c ?? '').toUpperCase())}`,
    summary: route.summary,
    tags: [tagOf(route)],
    ...(open
      ? { security: [] }
      : route.permission === 'signed_in'
        ? {}
        : { description: `Needs the permission ${route.permission}.` }),
    parameters: [
      ...pathParameters(route),
      ...queryParameters(route),
      ...(route.method === 'POST' && !open ? [idempotencyHeader] : []),
    ],
    ...(route.body
      ? {
          requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(route.body, 'input') } } },
        }
      : {}),
    responses: responses(route),
  };
}

/** Every status that the route can answer with; what is the same everywhere and nobody plans for stands under `default`. */
function responses(route: ApiRoute): Record<string, unknown> {
  const open = route.permission === 'public';
  const replayed = route.method === 'POST' && !open;
  return {
    [String(route.status)]: {
      description: route.status === 204 ? 'Done' : 'Answer',
      headers: {
        ...requestIdHeader,
        ...(replayed ? { 'Idempotency-Replayed': { $ref: '#/components/headers/IdempotencyReplayed' } } : {}),
      },
      ...(route.media ? { content: { [route.media]: { schema: { type: 'string', format: 'binary' } } } } : {}),
      ...(route.answer ? { content: { 'application/json': { schema: jsonSchema(route.answer, 'output') } } } : {}),
    },
    ...(route.body ? { 400: refusal('The body is not JSON'), 413: refusal('The body is too large') } : {}),
    ...(open && !route.body ? {} : { 401: refusal(open ? 'Refused' : 'Not signed in') }),
    ...(open ? {} : { 403: refusal('Permission missing') }),
    // Also what a query or a body names by its id may not be there, or what there is one of, not yet.
    ...(!open || route.path.includes(':') || route.query || route.body ? { 404: refusal('Does not exist') } : {}),
    ...(open ? {} : { 409: refusal('Not possible in the present state') }),
    ...((route.body ?? route.query ?? (replayed || undefined))
      ? { 422: refusal('Values that are not acceptable, named in fields') }
      : {}),
    ...(open && !route.body
      ? {}
      : { 429: refusal('Too many requests', { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }) }),
    default: refusal('Something else went wrong: 503 when the database is away, 500 for a fault of ours'),
  };
}

const idempotencyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body gives the same answer and acts once. Kept for a day.',
  schema: { type: 'string', maxLength: 200 },
};

const idPattern = '^[1-9][0-9]{0,18}$';

function pathParameters(route: ApiRoute): unknown[] {
  return [...route.path.matchAll(/:([a-z_]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'id' || name?.endsWith('_id') ? { type: 'string', pattern: idPattern } : { type: 'string' },
  }));
}

function queryParameters(route: ApiRoute): unknown[] {
  if (!route.query) return [];
  const schema = jsonSchema(route.query, 'input') as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, shape]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: shape,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // Ids are bigint inside and strings outside.
    override: ({ zodSchema, jsonSchema: made }) => {
      if (zodSchema._zod.def.type === 'bigint') Object.assign(made, { type: 'string', pattern: idPattern });
      if (zodSchema._zod.def.type === 'date') Object.assign(made, { type: 'string', format: 'date-time' });
    },
  });
  return rest;
}
