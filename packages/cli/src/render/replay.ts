// A change of the decision in a replay as a line for people. Pure.
import { explainReason } from '@pgrouted/core/model/reason';
import type { ReplayChange } from '@pgrouted/core/replay/replay';
import { clean, hang, type Ink, type Look, paint } from './text.ts';

const stateInks: Readonly<Record<ReplayChange['state'], Ink>> = { ready: 'good', drain: 'warn', maint: 'warn' };

export function renderChange({ t_ms, service, member, state, reason }: ReplayChange, look: Look): string {
  const time = `${(t_ms / 1000).toFixed(3)} s`.padStart(11);
  const first = `${time}  ${clean(service).padEnd(8)} ${clean(member).padEnd(8)} ${state.padEnd(5)}  `;
  const lines = hang(first, `${clean(explainReason(reason))} [${reason.code}]`, look.width).map((line, i) =>
    i === 0 ? line.replace(` ${state} `, ` ${paint(look, stateInks[state], state)} `) : line,
  );
  return `${lines.join('\n')}\n`;
}
