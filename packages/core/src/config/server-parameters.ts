// The words behind the address of a server that is added at run time: which ones HAProxy takes there from 2.6 on, and which ones would work against
// what pgrouted tells. Tried with `add server` on HAProxy 2.6.12, each one.
import { nearest } from './nearest.ts';
import { bad, good, type Reading } from './quantities.ts';

/** What the names of added servers begin with. */
export const addedPrefixDefault = 'pgrouted-';

/** Words that are followed by a value, and words that stand alone. */
export const addedWithValue: ReadonlySet<string> = new Set(
  `addr ca-file check-alpn check-proto check-sni ciphers ciphersuites crl-file crt downinter error-limit fall fastinter inter maxconn maxqueue minconn observe
   on-error on-marked-down on-marked-up pool-low-conn pool-max-conn pool-purge-delay port proxy-v2-options rise slowstart sni source ssl-max-ver ssl-min-ver
   verify verifyhost weight`.split(/\s+/),
);
export const addedAlone: ReadonlySet<string> = new Set(
  `check check-send-proxy check-ssl check-via-socks4 no-backup no-send-proxy no-send-proxy-v2 no-ssl-reuse no-tls-tickets send-proxy send-proxy-v2
   send-proxy-v2-ssl send-proxy-v2-ssl-cn ssl tfo tls-tickets`.split(/\s+/),
);

const removeIt = 'remove it';
const refused: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  backup: [
    'would make a backup line of it, which pgrouted does not let in first',
    "give it a line in haproxy.cfg and name it by 'servers.backup'",
  ],
  disabled: ['is what an added server is anyway', removeIt],
  enabled: ['would let clients in before anybody has judged the server', removeIt],
  id: ['would be the same for every server', removeIt],
  track: ['would let the state of another server decide', removeIt],
  cookie: ['is nothing for TCP', removeIt],
  'init-addr': ['is not taken for added servers', 'remove it; the address comes from the record of the member'],
  resolvers: ['is not taken for added servers', 'remove it; the address comes from the record of the member'],
};
const agent = ['would let an agent decide beside pgrouted', removeIt] as const;

/** A word that can stand on a command line of HAProxy: no separators (`;`), no quotes and no backslashes. */
const printable = /^[\w.,:/()[\]@%+*=-]+$/;

/** Text or a list of words -> words. */
export function serverParameters(written: unknown): Reading<readonly string[]> {
  const words = wordsOf(written);
  if (words === undefined)
    return bad(
      'is neither text nor a list of words',
      "write what would stand behind the address in haproxy.cfg, such as 'check inter 1s'",
    );
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (!printable.test(word))
      return bad(
        `word ${index + 1} holds a character that no server line needs`,
        'use letters, digits and . , : / ( ) [ ] @ % + * = _ -',
      );
    const [message, remedy] = refused[word] ?? (word.startsWith('agent-') ? agent : []);
    if (message !== undefined && remedy !== undefined) return bad(`'${word}' ${message}`, remedy);
    if (addedAlone.has(word)) continue;
    if (!addedWithValue.has(word)) {
      const meant = nearest(word, [...addedWithValue, ...addedAlone]);
      return bad(
        `HAProxy takes no '${word}' for servers that are added at run time`,
        meant === undefined ? "see 'add server' in HAProxy's management guide" : `did you mean '${meant}'?`,
      );
    }
    index += 1;
    const value = words[index];
    if (value === undefined || !printable.test(value))
      return bad(`'${word}' needs a value`, `write it behind '${word}'`);
  }
  return good(words);
}

function wordsOf(written: unknown): readonly string[] | undefined {
  if (typeof written === 'string') return written.split(/[ \t]+/).filter((word) => word !== '');
  if (!Array.isArray(written)) return undefined;
  const words = written.map((word) => (typeof word === 'number' ? String(word) : word));
  return words.every((word) => typeof word === 'string') ? words : undefined;
}
