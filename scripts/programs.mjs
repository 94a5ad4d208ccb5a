// The Debian programs that tests, benchmarks, the demo and the packages take: which are missing, and how to get them.
// Installing starts no service and creates no default PostgreSQL cluster; whatever is laid down for that is taken away again.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const hasProgram = (name) => folders.some((folder) => isExecutable(join(folder, name)));

function hasPostgres() {
  const root = '/usr/lib/postgresql';
  return existsSync(root) && readdirSync(root).some((version) => isExecutable(join(root, version, 'bin/postgres')));
}

/** Debian keeps libraries in a folder for each processor. */
const hasLibrary = (name) => readdirSync('/usr/lib').some((folder) => existsSync(join('/usr/lib', folder, name)));

// Looked for by program, not by package: whoever built etcd by hand needs no package.
const programs = {
  // What tests, benchmarks and the demo start.
  lab: [
    { package: 'haproxy', present: () => hasProgram('haproxy') },
    { package: 'etcd-server', present: () => hasProgram('etcd') },
    { package: 'etcd-client', present: () => hasProgram('etcdctl') },
    { package: 'patroni', present: () => hasProgram('patroni') },
    { package: 'postgresql', present: hasPostgres },
    { package: 'curl', present: () => hasProgram('curl') },
    { package: 'util-linux', present: () => hasProgram('setpriv') && hasProgram('unshare') },
    { package: 'systemd', present: () => hasProgram('systemd-notify') },
  ],
  // What makes packages.
  package: [
    { package: 'rpm', present: () => hasProgram('rpmbuild') },
    { package: 'dpkg', present: () => hasProgram('dpkg-deb') },
    { package: 'xz-utils', present: () => hasProgram('xz') },
    { package: 'binutils', present: () => hasProgram('strip') },
    // What Node 26, which is packed and packs, is linked with.
    { package: 'libatomic1', present: () => hasLibrary('libatomic.so.1') },
  ],
  // What proves packages.
  packages: [
    { package: 'debootstrap', present: () => hasProgram('debootstrap') },
    { package: 'lintian', present: () => hasProgram('lintian') },
    { package: 'systemd', present: () => hasProgram('systemd-analyze') },
    { package: 'systemd-container', present: () => hasProgram('systemd-nspawn') },
    { package: 'man-db', present: () => hasProgram('man') },
  ],
  // What reads docker-compose.yml, builds its image and runs it.
  compose: [
    { package: 'debootstrap', present: () => hasProgram('debootstrap') },
    { package: 'docker-compose', present: () => hasProgram('docker-compose') },
    { package: 'docker.io', present: () => hasProgram('dockerd') },
    { package: 'iptables', present: () => hasProgram('iptables') },
    { package: 'iproute2', present: () => hasProgram('ip') },
    { package: 'shellcheck', present: () => hasProgram('shellcheck') },
  ],
};

const missingPackages = (kinds) => [
  ...new Set(
    kinds
      .flatMap((kind) => programs[kind])
      .filter((entry) => !entry.present())
      .map((entry) => entry.package),
  ),
];

/** How this user becomes root: [] as root, a sudo prefix, or undefined. A password is asked for only on a terminal. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  if (!hasProgram('sudo')) return undefined;
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return ['sudo', '-n'];
  return process.stdin.isTTY ? ['sudo'] : undefined;
}

const policyFile = '/usr/sbin/policy-rc.d';
const clusterFolder = '/etc/postgresql-common/createcluster.d';
const clusterFile = `${clusterFolder}/zz-pgrouted-setup.conf`;

// One shell script, run as root, so that sudo is asked once. `trap` restores everything, also after Ctrl-C.
const installScript = `
set -u
restore() {
  [ -z "\${policy-}" ] || rm -f ${policyFile}
  rm -f ${clusterFile}
  rmdir ${clusterFolder} 2>/dev/null || :
}
trap restore EXIT
trap 'exit 130' INT TERM HUP
if [ ! -e ${policyFile} ]; then
  policy=ours
  printf '#!/bin/sh\\n# Left by an interrupted set-up of pgrouted; may be removed.\\nexit 101\\n' > ${policyFile}
  chmod 755 ${policyFile}
fi
mkdir -p ${clusterFolder}
printf 'create_main_cluster = false\\n' > ${clusterFile}
export DEBIAN_FRONTEND=noninteractive
get() { apt-get -q -y -o DPkg::Lock::Timeout=120 -o APT::Get::List-Cleanup=0 "$@" </dev/null; }
get --no-install-recommends install "$@" && exit 0
echo 'Could not install at once; reading the package lists anew.'
get update && get --no-install-recommends install "$@"
`;

/** Makes sure that every program of these kinds is there. Returns undefined, or what to tell the user. */
export function ensurePrograms(say, kinds) {
  const missing = missingPackages(kinds);
  if (missing.length === 0) return undefined;
  const advice = `Missing: ${missing.join(' ')}\nOn Debian, as root:\n\n  apt-get update && apt-get install --no-install-recommends ${missing.join(' ')}\n`;
  if (!hasProgram('apt-get')) return `There is no apt-get here to install packages with. ${advice}`;
  const prefix = rootPrefix();
  if (prefix === undefined) return `Packages can be installed only as root or with sudo. ${advice}`;
  say(`installing Debian packages (none of their services is started): ${missing.join(' ')}`);
  const [command, ...args] = [...prefix, 'sh', '-c', installScript, 'install', ...missing];
  spawnSync(command, args, { stdio: 'inherit' });
  const still = missingPackages(kinds);
  if (still.length > 0) return `apt-get did not bring everything. ${advice}`;
  if (existsSync('/run/systemd/system'))
    say('to keep the new services from starting at boot: systemctl disable haproxy etcd patroni postgresql');
  return undefined;
}
