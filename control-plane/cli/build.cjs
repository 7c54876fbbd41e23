'use strict';
/**
 * Compiles the TypeScript tree to dist/ and makes the Prisma client if the schema asks for it.
 * Plain JavaScript: it runs before anything is compiled.
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

/** Every source, from the root: what stands in these folders and beside them, without tests. */
function sources() {
  const folders = ['control-plane', 'radius', 'freeradius-config', 'hotspot-templates', 'prisma'];
  const beside = fs.readdirSync(root).filter((name) => name.endsWith('.ts'));
  return [
    ...beside,
    ...folders.flatMap((folder) => filesUnder(path.join(root, folder)).map((name) => path.join(folder, name))),
  ].filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.endsWith('.d.ts'));
}

/** Stands in dist/ and differs after each build that changed something. */
const SOURCES = '.sources-hash';

function sourcesHash(made) {
  const hash = createHash('sha256');
  const copied = [...made].filter((name) => name.endsWith('.json'));
  for (const source of [...sources(), ...copied])
    hash.update(`${source} ${fs.statSync(path.join(root, source)).mtimeMs}\n`);
  return hash.digest('hex');
}

/** What a compiled file depends on besides its source. */
function optionsHash() {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'node_modules/@swc/core/package.json'), 'utf8'));
  return createHash('sha256').update(`${version}\n`).update(fs.readFileSync(__filename)).digest('hex');
}

/**
 * Compiles what has changed. A compiled file bears its source's time, so two builds at once cannot leave one that looks newer than it is.
 * Types are looked at by `npm run check` alone, which takes ten times as long.
 */
function compile() {
  const stamp = path.join(dist, '.build-options');
  const options = optionsHash();
  const all = !fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== options;
  const draft = path.join(root, `.lango-test/build-${process.pid}`);
  const made = new Set(['.build-options', SOURCES]);
  let faults = 0;
  let changed = false;
  try {
    for (const source of sources()) {
      const compiled = source.replace(/\.ts$/, '.js');
      made.add(compiled).add(`${compiled}.map`);
      if (!all && sameTime(path.join(root, source), path.join(dist, compiled))) {
        for (const json of importedJson(compiled)) changed = put(json, draft, made) || changed;
        continue;
      }
      changed = true;
      try {
        compileOne(source, compiled, draft);
        for (const json of importedJson(compiled)) put(json, draft, made);
      } catch (error) {
        faults++;
        process.stderr.write(`${source}: ${error.message}\n`);
      }
    }
    for (const file of filesUnder(dist)) if (!made.has(file)) fs.rmSync(path.join(dist, file), { force: true });
    if (faults === 0 && all) write(stamp, options, draft);
    if (changed) write(path.join(dist, SOURCES), sourcesHash(made), draft);
    return faults === 0 ? 0 : 1;
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
    try {
      fs.rmdirSync(path.dirname(draft));
    } catch {
      // Another build is at work there, or there was nothing to do.
    }
  }
}

function compileOne(source, compiled, draft) {
  const file = path.join(root, source);
  const { mtime } = fs.statSync(file);
  const { code, map } = require('@swc/core').transformSync(fs.readFileSync(file, 'utf8'), {
    filename: file,
    sourceFileName: path.relative(path.dirname(path.join(dist, compiled)), file),
    sourceMaps: true,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022', keepClassNames: true },
    // With the names that Node's own import() of such a file looks for.
    module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true },
  });
  write(path.join(dist, `${compiled}.map`), map, draft);
  write(path.join(dist, compiled), `${code}\n//# sourceMappingURL=${path.basename(compiled)}.map\n`, draft, mtime);
}

/** JSON files that a compiled file requires, from the root. */
function importedJson(compiled) {
  const code = fs.readFileSync(path.join(dist, compiled), 'utf8');
  return [...code.matchAll(/require\("(\.[^"]+\.json)"\)/g)].map(([, name]) => path.join(path.dirname(compiled), name));
}

/** Copies a JSON file that is not there as it is now; tells whether it was so. */
function put(name, draft, made) {
  made.add(name);
  const [from, to] = [path.join(root, name), path.join(dist, name)];
  if (sameTime(from, to)) return false;
  write(to, fs.readFileSync(from), draft, fs.statSync(from).mtime);
  return true;
}

/** Renamed into place, so that a process that starts at the same moment never reads half a file. */
function write(to, content, draft, mtime) {
  fs.mkdirSync(draft, { recursive: true });
  const half = path.join(draft, createHash('sha256').update(to).digest('hex'));
  fs.writeFileSync(half, content);
  if (mtime) fs.utimesSync(half, mtime, mtime);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.renameSync(half, to);
}

function sameTime(one, other) {
  return fs.existsSync(other) && Math.abs(fs.statSync(one).mtimeMs - fs.statSync(other).mtimeMs) < 1;
}

/** Answers 0 when everything compiled without a complaint. */
function build() {
  return generateClient() || compile();
}

module.exports = { build };
if (require.main === module) process.exit(build());
