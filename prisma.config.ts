import { defineConfig } from 'prisma/config';

// Only `generate` and `validate` are used; migrations are applied by control-plane/platform/db/migrate.ts.
// The CLI insists on a schema engine binary that neither command runs, so any existing file satisfies it.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= '/bin/true';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
