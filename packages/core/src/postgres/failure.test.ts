import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { millis } from '../model/units.ts';
import { ConnectionProblem, failureKind, failureReading, mayTryOtherWay, NoAnswer } from './failure.ts';

const fromServer = (code: string, message: string): pg.DatabaseError =>
  Object.assign(new pg.DatabaseError(message, 100, 'error'), { code });
const fromSystem = (code: string, message = code): Error => Object.assign(new Error(message), { code });

describe('failureKind', () => {
  it.each([
    [fromServer('57P03', 'the database system is starting up'), 'starting'],
    [fromServer('57P03', 'the database system is not yet accepting connections'), 'starting'],
    [fromServer('57P03', 'the database system is not accepting connections'), 'starting'],
    [fromServer('57P03', 'the database system is in recovery mode'), 'starting'],
    [fromServer('57P03', 'the database system is shutting down'), 'stopping'],
    [fromServer('57P01', 'terminating connection due to administrator command'), 'stopping'],
    [fromServer('57P02', 'terminating connection because of crash of another server process'), 'stopping'],
    [fromServer('28P01', 'password authentication failed for user "probe"'), 'denied'],
    [fromServer('28000', 'no pg_hba.conf entry for host "10.0.0.9"'), 'denied'],
    [fromServer('3D000', 'database "x" does not exist'), 'denied'],
    [fromServer('53300', 'sorry, too many clients already'), 'denied'],
    [fromSystem('ECONNREFUSED'), 'down'],
    [fromSystem('ECONNRESET'), 'down'],
    [new Error('Connection terminated unexpectedly'), 'down'],
    [fromSystem('EHOSTUNREACH'), 'silent'],
    [fromSystem('ENOTFOUND'), 'silent'],
    [fromSystem('ETIMEDOUT'), 'silent'],
    [new NoAnswer(500, 'db1:5432'), 'silent'],
    [fromSystem('CERT_HAS_EXPIRED'), 'denied'],
    [fromSystem('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'denied'],
    [new Error('The server does not support SSL connections'), 'denied'],
    [new ConnectionProblem('no key'), 'denied'],
  ] as const)('%s is %s', (error, kind) => {
    expect(failureKind(error)).toBe(kind);
  });

  it('tells stopping from starting in another language by what ended the session before', () => {
    const german = fromServer('57P03', 'das Datenbanksystem fährt herunter');
    expect(failureKind(german)).toBe('starting');
    expect(failureKind(german, fromServer('57P01', 'Verbindung wird abgebrochen'))).toBe('stopping');
  });
});

describe('failureReading', () => {
  const text = (...errors: readonly unknown[]): string => {
    const reading = failureReading(errors, millis(1));
    return 'error' in reading ? reading.error : '';
  };

  it('says what to do', () => {
    expect(text(fromServer('28P01', 'password authentication failed for user "probe"'))).toBe(
      'password authentication failed for user "probe" (SQLSTATE 28P01): check user and password of the probe (password, passfile, PGPASSWORD)',
    );
    expect(text(new Error('The server does not support SSL connections'))).toContain('choose another sslmode');
    expect(text(fromSystem('CERT_HAS_EXPIRED', 'certificate has expired'))).toContain('check sslrootcert');
  });

  it('tells each way that was tried, the same words once', () => {
    const wrong = fromServer('28P01', 'wrong');
    expect(text(new ConnectionProblem('bad key'), fromServer('28000', 'no entry'))).toMatch(/^bad key; then: no entry/);
    expect(text(wrong, wrong)).not.toContain('then');
  });

  it('tells each address of a name that has several', () => {
    expect(
      text(
        new AggregateError(
          [fromSystem('ECONNREFUSED', 'refused ::1'), fromSystem('ECONNREFUSED', 'refused 127.0.0.1')],
          '',
        ),
      ),
    ).toBe('refused ::1, refused 127.0.0.1');
  });

  it('keeps foreign text to one line and a bounded length', () => {
    expect(text(fromServer('XX000', `a\n\tb${'x'.repeat(10_000)}`))).toMatch(/^a bx{1,300} \(SQLSTATE XX000\)$/);
  });
});

describe('mayTryOtherWay', () => {
  it.each([
    [fromServer('28000', 'no pg_hba.conf entry, no encryption'), false, true],
    [fromServer('28P01', 'wrong password'), false, true],
    [fromServer('57P03', 'starting up'), true, false],
    [fromSystem('ECONNREFUSED'), false, false],
    [fromSystem('ENOTFOUND'), false, false],
    [fromSystem('ECONNRESET'), false, false],
    // Something on the way cuts TLS off.
    [fromSystem('ECONNRESET'), true, true],
    [fromSystem('DEPTH_ZERO_SELF_SIGNED_CERT'), true, true],
  ] as const)('%s (reached with TLS: %s): %s', (error, reachedForTls, expected) => {
    expect(mayTryOtherWay(error, reachedForTls)).toBe(expected);
  });
});
