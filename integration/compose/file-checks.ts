// docker-compose.yml as two compose parsers read it, and the scripts of the image as the shell does. No engine is needed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../packages/run-program.ts';
import type { Sheet } from '../packages/sheet.ts';
import { isMap, list, parsed, servicesIn } from './parsed-file.ts';
import { composeFile, nodeNames, type Project, top } from './project.ts';
import { demandSeen } from './seen.ts';

/** Variables that tell nobody anything. Passwords are in files. */
const harmless = ['NODES', 'PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGPASSFILE'];

/** What both parsers have to agree about, whatever the form that they print it in. */
const gist = (config: unknown) =>
  Object.entries(servicesIn(config))
    .map(([name, service]) => ({
      name,
      image: service['image'],
      command: service['command'],
      environment: service['environment'] ?? {},
      test: isMap(service['healthcheck']) ? service['healthcheck']['test'] : undefined,
      capabilities: [...list(service['cap_add'])].sort(),
      restart: service['restart'],
    }))
    .sort((one, other) => one.name.localeCompare(other.name));

export async function checkFile(sheet: Sheet, project: Project): Promise<void> {
  let second: unknown;
  await sheet.check("Docker's own compose (version 2) takes docker-compose.yml", async () => {
    second = parsed(await project.must(['config', '--format', 'json']));
  });
  await sheet.check('the docker-compose of this machine takes it, too, and reads the same', async () => {
    const outcome = await runProgram(
      'docker-compose',
      ['--file', composeFile, 'config'],
      { cwd: top },
      'docker-compose',
    );
    demandSeen(outcome.code === 0, 'docker-compose refuses it', outcome.told);
    const [mine, theirs] = [gist(parsed(outcome.stdout)), gist(second)].map((one) => JSON.stringify(one, null, 1));
    demandSeen(mine === theirs, 'the two parsers differ', `${mine}\n${theirs}`);
  });
  if (second === undefined) return;
  const services = Object.entries(servicesIn(second));
  await sheet.check('it has three nodes and a client, with a health check each', () => {
    for (const name of [...nodeNames, 'client'])
      demandSeen(servicesIn(second)[name]?.['healthcheck'] !== undefined, `no health check for ${name}`, '');
  });
  await sheet.check('it holds no password', () => {
    const names = services.flatMap(([, { environment }]) => (isMap(environment) ? Object.keys(environment) : []));
    demandSeen(
      names.every((name) => harmless.includes(name)),
      'a variable that is not known to be harmless',
      names.join(' '),
    );
  });
  await sheet.check('no service is privileged, keeps its capabilities or may win others', () => {
    for (const [name, service] of services) {
      demandSeen(service['privileged'] !== true, `${name} is privileged`, '');
      demandSeen(list(service['cap_drop']).includes('ALL'), `${name} keeps capabilities`, '');
      demandSeen(list(service['security_opt']).includes('no-new-privileges:true'), `${name} may win rights`, '');
    }
  });
  await sheet.check('what is kept is kept in volumes with names, and ports are published on this machine alone', () => {
    for (const [name, service] of services) {
      for (const volume of list(service['volumes']))
        demandSeen(isMap(volume) && volume['type'] === 'volume', `${name} mounts a folder`, JSON.stringify(volume));
      for (const port of list(service['ports']))
        demandSeen(isMap(port) && port['host_ip'] === '127.0.0.1', `${name} is open`, JSON.stringify(port));
    }
  });
  await sheet.check('every script is one for a plain sh, and shellcheck finds nothing in it', async () => {
    const files = scripts();
    for (const file of files)
      demandSeen(readFileSync(file, 'utf8').startsWith('#!/bin/sh\n'), `${file} names another shell`, '');
    const outcome = await runProgram('shellcheck', ['--shell=sh', ...files], {}, 'shellcheck');
    demandSeen(outcome.code === 0 && files.length > 0, 'it found something', outcome.told);
  });
}

function scripts(): readonly string[] {
  const folder = join(top, 'packaging/container');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
