import { lookup } from 'node:dns/promises';
import type { RouterConfig } from '../config';
import { Interpreter } from './interpreter';

/** A router's terminal: what is pasted runs on its configuration. `imported` is told the text of every file that is imported. */
export function consoleOf(config: RouterConfig, imported: (text: string) => void = () => undefined): Interpreter {
  return new Interpreter({
    tree: config.tree,
    run: (path, args, queries) => config.run(path, args, queries),
    file(name) {
      const text = config.files.read(name)?.toString('utf8');
      if (text !== undefined) imported(text);
      return text;
    },
    resolve: async (host) => (await lookup(host, 4)).address,
  });
}
