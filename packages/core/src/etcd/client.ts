// The etcd cluster as one thing: reads are answered by whichever member is quickest, writes go to one member and are never sent twice blindly.
// Members that belong to another etcd cluster than the rest are found out and left aside.
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { EtcdSpec } from '../model/spec.ts';
import { type Millis, type Revision, revision } from '../model/units.ts';
import { Credentials } from './credentials.ts';
import { certainlyNotDone, EtcdError, errorOfConnection } from './errors.ts';
import { hedge } from './hedge.ts';
import { Member } from './member.ts';
import { type KeyValue, type Method, type RangeRequest, type RangeResponse, rangeMethod } from './messages.ts';
import {
  leaseGrantMethod,
  leaseKeepAliveMethod,
  leaseRevokeMethod,
  txnMethod,
  type WriteOperation,
} from './write-messages.ts';

export interface EtcdClientOptions {
  readonly spec: EtcdSpec;
  readonly clock: Clock;
  readonly log: Log;
  /** How often the certificate files are looked at. */
  readonly certificateCheckMs?: number;
}

export interface ReadOptions {
  readonly deadlineMs: number;
  /** How long one member may be silent before the next is asked as well. */
  readonly patienceMs: number;
  /** Ask this member first if it is fit; else, and by default, the one that answers quickest. */
  readonly first?: Member;
  /** Told of every single attempt that has ended. */
  readonly report?: (member: Member, error: EtcdError | undefined) => void;
}

export interface ReadAnswer extends RangeResponse {
  /** When the question that was answered was sent: the answer is the committed state of that instant or later. */
  readonly sentAt: Millis;
  readonly member: Member;
}

export interface EtcdMemberStatus {
  readonly endpoint: string;
  readonly connected: boolean;
  readonly lastHeardAt: Millis | undefined;
  /** A sentence for the operator; undefined: all is well. */
  readonly error: string | undefined;
}

export interface Condition {
  readonly key: string;
  /** What the key's modRevision has to be; 0: it must not exist. */
  readonly modRevision: Revision;
}

export type WriteResult =
  | { readonly done: true; readonly revision: Revision }
  /** A condition did not hold. `found`: the keys of the conditions that exist, as they are. */
  | { readonly done: false; readonly revision: Revision; readonly found: readonly KeyValue[] };

const writeDeadlineMs = 2_000;

export class EtcdClient {
  readonly members: readonly Member[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #credentials: Credentials;
  readonly #certificateCheckMs: number;
  #certificateTimer: Timer | undefined;
  #clusterId: string | undefined;
  /** Members of another etcd cluster than the known one, asked only when no other answers. */
  readonly #strays = new Set<Member>();
  #closed = false;

  /** Connects at once, and stays connected until `close()`. */
  constructor({ spec, clock, log, certificateCheckMs = 5_000 }: EtcdClientOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#credentials = new Credentials(spec);
    this.#certificateCheckMs = certificateCheckMs;
    const login = spec.user === undefined ? undefined : { name: spec.user, password: spec.password ?? '' };
    const credentials = this.#credentials;
    this.members = spec.endpoints.map((endpoint) => new Member({ endpoint, credentials, login, clock, log }));
    for (const member of this.members) member.start();
    if (credentials.any) this.#checkCertificatesLater();
  }

  /** The etcd cluster that answers; undefined before the first answer. A decimal id. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /**
   * A linearizable read: what it gives was committed, and nothing committed before `sentAt` is missing.
   * Rejects with EtcdError when no member answers within the deadline; at once when none is connected.
   */
  async read(request: RangeRequest, options: ReadOptions): Promise<ReadAnswer> {
    const answer = await this.#ask(request, options, this.#fittest(options.first));
    const { clusterId } = answer.header;
    const known = this.#clusterId;
    if (known !== undefined && known !== clusterId) {
      if (await this.#stillThere(known, request)) {
        this.#setAside(answer, known, options);
        const second = await this.#ask(request, options, this.#fittest());
        if (second.header.clusterId === known) return second;
        throw new EtcdError(
          'foreign_cluster',
          'the members of the known etcd cluster do not answer, a member of another one does',
        );
      }
      this.#log.warn({ before: known, now: clusterId }, 'etcd is another cluster than before');
      this.#strays.clear();
    }
    this.#strays.delete(answer.member);
    this.#clusterId = clusterId;
    return answer;
  }

  /**
   * Does all writes as one, if all conditions hold. Rejects with EtcdError; unless `certainlyNotDone(error)`, it may have been done all the
   * same. It is not sent again then: a late copy would overwrite what others wrote meanwhile.
   */
  async write(writes: readonly WriteOperation[], conditions: readonly Condition[] = []): Promise<WriteResult> {
    const { header, succeeded, found } = await this.#once(txnMethod, { writes, expect: conditions });
    return succeeded ? { done: true, revision: header.revision } : { done: false, revision: header.revision, found };
  }

  /** Writes one key. `lease`: decimal id; the key goes when the lease does. */
  async put(key: string, value: string, lease = '0'): Promise<Revision> {
    return (await this.write([{ type: 'put', key, value, lease }])).revision;
  }

  /** Deletes one key; no error when it does not exist. */
  async delete(key: string): Promise<Revision> {
    return (await this.write([{ type: 'delete', key }])).revision;
  }

  /** A new lease. etcd may grant a longer one than asked for. A fresh lease with every write needs no keepalive. */
  async grantLease(ttlS: number): Promise<{ readonly lease: string; readonly ttlS: number }> {
    const { lease, ttlS: granted } = await this.#once(leaseGrantMethod, { ttlS });
    return { lease, ttlS: granted };
  }

  /** Lets a lease live for its whole time from now on. False: etcd knows no such lease (any more), and its keys are gone. */
  async keepLease(lease: string): Promise<boolean> {
    return (await this.#once(leaseKeepAliveMethod, { lease })).ttlS > 0;
  }

  /** Ends a lease, and with it its keys. */
  async revokeLease(lease: string): Promise<void> {
    await this.#once(leaseRevokeMethod, { lease });
  }

  status(): readonly EtcdMemberStatus[] {
    return this.members.map((member) => ({
      endpoint: member.endpoint,
      connected: member.ready,
      lastHeardAt: member.heardAt,
      error: member.error,
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#certificateTimer?.cancel();
    for (const member of this.members) member.close();
  }

  /** Members with a session: sound ones before slow ones, then by how quick they are. `first` leads if it is sound. */
  #fittest(first?: Member): readonly Member[] {
    const rank = (member: Member) => {
      if (this.#strays.has(member)) return 3e9;
      if (member.slow) return 2e9;
      if (member === first) return -1;
      return member.rttMs === 0 ? 1e9 : member.rttMs;
    };
    return this.members
      .filter((member) => member.ready)
      .map((member) => ({ member, rank: rank(member) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ member }) => member);
  }

  async #ask(request: RangeRequest, options: ReadOptions, members: readonly Member[]): Promise<ReadAnswer> {
    if (members.length === 0) throw this.#nobody();
    const until = this.#clock.now() + options.deadlineMs;
    const failures: EtcdError[] = [];
    const attempts = members.map((member) => async (): Promise<ReadAnswer> => {
      const sentAt = this.#clock.now();
      try {
        const response = await member.call(rangeMethod, request, Math.max(1, until - sentAt));
        options.report?.(member, undefined);
        return { ...response, sentAt, member };
      } catch (error) {
        const problem = errorOfConnection(error);
        options.report?.(member, problem);
        failures.push(new EtcdError(problem.code, `${member.endpoint}: ${problem.message}`, problem));
        throw problem;
      }
    });
    try {
      return await hedge(attempts, { clock: this.#clock, patienceMs: options.patienceMs });
    } catch {
      const [first] = failures;
      throw new EtcdError(first?.code ?? 'not_connected', failures.map((error) => error.message).join('; '), first);
    }
  }

  /** Whether any connected member says that it is part of this etcd cluster, be it with or without a quorum. */
  async #stillThere(clusterId: string, request: RangeRequest): Promise<boolean> {
    const question = { ...request, keysOnly: true, limit: 1, serializable: true };
    const answers = this.#fittest().map((member) => member.call(rangeMethod, question, 500));
    const settled = await Promise.allSettled(answers);
    return settled.some((answer) => answer.status === 'fulfilled' && answer.value.header.clusterId === clusterId);
  }

  #setAside({ member, header }: ReadAnswer, known: string, { report }: ReadOptions): void {
    const text = `it belongs to another etcd cluster (${header.clusterId}) than the other endpoints (${known})`;
    report?.(member, new EtcdError('foreign_cluster', text));
    if (!this.#strays.has(member))
      this.#log.warn({ endpoint: member.endpoint, err: text }, 'etcd member is left aside');
    this.#strays.add(member);
  }

  /** To one member after the other, as long as it is certain that none has done it. */
  async #once<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    let last = this.#nobody();
    for (const member of this.#fittest()) {
      try {
        return await member.call(method, request, writeDeadlineMs);
      } catch (error) {
        const problem = errorOfConnection(error);
        last = new EtcdError(problem.code, `${member.endpoint}: ${problem.message}`, problem);
        if (!certainlyNotDone(problem)) throw last;
      }
    }
    throw last;
  }

  #nobody(): EtcdError {
    const why = this.members.map((member) => `${member.endpoint}: ${member.error ?? 'not connected'}`).join('; ');
    return new EtcdError('not_connected', why === '' ? 'no etcd endpoint is configured' : why);
  }

  #checkCertificatesLater(): void {
    this.#certificateTimer = this.#clock.after(this.#certificateCheckMs, () => {
      void this.#renewIfChanged().finally(() => {
        if (!this.#closed) this.#checkCertificatesLater();
      });
    });
  }

  /** One member after the other, so that the others serve meanwhile. */
  async #renewIfChanged(): Promise<void> {
    if (!this.#credentials.changed()) return;
    this.#log.info({}, 'etcd certificate files have changed: connecting anew');
    for (const member of this.members) if (!this.#closed) await member.renew();
  }
}

/** The condition that a key does not exist. */
export const absent = (key: string): Condition => ({ key, modRevision: revision(0) });
