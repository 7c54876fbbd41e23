import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error';

const debian = '/usr/lib/postgresql';

/** pg_dump and pg_restore that can read a server of this major version: the newest that Debian installed, else the one on the path. */
export async function postgresTool(name: 'pg_dump' | 'pg_restore', serverMajor: number): Promise<string> {
  const majors = existsSync(debian) ? readdirSync(debian).filter((entry) => /^\d+$/.test(entry)) : [];
  const newest = majors.sort((a, b) => Number(b) - Number(a)).map((major) => join(debian, major, 'bin', name));
  const path = newest.find((candidate) => existsSync(candidate)) ?? name;
  const version = await run(path, ['--version']).catch(() => '');
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(version)?.[1] ?? 0);
  if (major >= serverMajor) return path;
  throw new StartError(
    major === 0
      ? `${name} is not installed. Install it with: apt-get install postgresql-client`
      : `${name} is of version ${major} and the server of ${serverMajor}. Install postgresql-client-${serverMajor}.`,
  );
}

/**
 * The arguments and environment with which a Postgres tool reaches a database: the password goes by the environment, because everybody on the machine can read
 * a command line.
 */
export function reach(url: string): { args: string[]; env: Record<string, string> } {
  const { username, password, hostname, port, pathname, searchParams } = new URL(url);
  const env: Record<string, string> = { PGPASSWORD: decodeURIComponent(password) };
  const sslmode = searchParams.get('sslmode');
  if (sslmode) env['PGSSLMODE'] = sslmode;
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  const args = [
    '--no-password',
    `--host=${host}`,
    `--port=${port || '5432'}`,
    `--username=${decodeURIComponent(username)}`,
  ];
  return { args: [...args, `--dbname=${decodeURIComponent(pathname.slice(1))}`], env };
}

/** Runs a program to its end and gives what it printed. @throws StartError with its last words when it fails */
export function run(path: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      env: { ...process.env, LC_ALL: 'C', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
    child.on('error', (error) => reject(new StartError(`${path} could not be run: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new StartError(`${path} failed: ${said.trim().split('\n').slice(-3).join(' ')}`));
    });
  });
}
