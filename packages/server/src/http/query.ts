// The parameters of a URL as PgRoute66's HTTP library reads them: a pair that can't be read is as if it were not there. Pure.
import { unescaped } from './request-path.ts';

/** Each parameter's values in their order; `+` is a space. Pairs with a semicolon or a broken escape are left out. */
export function parametersOf(query: string): Record<string, string[]> {
  const parameters: Record<string, string[]> = Object.create(null);
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const [name, text] = [decoded(key), decoded(value)];
    if (name === undefined || text === undefined) continue;
    parameters[name] ??= [];
    parameters[name].push(text);
  }
  return parameters;
}

/** Undefined: an escape is broken. Bytes that are no UTF-8 become U+FFFD: no name has that. */
function decoded(encoded: string): string | undefined {
  const bytes = unescaped(encoded.replaceAll('+', ' '));
  return bytes === undefined ? undefined : Buffer.from(bytes, 'latin1').toString();
}
