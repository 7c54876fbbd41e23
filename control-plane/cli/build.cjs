'use strict';
/**
 * Compiles the TypeScript tree to dist/ and makes the Prisma client if the schema asks for it.
 * tsc writes into a draft folder first and changed files are then renamed into place one by one, so that a process that
 * starts from dist/ at the same moment never reads half a file. Plain JavaScript: it runs before anything is compiled.
 */
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const dist = path.join(root, 'dist');
const binary = (name) => path.join(root, 'node_modules', '.bin', name);

function filesUnder(dir, base = dir) {
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(dir, entry.name);
    return entry.isDirectory() ? filesUnder(full, base) : [path.relative(base, full)];
  });
}

/** The schema's hash stands beside the generated client, so that it is made anew exactly when the schema changed. */
function generateClient() {
  const schema = path.join(root, 'prisma/schema.prisma');
  if (!fs.existsSync(schema)) return 0;
  const generated = path.join(root, 'control-plane/platform/db/generated');
  const stamp = path.join(generated, '.schema-hash');
  const hash = createHash('sha256').update(fs.readFileSync(schema)).digest('hex');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash) return 0;
  const made = spawnSync(binary('prisma'), ['generate'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  });
  if (made.status !== 0) {
    process.stderr.write(
      `${made.stdout}${made.stderr}\nThe Prisma client could not be made from prisma/schema.prisma.\n`,
    );
    return 1;
  }
  fs.mkdirSync(generated, { recursive: true });
  fs.writeFileSync(stamp, hash);
  return 0;
}

/** Names, sizes and times of all sources in one hash: when it stands in dist/, nothing needs compiling. */
function sourcesHash() {
  const folders = ['control-plane', 'radius', 'freeradius-config', 'hotspot-templates', 'prisma'];
  const hash = createHash('sha256');
  for (const folder of folders) {
    for (const file of filesUnder(path.join(root, folder))
      .filter((name) => name.endsWith('.ts'))
      .sort()) {
      const { size, mtimeMs } = fs.statSync(path.join(root, folder, file));
      hash.update(`${folder}/${file} ${size} ${mtimeMs}\n`);
    }
  }
  for (const file of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'])
    hash.update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

function compileIfChanged() {
  const stamp = path.join(dist, '.sources-hash');
  const hash = sourcesHash();
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash) return 0;
  const code = compile();
  if (code === 0) fs.writeFileSync(stamp, hash);
  return code;
}

function compile() {
  const draft = path.join(root, `.lango-test/build-${process.pid}`);
  try {
    const made = spawnSync(binary('tsc'), ['-p', 'tsconfig.build.json', '--outDir', draft], {
      cwd: root,
      encoding: 'utf8',
    });
    const fresh = filesUnder(draft);
    if (fresh.length === 0) {
      process.stderr.write(
        `${made.stdout ?? ''}${made.stderr ?? ''}${made.error ? made.error.message : ''}\nNothing was compiled.\n`,
      );
      return 1;
    }
    for (const file of fresh) put(path.join(draft, file), path.join(dist, file));
    const keep = new Set(fresh);
    for (const file of filesUnder(dist)) if (!keep.has(file)) fs.rmSync(path.join(dist, file), { force: true });
    if (made.status !== 0) process.stderr.write(made.stdout);
    return made.status ?? 1;
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
    try {
      fs.rmdirSync(path.dirname(draft));
    } catch {
      // Another build is at work there.
    }
  }
}

function put(from, to) {
  if (fs.existsSync(to) && fs.readFileSync(to).equals(fs.readFileSync(from))) return;
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.renameSync(from, to);
}

/** Answers 0 when everything compiled without a complaint. */
function build() {
  return generateClient() || compileIfChanged();
}

module.exports = { build };
if (require.main === module) process.exit(build());
