// What the writing client says (packaging/container/programs/run-client), line by line. Pure.

export type ClientLine =
  | { readonly kind: 'wrote'; readonly count: number; readonly server: string; readonly through: string }
  /** Nothing could be written for a while; the server is another one, or the same. */
  | { readonly kind: 'gap'; readonly from: string; readonly to: string; readonly ms: number }
  | { readonly kind: 'trouble'; readonly through: string; readonly text: string };

/** Its lines in order; whatever else stands there is left out. */
export const clientLines = (log: string): readonly ClientLine[] => log.split('\n').flatMap(clientLine);

function clientLine(line: string): readonly ClientLine[] {
  const text = line.replace(/^.*?\d\d:\d\d:\d\d {2}/, '');
  const [, count, server, by] = /^(\d+) written on (\S+), through HAProxy of (\S+)$/.exec(text) ?? [];
  if (server !== undefined && by !== undefined) return [{ kind: 'wrote', count: Number(count), server, through: by }];
  const [, from, to, ms] = /^(\S+) -> (\S+): nothing written for (\d+) ms$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return [{ kind: 'gap', from, to, ms: Number(ms) }];
  const [, through, trouble] = /^through (\S+): (.*)$/.exec(text) ?? [];
  return through === undefined ? [] : [{ kind: 'trouble', through, text: trouble ?? '' }];
}
