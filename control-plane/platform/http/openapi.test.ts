import { z } from 'zod';
import { startTestLango } from '../../test-kit/lango';
import { idField, listQuery } from './input';
import { openApiDocument } from './openapi';
import { publicRoute, route } from './route';

interface Document {
  openapi: string;
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        parameters: { name: string; in: string; required: boolean; schema: object }[];
        responses: Record<string, unknown>;
        requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
        security?: unknown[];
      }
    >
  >;
}

const document = openApiDocument([
  route({
    method: 'POST',
    path: '/things/:id/parts',
    permission: 'plans.write',
    summary: 'Add a part',
    query: listQuery,
    body: z.object({ of: idField, size: z.int().min(1), when: z.enum(['now', 'later']).default('now') }),
    answer: z.object({ id: z.string(), at: z.date(), big: z.bigint() }),
    run: async () => undefined,
  }),
  publicRoute({ method: 'GET', path: '/open', summary: 'Look', run: async () => undefined }),
]) as unknown as Document;

test('a route is told with its path, query, body, answer and errors', () => {
  const operation = document.paths['/api/things/{id}/parts']?.['post'];
  expect(document.openapi).toBe('3.1.0');
  expect(operation?.parameters.map((one) => [one.in, one.name, one.required])).toEqual([
    ['path', 'id', true],
    ['query', 'q', false],
    ['query', 'limit', false],
    ['query', 'cursor', false],
    ['header', 'Idempotency-Key', false],
  ]);
  const body = operation?.requestBody?.content['application/json']?.schema;
  expect(body).toMatchObject({
    type: 'object',
    required: ['of', 'size'],
    properties: { size: { type: 'integer', minimum: 1 }, when: { enum: ['now', 'later'] } },
  });
  expect(Object.keys(operation?.responses ?? {})).toEqual([
    '201',
    '400',
    '401',
    '403',
    '404',
    '409',
    '413',
    '422',
    '429',
  ]);
  expect(operation?.responses['201']).toMatchObject({
    content: {
      'application/json': {
        schema: { properties: { at: { type: 'string', format: 'date-time' }, big: { type: 'string' } } },
      },
    },
  });
  expect(document.paths['/api/open']?.['get']).toMatchObject({ security: [], operationId: 'getOpen' });
});

test('GET /api/openapi.json is served to anybody and tells every route once', async () => {
  const lango = await startTestLango();
  try {
    const { status, body } = await lango.api.as(undefined).get<Document>('/openapi.json');
    expect(status).toBe(200);
    const ids = Object.values(body.paths).flatMap((path) => Object.values(path).map((one) => one.operationId));
    expect(ids.length).toBeGreaterThan(30);
    expect(new Set(ids).size).toBe(ids.length);
    expect(JSON.stringify(body)).not.toContain('undefined');
    expect(body.paths['/api/subscriptions/{id}/extend']?.['post']?.requestBody).toBeDefined();
  } finally {
    await lango.stop();
  }
});
