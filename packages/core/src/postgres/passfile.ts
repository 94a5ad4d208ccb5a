// libpq's password file (~/.pgpass): which line belongs to a connection. The rules are those of PostgreSQL's manual, "The Password File".
import type { FileReading } from './surroundings.ts';

export interface PassfileSubject {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export interface PassfileAnswer {
  readonly password: string | undefined;
  /** Why the file was ignored, for the log. A missing file is no reason to speak. */
  readonly warning: string | undefined;
}

/** Finds the password of the first line that matches; a file that others may read is ignored with a warning, as libpq does. */
export function passwordFromFile(path: string, file: FileReading, subject: PassfileSubject): PassfileAnswer {
  const ignored = (why: string): PassfileAnswer => ({
    password: undefined,
    warning: `password file ${path} ${why}: ignored`,
  });
  switch (file.kind) {
    case 'missing':
      return { password: undefined, warning: undefined };
    case 'not-a-file':
      return ignored('is not a plain file');
    case 'out-of-reach':
    case 'unreadable':
      return ignored(`can't be read (${file.error})`);
    case 'file':
      if ((file.mode & 0o077) !== 0) {
        return ignored('has group or world access (permissions should be u=rw (0600) or less)');
      }
      return { password: passwordFromText(file.text, subject), warning: undefined };
  }
}

function passwordFromText(text: string, { host, port, database, user }: PassfileSubject): string | undefined {
  const wanted = [socketFolders.includes(host) ? 'localhost' : host, String(port), database, user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = fieldsOf(line);
    const password = fields[4];
    if (password === undefined) continue;
    // Only a bare `*` stands for anything; `\*` is a star.
    if (wanted.every((value, index) => fields[index]?.raw === '*' || fields[index]?.value === value))
      return password.value;
  }
  return undefined;
}

/** Default folders of the server's socket (upstream, Debian): these count as `localhost`. */
const socketFolders = ['/tmp', '/var/run/postgresql'];

/** Splits at colons; a backslash takes the next character as it is. */
function fieldsOf(line: string): readonly { readonly raw: string; readonly value: string }[] {
  const fields: { raw: string; value: string }[] = [];
  let [raw, value] = ['', ''];
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (char === ':') {
      fields.push({ raw, value });
      [raw, value] = ['', ''];
      continue;
    }
    raw += char;
    if (char === '\\' && at + 1 < line.length) {
      at += 1;
      raw += line.charAt(at);
    }
    value += line.charAt(at);
  }
  return [...fields, { raw, value }];
}
