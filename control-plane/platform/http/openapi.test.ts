import { execFileSync } from 'node:child_process';
import { z } from 'zod';
import { sliceApiRoutes } from '../../slices';
import { answerChecker } from '../../test-kit/answer-check';
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
    'default',
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

/** What the published validator says of a document. It is a module, which Jest on Node 20 cannot require: it runs beside. */
function faultsOf(told: unknown): unknown {
  const script = `import { Validator } from '@seriousme/openapi-schema-validator';
    let text = ''; for await (const part of process.stdin) text += part;
    const { valid, errors } = await new Validator().validate(JSON.parse(text));
    console.log(JSON.stringify(valid ? [] : (errors ?? ['invalid'])));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      input: JSON.stringify(told),
      encoding: 'utf8',
    }),
  );
}

test('the validator that the document is held to finds faults', () => {
  expect(faultsOf({ openapi: '3.1.0', info: { title: 'x' }, paths: {} })).not.toEqual([]);
});

test('every route that answers with something says what', () => {
  const silent = sliceApiRoutes()
    .flatMap(({ routes }) => routes)
    .filter((one) => one.status !== 204 && one.answer === undefined && one.media === undefined)
    .map((one) => `${one.method} ${one.path}`);
  expect(silent).toEqual([]);
});

test('answers are held to the document: a field too many, one missing, a status or an error that it does not name', () => {
  const check = answerChecker([
    route({
      method: 'GET',
      path: '/things/:id',
      permission: 'plans.read',
      summary: 'Show',
      answer: z.object({ id: z.string(), at: z.date(), note: z.string().nullable() }),
      run: async () => undefined,
    }),
  ]);
  const answer = (status: number, body: unknown) => () => check({ method: 'GET', path: '/things/7?x=1', status, body });
  const good = { id: '7', at: '2026-01-01T00:00:00.000Z', note: null };
  expect(answer(200, good)).not.toThrow();
  expect(answer(200, { ...good, more: 1 })).toThrow(/additional properties/);
  expect(answer(200, { ...good, at: 'yesterday' })).toThrow(/date-time/);
  expect(answer(200, { id: '7', note: null })).toThrow(/required property 'at'/);
  expect(answer(404, { error: { code: 'not_found', message: 'No.' } })).not.toThrow();
  expect(answer(404, { message: 'No.' })).toThrow(/required property 'error'/);
  expect(answer(418, { error: { code: 'teapot', message: 'No.' } })).toThrow(/does not name this status/);
  expect(() => check({ method: 'GET', path: '/elsewhere', status: 418, body: 1 })).not.toThrow();
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
    expect(faultsOf(body)).toEqual([]);
    expect(body.paths['/api/subscriptions/{id}/extend']?.['post']?.requestBody).toBeDefined();
  } finally {
    await lango.stop();
  }
});
