import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { openApiDocument } from '../platform/http/openapi';
import type { ApiRoute } from '../platform/http/route';
import { bySpecificity } from '../platform/http/routes-order';

interface Operation {
  responses: Record<string, { content?: { 'application/json': { schema: object } } }>;
}

/** One answer of the API, as it came. */
export interface CheckedAnswer {
  method: string;
  /** Below /api, with or without a query. */
  path: string;
  status: number;
  /** Parsed; undefined when there was none. */
  body: unknown;
}

/**
 * Holds answers to the OpenAPI document: made of the same routes that the document is made of, so it is what programs are told.
 * The check throws on a status that the document does not name, on a body that differs from its schema in anything, and on an error that is not
 * the contract's. Answers of addresses that are no route of ours pass.
 */
export function answerChecker(routes: ApiRoute[]): (answer: CheckedAnswer) => void {
  const document = openApiDocument(routes) as {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: { Problem: object } };
  };
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  const problem = ajv.compile(document.components.schemas.Problem);
  const known = [...routes].sort(bySpecificity).map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(/[.]/g, '\\.').replace(/:[a-z_]+/g, '[^/]+')}$`),
  }));
  const compiled = new Map<ApiRoute, ValidateFunction>();

  return ({ method, path, status, body }) => {
    const bare = path.replace(/\?.*$/s, '');
    const found = known.find(({ route, pattern }) => route.method === method && pattern.test(bare))?.route;
    if (!found) return;
    const fail = (why: string): never => {
      throw new Error(`${method} /api${bare} answered ${status}, against the OpenAPI document: ${why}`);
    };
    if (status !== found.status) {
      if (!problem(body)) fail(`${ajv.errorsText(problem.errors)} in ${JSON.stringify(body)}`);
      const told =
        document.paths[`/api${found.path.replace(/:([a-z_]+)/g, '{$1}')}`]?.[method.toLowerCase()]?.responses;
      if (status < 500 && told?.[String(status)] === undefined) fail('it does not name this status');
      return;
    }
    if (!found.answer) {
      if (body !== undefined && status === 204) fail('it promises no body');
      return;
    }
    const validate = compiled.get(found) ?? ajv.compile(schemaOf(document, found));
    compiled.set(found, validate);
    if (!validate(body)) fail(`${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 600)}`);
  };
}

function schemaOf(document: { paths: Record<string, Record<string, Operation>> }, route: ApiRoute): object {
  const operation = document.paths[`/api${route.path.replace(/:([a-z_]+)/g, '{$1}')}`]?.[route.method.toLowerCase()];
  return operation?.responses[String(route.status)]?.content?.['application/json'].schema ?? {};
}
