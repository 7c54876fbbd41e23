import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project-root';
import { docFaults } from './doc-rules';
import { importFaults } from './import-rules';
import { auditFaults } from './audit-rules';
import { localeFaults } from './locale-rules';
import { renderMap } from './map';
import { orderFaults } from './order-rules';
import { renderPermissions } from './permission-table';
import { renderReference } from './reference';
import { unusedWords } from './unused-words';

/** Documents that are made from the code. */
const documents: Record<string, () => string> = {
  'docs/map.md': renderMap,
  'docs/reference/api.md': renderReference,
  'docs/reference/permissions.md': renderPermissions,
};

/**
 * The checks that know our own house: who imports whom, whether the papers name what exists, whether every word stands in every language, whether a statement sorts numbers as text, and whether the made documents are what the code says. With --write the documents
 * are written instead of compared.
 */
function main(args: string[]): number {
  const faults = [
    ...importFaults(),
    ...docFaults(),
    ...localeFaults(),
    ...unusedWords(),
    ...auditFaults(),
    ...orderFaults(),
  ];
  for (const [name, make] of Object.entries(documents)) {
    const path = join(projectRoot(), name);
    const text = make();
    if (args.includes('--write')) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, 'utf8') !== text)
      faults.push(`${name} is not what the code says. Write it with: npm run check -- --write`);
  }
  for (const fault of faults) console.log(fault);
  return faults.length === 0 ? 0 : 1;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));
