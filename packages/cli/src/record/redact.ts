// Takes secrets out of a recorded value. Patroni's keys hold none as a rule, but a URL may carry a password and the dynamic
// configuration may hold commands and parameters that do. A value without any is kept byte for byte.

const mark = '***';

/** Names of fields whose value is a secret, whatever it looks like. */
const secretName = /passw(?:or)?d|passphrase|secret|token|credential|(?:api|access|private)_?key/i;

/** The value as it may be written to a file that will be passed around. */
export function redact(value: string): string {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return redactText(value);
  }
  if (typeof json !== 'object' || json === null) return redactText(value);
  const clean = redactJson(json);
  return clean === json ? value : JSON.stringify(clean);
}

/** `user:password@` of URLs, `password=...` of connection strings, `PGPASSWORD=...` of commands. */
function redactText(text: string): string {
  return (
    text
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s"'/@?#,]*:[^\s"'/?#]*@/gi, `$1${mark}:${mark}@`)
      // A value in single quotes may hold escaped ones.
      .replace(/\b(\w*passw(?:or)?d\s*=\s*)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s&;'"]+)/gi, `$1${mark}`)
  );
}

/** The very same value if nothing in it was a secret. */
function redactJson(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) {
    const items = value.map(redactJson);
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  let changed = false;
  const fields = Object.entries(value).map(([name, field]): [string, unknown] => {
    const clean = secretName.test(name) && typeof field === 'string' && field !== '' ? mark : redactJson(field);
    changed ||= clean !== field;
    return [name, clean];
  });
  return changed ? Object.fromEntries(fields) : value;
}
