// How secrets look: by the name of a field, and inside of a text as `user:password@` of URLs, `password=...` of connection strings and lines of pg_hba,
// variables of commands. Pure.

export const mark = '***';

/** Names of fields, parameters and variables whose value is a secret, whatever it looks like. */
const secretWord = 'passw(?:or)?d|passphrase|secret|token|credential|(?:api|access|account|private|storage)[_-]?key';

/**
 * Fields that hold a command for a shell (`restoreCommand`, `archive_command`, ...) count as well: a password may stand anywhere in one (`sshpass -p`,
 * `curl -u`), and no decision depends on it.
 */
const secretName = new RegExp(`${secretWord}|command$`, 'i');

/** What a field of this name holds must not be told, whatever it looks like. */
export const isSecretName = (name: string): boolean => secretName.test(name);

const word = String.raw`[\w-]*(?:${secretWord})[\w-]*`;
/** A value to its end, as libpq and shells read it: quoted parts may hold blanks, a backslash protects the character after it. */
const value = String.raw`(?:\\.|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s\\])+`;

/** What looks like a port and a path is no password. */
const url = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s"'/@?#,]*:(?!\d{1,5}\/)\S*@/gi;
/** A parameter of a URL ends where the next one begins. */
const urlParameter = new RegExp(String.raw`([?&]${word}=)[^\s&#"']*`, 'gi');
const assignment = new RegExp(String.raw`((?<![?&\w-])${word}\s*=\s*)${value}`, 'gi');

/** The text without its secrets; the very same text if there were none. */
export function redactText(text: string): string {
  return text.replace(url, `$1${mark}:${mark}@`).replace(urlParameter, `$1${mark}`).replace(assignment, `$1${mark}`);
}
