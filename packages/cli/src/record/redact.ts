// Takes secrets out of a recorded value. Records of the cluster manager hold none as a rule, but a URL or a connection string may carry a password, and
// settings may hold commands and parameters that do. Everything else is kept byte for byte, numbers of 64 bits and the order of fields included.
import { isSecretName, mark, redactText } from './secrets.ts';

/** The value as it may be written to a file that will be passed around. */
export function redact(value: string): string {
  if (!/^\s*[{["]/.test(value)) return redactText(value);
  const clean = redactJson(value);
  // What is no JSON is a text, whatever it begins with.
  return isJson(value) ? clean : redactText(clean);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A string (a name, if a colon follows; without an end, if the text was cut), a number, or an end of an object or list. */
const tokens = /"(?:[^"\\]|\\.)*(?:(")(\s*:)?|\\?$)|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[{}[\],]/gi;

/** Replaces string and number literals where they stand; the text between them is never touched. */
function redactJson(json: string): string {
  /** For each object and list that is open: whether all that is in it is secret. */
  const open: boolean[] = [false];
  let isSecret = false;
  return json.replace(tokens, (token, end: string | undefined, colon: string | undefined) => {
    switch (token) {
      case '{':
      case '[':
        open.push(isSecret);
        return token;
      case '}':
      case ']':
        if (open.length > 1) open.pop();
        isSecret = open.at(-1) === true;
        return token;
      case ',':
        isSecret = open.at(-1) === true;
        return token;
    }
    const text = token.startsWith('"') ? textOf(token, colon) : undefined;
    if (colon !== undefined) {
      isSecret = open.at(-1) === true || isSecretName(text ?? '');
      return token;
    }
    // Cut off: what it was to be can't be known.
    if (text !== undefined && end === undefined) return `"${mark}"`;
    if (text === undefined) return isSecret ? `"${mark}"` : token;
    const clean = isSecret && text !== '' ? mark : redact(text);
    return clean === text ? token : JSON.stringify(clean);
  });
}

/** What a string literal says; the literal itself if it can't be read. */
function textOf(literal: string, colon: string | undefined): string {
  const quoted = colon === undefined ? literal : literal.slice(0, -colon.length);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.replace(/^"|"$/g, '');
  }
}
