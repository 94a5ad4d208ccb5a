// Answers that were recorded from HAProxy 2.6.12-1+deb12u4; only the host's name was changed.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { heldState, parseAnswer, parseSessions, sameWorker } from './parse.ts';

const recorded = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/haproxy/${name}.txt`, import.meta.url), 'utf8');

describe('an answer of the Runtime API', () => {
  it('tells the worker that gave it', () => {
    const { worker } = parseAnswer(recorded('fence'));
    expect(worker).toMatchObject({ version: '2.6.12-1+deb12u4', stopping: false });
    expect(worker?.pid).toBeGreaterThan(1);
    expect(worker?.startTimeSec).toBeGreaterThan(1_700_000_000);
  });

  it('tells that a worker is on its way out after a reload', () => {
    const [info = ''] = recorded('stopping').split('> ');
    expect(parseAnswer(info).worker).toMatchObject({ stopping: true, currConns: 2 });
  });

  it('holds servers before and after the commands that stand between', () => {
    const { servers, sessions, mostSessions, notes, broken, tables } = parseAnswer(recorded('fence'));
    expect(servers.map(({ backend, server }) => `${backend}/${server}`)).toEqual([
      'be_rw/pg1',
      'be_rw/pg2',
      'be_ro/pg1',
      'be_ro/pg2',
    ]);
    expect(servers[0]).toMatchObject({ address: '127.0.0.1', port: 25431, adminState: 5, operState: 0, maint: true });
    expect(mostSessions.get('be_rw/pg1')).toBe(3);
    expect(servers[0]?.sessions).toBe(sessions.get('be_rw/pg1'));
    expect(servers[2]?.sessions).toBeUndefined();
    expect(notes).toEqual([]);
    expect(broken).toEqual([]);
    expect(tables).toBe(2);
  });

  it('keeps what HAProxy says about commands as notes and reads on', () => {
    const { notes, servers } = parseAnswer(recorded('refusals'));
    expect(notes).toEqual([
      'No such server.',
      'No such backend.',
      "'set server <srv> state' expects 'ready', 'drain' and 'maint'.",
      "Can't find backend.",
      'No such proxy.',
    ]);
    expect(servers).toHaveLength(2);
  });

  it('names the states as a person would', () => {
    const { servers } = parseAnswer(recorded('states'));
    expect(servers.map((server) => [server.server, heldState(server), server.inRotation, server.checked])).toEqual([
      // Made ready; the marker "disabled in the file" stays in the admin state and means nothing.
      ['pg1', 'ready', true, false],
      ['pg2', 'drain', false, false],
      // Its own check fails.
      ['dead', 'down', false, true],
      ['six', 'maint', false, false],
      // Its name does not resolve.
      ['name', 'maint', false, false],
    ]);
    expect(servers[3]?.address).toBe('::1');
    expect(servers[4]).toMatchObject({ address: '-', fqdn: 'nosuch.invalid' });
  });

  it('leaves the sessions unknown when a frontend of the same name hides the backend from "show stat"', () => {
    expect(parseAnswer(recorded('same-name')).servers).toMatchObject([{ server: 'x', sessions: undefined }]);
  });

  it('gives nothing for text that is no answer', () => {
    for (const text of ['', '\n', '\0\0', 'Pid: 5\n', '# be_id be_name\nx\n', '# pxname,svname\n,\n', '1\n1\n1']) {
      const { worker, servers } = parseAnswer(text);
      expect({ worker, servers }).toEqual({ worker: undefined, servers: [] });
    }
  });

  it('counts who waits in the queue of a server among its sessions', () => {
    const text = '# pxname,svname,qcur,qmax,scur,type,\nb,a,2,9,3,2,\nb,c,,,1,2,\n\n';
    expect([...parseAnswer(text).sessions]).toEqual([
      ['b/a', 5],
      ['b/c', 1],
    ]);
  });

  it('reads columns by their names, in whatever order they come', () => {
    const text =
      '1\n# srv_name be_name srv_new srv_admin_state srv_op_state srv_port srv_addr srv_fqdn be_id srv_id srv_uweight srv_iweight srv_check_state\n' +
      'a b ? 0 2 5432 10.0.0.1 - 3 1 1 1 0\n\n';
    expect(parseAnswer(text).servers).toMatchObject([
      { backend: 'b', server: 'a', address: '10.0.0.1', port: 5432, inRotation: true, backendId: 3 },
    ]);
  });

  it('calls a row broken that has no number where one belongs', () => {
    const text = recorded('fence').replace(' 25431 ', ' x25431 ');
    expect(parseAnswer(text).broken).toHaveLength(1);
  });
});

describe('sessions of a worker', () => {
  it('are listed with their servers', () => {
    const sessions = parseSessions(recorded('sessions'));
    expect(sessions.filter(({ backend }) => backend === 'be_rw')).toHaveLength(2);
    for (const { id } of sessions) expect(id).toMatch(/^0x[0-9a-f]+$/);
    expect(sessions.find(({ backend }) => backend === 'be_rw')).toMatchObject({
      requestFlags: 0x808000,
      serverFlags: 1,
    });
    // The connection that asked.
    expect(sessions.some(({ backend }) => backend === '<NONE>')).toBe(true);
  });

  it('are not left out where a line can not be read', () => {
    expect(parseSessions('0x7f: proto=tcpv4 be=x\n')).toMatchObject([{ id: '0x7f', backend: '', server: '' }]);
  });
});

describe('two facts', () => {
  const worker = { pid: 7, startTimeSec: 100, uptimeSec: 5, version: '2.6', stopping: false, currConns: 0 };
  it.each([
    ['the same pid and start', {}, true],
    ['another pid', { pid: 8 }, false],
    ['the same pid in a container that was started again', { startTimeSec: 200 }, false],
    ['no start time (before 2.4), uptime grown', { startTimeSec: undefined, uptimeSec: 6 }, true],
    ['no start time, uptime shrunken', { startTimeSec: undefined, uptimeSec: 1 }, false],
  ])('with %s', (_, change, same) => {
    expect(sameWorker(worker, { ...worker, ...change })).toBe(same);
  });
});
