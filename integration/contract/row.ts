// One line of the contract, and how it is read: placeholders become the names of the cast that is on stage. Pure.
//
//   in targets   {pg1} {first}   a host's or group's name, escaped as in a URL; {hex pg1}: every byte of it escaped
//   in bodies    {pg1}           the name as it stands in a JSON text; {age}: any number of seconds with six decimals
import { type Cast, groups, type Host, hosts } from './cast.ts';
import type { Answer, Request } from './wire.ts';

/** What comes back. Other headers than those named may come, too. */
export interface Expected {
  readonly status: number;
  /** Default: JSON's. */
  readonly type?: string;
  /** The body to the byte; without it, and without `list`, it is empty. */
  readonly body?: string;
  /** The body is the JSON list of those of these hosts that the cast has, sorted by name. */
  readonly list?: readonly Host[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Row extends Expected {
  /** `GET /v1/primary`: the method and the target. */
  readonly ask: string;
  /** Lines of headers. */
  readonly with?: readonly string[];
  readonly send?: string;
  /**
   * What PgRoute66 itself does where pgrouted differs on purpose: only what is different. `hangs`: no answer comes. An empty list is its `null`
   * without a word here.
   */
  readonly original?: Partial<Expected> | 'hangs';
  /** Why it differs. */
  readonly because?: string;
}

export const hangs: Pick<Row, 'original' | 'because'> = {
  original: 'hangs',
  because: 'PgRoute66 asks every server anew, one after the other and without a limit',
};

export const jsonType = 'application/json; charset=utf-8';

/** A row on stage; or what the cast lacks for it. */
export type Staged =
  | { readonly kind: 'row'; readonly row: Row; readonly request: Request }
  | { readonly kind: 'left out'; readonly row: Row; readonly why: string };

const isHost = (name: string): name is Host => hosts.some((host) => host === name);
const isGroup = (name: string): name is keyof typeof groups => Object.hasOwn(groups, name);
const nameIn = (cast: Cast, name: string): string | undefined =>
  isHost(name) ? cast.hosts[name] : isGroup(name) ? cast.groups[name] : undefined;

const placeholder = /\{(hex )?(\w+)\}/g;

export function staged(row: Row, cast: Cast): Staged {
  const texts = [row.ask, row.body ?? ''].join(' ');
  const missing = [...texts.matchAll(placeholder)].map(([, , name = '']) => name).filter((name) => name !== 'age');
  const absent = missing.find((name) => nameIn(cast, name) === undefined);
  if (absent !== undefined) return { kind: 'left out', row, why: `there is no '${absent}'` };
  const [, method = '', target = ''] = /^(\S+) (.*)$/s.exec(row.ask) ?? [];
  const filled = target.replaceAll(placeholder, (_, hex: string | undefined, name: string) => {
    const actual = nameIn(cast, name) ?? '';
    return hex === undefined
      ? encodeURIComponent(actual)
      : Buffer.from(actual).toString('hex').replaceAll(/../g, '%$&');
  });
  const headers = row.with === undefined ? {} : { headers: row.with };
  const body = row.send === undefined ? {} : { body: row.send };
  return { kind: 'row', row, request: { method, target: filled, ...headers, ...body } };
}

/** What is expected of pgrouted, or of PgRoute66 itself. Undefined: no answer. */
export function expectedOf(row: Row, isOriginal: boolean): Expected | undefined {
  if (!isOriginal) return row;
  if (row.original === 'hangs') return undefined;
  const isEmptyList = row.list?.length === 0 ? { body: 'null' } : {};
  return { ...row, ...isEmptyList, ...row.original };
}

/** A sentence for each thing that is not as expected. */
export function differences(answer: Answer, expected: Expected, cast: Cast): readonly string[] {
  const { status, type = jsonType, headers = {} } = expected;
  const body = bodyOf(expected, cast);
  const isBody = typeof body === 'string' ? answer.body === body : body.test(answer.body);
  const wanted = { ...(answer.body === '' && expected.type === undefined ? {} : { 'content-type': type }), ...headers };
  return [
    ...(answer.status === status ? [] : [`status ${answer.status}, not ${status}`]),
    ...Object.entries(wanted)
      .filter(([name, value]) => answer.headers.get(name) !== value)
      .map(([name, value]) => `${name} ${JSON.stringify(answer.headers.get(name))}, not ${JSON.stringify(value)}`),
    ...(isBody ? [] : [`body ${JSON.stringify(answer.body)}, not ${String(body)}`]),
  ];
}

function bodyOf({ body, list }: Expected, cast: Cast): string | RegExp {
  if (body === undefined) return list === undefined ? '' : listOf(list.flatMap((host) => cast.hosts[host] ?? []));
  const filled = body.replaceAll(placeholder, (whole, _, name: string) =>
    name === 'age' ? whole : inJson(nameIn(cast, name) ?? ''),
  );
  if (!filled.includes('{age}')) return filled;
  const parts = filled.split('{age}').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join(String.raw`\d+\.\d{6}`)}$`);
}

function listOf(names: readonly string[]): string {
  if (names.length === 0) return '[]';
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `[\n${sorted.map((name) => `    "${inJson(name)}"`).join(',\n')}\n]`;
}

/** As Go's encoder writes a text, without its quotes. */
const inJson = (name: string): string =>
  JSON.stringify(name)
    .slice(1, -1)
    .replaceAll(/[<>&]/g, (found) => `\\u00${found.charCodeAt(0).toString(16)}`);
