import type { Router } from 'express';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { PageRenderer } from './platform/http/render';

/** What a browser needs beside the routes: the renderer of the console shell and its static files. */
export interface Console {
  renderer: PageRenderer | undefined;
  assets: Router | undefined;
}

/** Takes control-plane/admin/console.ts (`createConsole(strict): Console`) if this build has it; without it there is an API and no pages. */
export function createConsole(strict: boolean): Console {
  const path = join(__dirname, 'admin', `console${extname(__filename)}`);
  if (!existsSync(path)) return { renderer: undefined, assets: undefined };
  return (require(path) as { createConsole(strict: boolean): Console }).createConsole(strict);
}
