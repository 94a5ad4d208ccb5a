// The Debian systems that packages are proved in: a bare one, and a database server as DBAs have it before pgrouted comes.
// Which Debian packages those are, and nothing else.
import type { RootRecipe, Suite } from './roots.ts';

/** What is on a database server, and what its people use: systemd, HAProxy, etcd, man pages, shells. */
export const serverPackages: readonly string[] = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'haproxy',
  'etcd-server',
  'etcd-client',
  'socat',
  'curl',
  'procps',
  'man-db',
  'groff-base',
  'bash-completion',
  'zsh',
  'fish',
];

/** Debian's minimal system: no systemd, no HAProxy. */
export const bare = (suite: Suite): RootRecipe => ({ suite, name: 'bare', packages: [] });

export const server = (suite: Suite): RootRecipe => ({ suite, name: 'server', packages: serverPackages });
