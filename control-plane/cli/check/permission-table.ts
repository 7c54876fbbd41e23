import { builtInRoles, permissions, roleHolds } from '../../platform/permissions';
import { sliceApiRoutes, slicePageRoutes } from '../../slices';

interface Route {
  method: string;
  path: string;
  permission: string;
}

const yes = (held: boolean): string => (held ? 'yes' : '–');

/** Roles as the heads of a table. */
const heads = `${builtInRoles.join(' | ')} |\n|${'---|'.repeat(builtInRoles.length + 2)}`;

/**
 * docs/reference/permissions.md as it should stand: what each built-in role holds, and who may ask for each address. A test walks every address
 * as every role and compares with this document, not with the code that it was made from.
 */
export function renderPermissions(): string {
  const api = sliceApiRoutes().flatMap(({ routes }) => routes.map((route) => line(route, '/api')));
  const pages = slicePageRoutes().flatMap(({ routes }) => routes.map((route) => line(route, '')));
  const roles = permissions.map(
    (permission) => `| ${permission} | | ${builtInRoles.map((role) => yes(roleHolds(role, permission))).join(' | ')} |`,
  );
  return `# Permissions

Made by \`npm run check -- --write\` from the routes and \`control-plane/platform/permissions.ts\`; a change here is a change of who may do what, so read the difference.
\`control-plane/routes.test.ts\` asks for every address as every role, with its own ids and with another company's, and without signing in, and compares with this page.

Beside these a company makes roles of its own (\`/staff/roles\`) out of the permissions that its maker holds. Another company's id is 404 for everybody. Who has not signed in gets 401
from the API and the sign-in page from the console, except where it says *public*; *signed_in* is anybody who has signed in, and shows or changes what is their own.

## Roles

| permission | | ${heads}
${roles.join('\n')}

## Addresses

| address | permission | ${heads}
${[...pages, ...api].sort().join('\n')}
`;
}

function line({ method, path, permission }: Route, prefix: string): string {
  const cells = builtInRoles.map((role) =>
    yes(permission === 'public' || permission === 'signed_in' || roleHolds(role, permission as never)),
  );
  return `| \`${method} ${prefix}${path}\` | ${permission} | ${cells.join(' | ')} |`;
}
