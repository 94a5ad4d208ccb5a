// What a registry would give: the base image that the Dockerfile names, made of a fresh Debian root, and Docker's own compose out of Debian's packages.
// Like the images of a registry it leaves out manuals, and dpkg does not wait for the disk.
// Both trust the authorities that this machine was told to trust, so that packages can be fetched while building.
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bare } from '../packages/recipes.ts';
import { type Suite, unpackRoot } from '../packages/roots.ts';
import { runProgram } from '../packages/run-program.ts';
import type { Engine } from './engine.ts';

/** What images `debian:*-slim` have in dpkg's configuration. */
const slim = `force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/groff/*
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
`;

const authorities = '/usr/local/share/ca-certificates';

/** The suite of the base image: `ARG DEBIAN=trixie-slim`. */
export function suiteOf(dockerfile: string): Suite {
  const [, suite] = /^ARG DEBIAN=(\w+)-slim$/m.exec(readFileSync(dockerfile, 'utf8')) ?? [];
  if (suite === 'bookworm' || suite === 'trixie') return suite;
  throw new Error(`${dockerfile} does not say "ARG DEBIAN=bookworm-slim" or "ARG DEBIAN=trixie-slim"`);
}

/** A Debian root in `folder`, which becomes the base image. */
export async function layRoot(suite: Suite, folder: string, say: (text: string) => void): Promise<void> {
  await unpackRoot(bare(suite), folder, say);
  writeFileSync(join(folder, 'etc/dpkg/dpkg.cfg.d/slim'), slim);
  if (existsSync(authorities)) cpSync(authorities, join(folder, authorities), { recursive: true });
}

/** Takes the program `docker-compose` (version 2, Go) of that Debian out of its package. Gives its path. */
export async function composeOf(root: string): Promise<string> {
  const script =
    'cd /tmp && apt-get -q update && apt-get -q download docker-compose && dpkg-deb -x docker-compose_*.deb compose';
  const outcome = await runProgram(
    'chroot',
    [root, 'sh', '-ec', script],
    { patienceMs: 180_000 },
    'fetch docker-compose',
  );
  if (outcome.code !== 0) throw new Error(outcome.told);
  return join(root, 'tmp/compose/usr/libexec/docker/cli-plugins/docker-compose');
}

/** Makes the image `debian:<suite>-slim` out of the root, unless the engine has it: what was built on it is not built again then. */
export async function importImage(engine: Engine, suite: Suite, root: string): Promise<void> {
  if ((await engine.ask(`/images/debian:${suite}-slim/json`)).code === 0) return;
  const extra = existsSync(authorities) && readdirSync(authorities).length > 0;
  // Node trusts its own list of authorities, and this file besides.
  const changes = extra
    ? `&changes=${encodeURIComponent('ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt')}`
    : '';
  const url = `http://engine/images/create?fromSrc=-&repo=debian&tag=${suite}-slim${changes}`;
  const outcome = await runProgram(
    'sh',
    [
      '-ec',
      'tar -C "$1" --exclude=./tmp/compose --exclude=./tmp/*.deb -cf - . | curl -sS --fail-with-body --unix-socket "$2" -X POST -H "Content-Type: application/x-tar" -T - "$3"',
      ...['import', root, engine.host.replace('unix://', ''), url],
    ],
    { patienceMs: 180_000 },
    `import debian:${suite}-slim`,
  );
  if (outcome.code !== 0 || outcome.stdout.includes('"error"')) throw new Error(outcome.told);
}
