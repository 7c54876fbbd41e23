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
      description: 'AAA and billing for internet providers with MikroTik routers. Sign in with POST /api/auth/login.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: problemSchema } },
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

const refusal = (description: string): unknown => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function operation(route: ApiRoute): Record<string, unknown> {
  const hasPath = route.path.includes(':');
  const open = route.permission === 'public';
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replace(/[^a-z0-9]+(.)?/gi, (_all, c: string | undefined) => (c ?? '').toUpperCase())}`,
    summary: route.summary,
    tags: [route.path.split('/')[1] ?? ''],
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
    responses: {
      [String(route.status)]: {
        description: route.status === 204 ? 'Done' : 'Answer',
        ...(route.status === 204
          ? {}
          : { content: { 'application/json': { schema: route.answer ? jsonSchema(route.answer, 'output') : {} } } }),
      },
      ...(route.body ? { 400: refusal('The body is not JSON'), 413: refusal('The body is too large') } : {}),
      ...(open
        ? {}
        : { 401: refusal('Not signed in'), 403: refusal('Permission missing'), 429: refusal('Too many requests') }),
      ...(hasPath ? { 404: refusal('Does not exist') } : {}),
      ...(route.method === 'GET' ? {} : { 409: refusal('Not possible in the present state') }),
      ...((route.body ?? route.query) ? { 422: refusal('Values that are not acceptable, named in fields') } : {}),
    },
  };
}

const idempotencyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body gives the same answer and acts once. Kept for a day.',
  schema: { type: 'string', maxLength: 200 },
};

function pathParameters(route: ApiRoute): unknown[] {
  return [...route.path.matchAll(/:([a-z_]+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
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
      if (zodSchema._zod.def.type === 'bigint') Object.assign(made, { type: 'string', pattern: '^[1-9][0-9]{0,18}$' });
      if (zodSchema._zod.def.type === 'date') Object.assign(made, { type: 'string', format: 'date-time' });
    },
  });
  return rest;
}
