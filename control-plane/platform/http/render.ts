import type { Person } from './person';
import type { Problem } from './problem';
import type { Web } from './page';

/** What the renderer is told beside a page's own model. */
export interface PageBase {
  web: Web;
  person: Person | undefined;
  requestId: string;
  /** The moment of the request on Lango's clock, for relative times. */
  nowMs: number;
}

/**
 * Turns views into HTML; made by the console shell (control-plane/admin/renderer.ts exports `createRenderer(): PageRenderer`) and given to
 * createApp. It adds to each model what the layouts need: locale, theme, zone, csrf, staff, tenant, nav.
 */
export interface PageRenderer {
  page(view: string, model: Record<string, unknown>, base: PageBase): string;
  /** A whole page for 403, 404, 422, 429, 5xx. */
  problem(problem: Problem, base: PageBase): string;
}

/** Stands in where no renderer is mounted (an API-only process, or a fault inside the renderer itself). */
export function plainProblem(problem: Problem): string {
  const text = problem.message.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${problem.status} · Lango</title><p>${text}</p><p><a href="/">Lango</a></p></html>`;
}
