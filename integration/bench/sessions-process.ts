// Servers and clients of the reaction benchmark, a process of their own: three servers that say their name, clients that hold many sessions
// through the write port, and a client that connects again and again and tells which server answers.
//
//   node --import tsx sessions-process.ts WRITE_PORT n1=PORT n2=PORT n3=PORT
import { openSession, openSessions, servedBy, startIdentityServer } from '../lab/sessions.ts';
import { nowMs } from './instant.ts';
import type { FromSessions, ToSessions } from './sessions-control.ts';

const [writePort = '', ...servers] = process.argv.slice(2);
const tell = (message: FromSessions): void => {
  process.send?.(message);
};

async function hold(count: number): Promise<void> {
  const sessions = await openSessions(Number(writePort), count);
  tell({ type: 'opened', by: Object.fromEntries(servedBy(sessions)) });
  const ends = await Promise.all(sessions.map(({ ended }) => ended.then(nowMs)));
  tell({ type: 'ended', lastAt: Math.max(...ends) });
}

let connecting = false;

async function connectAgainAndAgain(): Promise<void> {
  connecting = true;
  while (connecting) {
    const beganAt = nowMs();
    const session = await openSession(Number(writePort));
    tell({ type: 'answer', server: session.server ?? null, beganAt, answeredAt: nowMs() });
    session.close();
    // 1 ms at least, so that its own messages can be read.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

process.on('message', (message: ToSessions) => {
  if (message.type === 'hold') void hold(message.count);
  if (message.type === 'connect' && message.on && !connecting) void connectAgainAndAgain();
  if (message.type === 'connect' && !message.on) connecting = false;
});
process.on('disconnect', () => process.exit());

await Promise.all(
  servers.map((server) => {
    const [name = '', port = ''] = server.split('=');
    return startIdentityServer(name, Number(port));
  }),
);
tell({ type: 'ready' });
