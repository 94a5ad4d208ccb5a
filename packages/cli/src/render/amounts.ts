// Ages, durations and sizes as people read them. Pure.

/** `0.2 s`, `12 s`, `3 min`, `5 h 12 min`, `9 d`: never more precise than a person needs. */
export function formatAge(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** `3.1 ms`, `1348.2 ms`, `25.30 s`: for the phases of a switch, which are to be compared with one another. */
export function formatSpan(ms: number): string {
  if (ms < 10_000) return `${ms.toFixed(1)} ms`;
  return ms < 600_000 ? `${(ms / 1000).toFixed(2)} s` : formatAge(ms);
}

/** PostgreSQL's units, where a kB has 1024 bytes: `0 B`, `812 B`, `64 kB`, `16 MB`, `1.5 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let amount = bytes;
  let unit = 'B';
  for (const next of ['kB', 'MB', 'GB', 'TB']) {
    // What would be rounded to 1024 is one of the next unit.
    if (amount < 1023.5 && unit !== 'B') break;
    amount /= 1024;
    unit = next;
  }
  return `${amount < 9.95 ? Number(amount.toFixed(1)) : Math.round(amount)} ${unit}`;
}

export function formatAddress(address: { readonly host: string; readonly port: number } | null): string {
  if (address === null) return 'unknown';
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads `250ms`, `60s`, `5m`, `2h`, `1d`. Gives milliseconds, or `undefined` for anything else. */
export function parseSpan(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|min|m|h|d)$/.exec(text.trim());
  const unit = unitsMs[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}
